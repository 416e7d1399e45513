"""What may be said at each place of a message follows from its type's own schema, hints and codes included."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from hub.desk.shown import words
from schemas.register import model_of

LONG = 400
"""Characters above which a text gets several lines."""
NOTHING: Any = object()
"""Where a message says nothing at all."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A place, or a part of one.

    `kind`: line, text, number, choice, date, instant; group (of `parts`), many (of one `item`).
    """

    kind: str
    hint: str = ""
    required: bool = False
    default: Any = None
    three: bool = False
    """It may be known, not known, or not asked."""
    coded: bool = False
    """Its code stands beside the sender's own."""
    options: tuple[tuple[str, str], ...] = ()
    parts: Mapping[str, "Shape"] = field(default_factory=dict)
    item: "Shape | None" = None

    @property
    def plain(self) -> bool:
        """Whether one field of a form holds it."""
        return self.kind not in ("group", "many")

    @property
    def yes_or_no(self) -> bool:
        """Whether it is answered by one of two words."""
        return [code for code, _ in self.options] == ["true", "false"]

    @property
    def may_be_empty(self) -> bool:
        """Whether it may say nothing at all."""
        return not self.required and self.default is None


@cache
def shape_of(type: str, version: int) -> Shape:
    """The whole message."""
    schema = model_of(type, version).model_json_schema(by_alias=True)
    found = _shape(schema, schema)
    assert found is not None
    return found


def _shape(schema: dict[str, Any], node: dict[str, Any]) -> Shape | None:
    """None for what no form can ask for: an id of ours."""
    variants = list(_variants(schema, node))
    told = next((one for one in variants if set(one.get("properties", ())) == {"value"}), None)
    if told is not None:
        inner = _shape(schema, told["properties"]["value"])
        return replace(inner, three=True, default="not_asked") if inner else None
    group = next((one for one in variants if "properties" in one), None)
    if group is not None and set(group["properties"]) == {"code", "source"}:
        inner = _shape(schema, group["properties"]["code"])
        return replace(inner, coded=True) if inner else None
    if group is not None:
        return Shape("group", parts=dict(_parts(schema, group)))
    many = next((one for one in variants if "items" in one), None)
    if many is not None:
        item = _shape(schema, many["items"])
        return Shape("many", default=[], item=item) if item else None
    return _plain(variants)


def _parts(schema: dict[str, Any], group: dict[str, Any]) -> Iterator[tuple[str, Shape]]:
    for name, node in group["properties"].items():
        found = _shape(schema, node)
        if found is not None:
            default = found.default if found.three else node.get("default", found.default)
            required = name in group.get("required", ())
            hint = node.get("description", "")
            yield name, replace(found, default=default, required=required, hint=hint)


def _variants(schema: dict[str, Any], node: dict[str, Any]) -> Iterator[dict[str, Any]]:
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


def _plain(variants: list[dict[str, Any]]) -> Shape | None:
    kinds = {one.get("type") for one in variants}
    formats = {one.get("format") for one in variants}
    if not variants or "uuid" in formats or not kinds <= {"string", "boolean", "integer", "number"}:
        return None
    codes = [(one, one.get("x-labels", {})) for one in variants if "enum" in one]
    if codes:
        return Shape(
            "choice",
            options=tuple(
                (code, labels.get(code) or words.plain(code))
                for one, labels in codes
                for code in one["enum"]
            ),
        )
    if "boolean" in kinds:
        return Shape("choice", options=(("true", "Yes"), ("false", "No")))
    if "date-time" in formats:
        return Shape("instant")
    if "date" in formats:
        return Shape("date")
    if kinds & {"integer", "number"}:
        return Shape("number")
    long = any("pattern" not in one and one.get("maxLength", LONG) > LONG for one in variants)
    return Shape("text" if long else "line")
