"""A form for correcting a message is made from its type's own schema, of what its reader may see and change.

What is withheld from them is not offered, and stays as it was said.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hub.desk import words
from schemas.amend import WHOSE, Path, complaints
from schemas.register import model_of

_LONG = 200
"""Characters above which a text gets several lines."""
_MISSING: Any = object()
_FIXED = ("uuid",)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that may be said differently. `given` is what it says now, as the form holds it.

    `kind`: line, text, choice, date, instant, number. `known`: it may be known, not known, or not
    asked, and what is filled in is known.
    """

    path: Path
    given: str
    kind: str
    options: tuple[tuple[str, str], ...] = ()
    known: bool = False

    @property
    def name(self) -> str:
        """Of the form's input."""
        return "f." + ".".join(map(str, self.path))

    @property
    def label(self) -> str:
        """As the page names it."""
        parts = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.path)
        return words.field(parts.lstrip("."))

    @property
    def in_a_list(self) -> bool:
        """An item of a list is changed, never taken away: those behind it would move up."""
        return isinstance(self.path[-1], int)


@cache
def _schema(type: str, version: int) -> dict[str, Any]:
    return model_of(type, version).model_json_schema(by_alias=True)


def fields(
    type: str, version: int, shown: Mapping[str, Any], whole: Mapping[str, Any]
) -> list[Field]:
    """Everything in `shown` that may be changed; `whole` is the message, withheld parts and all. Pure."""
    schema = _schema(type, version)
    return list(_of(schema, schema, shown, whole, ()))


def _of(schema: dict[str, Any], node: Any, said: Any, whole: Any, path: Path) -> Iterator[Field]:
    if path[:1] == (WHOSE,):
        return
    variants = list(_variants(schema, node))
    known = next((v for v in variants if set(v.get("properties", ())) == {"value"}), None)
    if known is not None:
        inner = list(_variants(schema, known["properties"]["value"]))
        if isinstance(said, Mapping) and not _plain(inner):
            yield from _of(schema, known["properties"]["value"], said["value"],
                           _get(whole, "value"), (*path, "value"))  # fmt: skip
        elif _plain(inner) and said == whole:
            value = said["value"] if isinstance(said, Mapping) else _MISSING
            yield from _leaf(inner, value, path, known=True)
    elif isinstance(said, Mapping):
        fit = [v["properties"] for v in variants if said.keys() <= v.get("properties", {}).keys()]
        parts: dict[str, Any] = fit[0] if fit else {}
        for name, part in parts.items():
            one, all_of_it = said.get(name, _MISSING), _get(whole, name)
            if one is not _MISSING or all_of_it is _MISSING:
                yield from _of(schema, part, one, all_of_it, (*path, name))
    elif isinstance(said, list):
        items = next((v["items"] for v in variants if "items" in v), None)
        if items is not None and isinstance(whole, list) and len(whole) == len(said):
            for n, one in enumerate(said):
                yield from _of(schema, items, one, whole[n], (*path, n))
    elif said == whole and _plain(variants):
        yield from _leaf(variants, said, path)


def _variants(schema: dict[str, Any], node: Any) -> Iterator[dict[str, Any]]:
    """What a place may hold, each a plain schema; null left out."""
    if "$ref" in node:
        yield from _variants(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[1]])
        return
    among = [one for name in ("anyOf", "oneOf", "allOf") for one in node.get(name, ())]
    if among:
        for one in among:
            yield from _variants(schema, one)
    elif node.get("type") != "null":
        yield node


def _plain(variants: Sequence[dict[str, Any]]) -> bool:
    """Whether one input can hold it."""
    kinds = {one.get("type") for one in variants}
    formats = {one.get("format") for one in variants}
    fixed = any("const" in one for one in variants) or formats & set(_FIXED)
    return bool(variants) and not fixed and kinds <= {"string", "boolean", "integer", "number"}


def _leaf(
    variants: Sequence[dict[str, Any]], said: Any, path: Path, known: bool = False
) -> Iterator[Field]:
    given = "" if said is _MISSING or said is None else _text(said)
    options = [(str(code), words.plain(str(code))) for v in variants for code in v.get("enum", ())]
    if any(one.get("type") == "boolean" for one in variants):
        options = [("true", "Yes"), ("false", "No")]
    formats = {one.get("format") for one in variants}
    kind = "line"
    if options:
        kind = "choice"
    elif "date" in formats:
        kind = "date"
    elif "date-time" in formats:
        kind = "instant"
    elif {one.get("type") for one in variants} & {"integer", "number"}:
        kind = "number"
    elif any("pattern" not in v and v.get("maxLength", _LONG + 1) > _LONG for v in variants):
        kind = "text"
    yield Field(path, given, kind, tuple(options), known)


def _get(whole: Any, name: str) -> Any:
    return whole.get(name, _MISSING) if isinstance(whole, Mapping) else _MISSING


def _text(said: Any) -> str:
    return str(said).lower() if isinstance(said, bool) else str(said)


def changes(found: Sequence[Field], posted: Mapping[str, str]) -> list[tuple[Path, Any]]:
    """What the form says differently, by place; None where it says nothing any more. Pure."""
    made: list[tuple[Path, Any]] = []
    for field in found:
        if field.name not in posted:
            continue
        text = posted[field.name].replace("\r\n", "\n").strip()
        if text != field.given.replace("\r\n", "\n").strip():
            made.append((field.path, _value(field, text)))
    return made


def _value(field: Field, text: str) -> Any:
    if not text:
        return None
    value: Any = text
    if field.kind == "choice" and {code for code, _ in field.options} == {"true", "false"}:
        value = text == "true"
    elif field.kind == "number" and text.lstrip("-").isdigit():
        value = int(text)
    return {"value": value} if field.known else value


def mistakes(
    found: Sequence[Field], type: str, version: int, body: bytes
) -> tuple[dict[str, str], list[str]]:
    """What is wrong, in words: by the field where it stands, and what no single field explains."""
    at_fields: dict[str, str] = {}
    others: list[str] = []
    for where, why in complaints(type, version, body):
        near = [field for field in found if _within(field.path, where)]
        if near:
            at_fields[max(near, key=lambda field: len(field.path)).name] = words.capital(why)
        else:
            others.append(words.capital(why))
    return at_fields, list(dict.fromkeys(others))


def _within(path: Path, where: Path) -> bool:
    """Whether a complaint is about this place; between its parts it names the union's branches."""
    left = iter(where)
    return all(part in left for part in path)
