"""What pydantic finds wrong in a partner file is told in the words of the person who wrote the file."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from hub.directory.marked_yaml import Complaint, Marked, Spot

_DURATION = "a duration such as PT30S (seconds), PT5M (minutes), PT4H (hours) or P14D (days)"
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def complaints(
    marked: Marked, model: type[BaseModel], error: ValidationError, under: Spot = ()
) -> Iterator[Complaint]:
    """One complaint for each error; `under` is where in the file the model's part stands."""
    for each in error.errors():
        if each["type"] == "invalid_key":
            continue  # told already, by the file's own reader
        spot = (*under, *each["loc"])
        what, instead = _told(marked, model, each, spot)
        yield Complaint(marked.line(spot), what, instead)


def meant(word: str, known: list[str]) -> str:
    """What to write instead of an unknown word: the one meant, or all there are."""
    close = get_close_matches(word, known, 1)
    return f"`{close[0]}`" if close else f"one of {', '.join(sorted(known))}"


def words_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> dict[str, FieldInfo]:
    """The words that may stand at a place of a model, with what each means."""
    here: type[BaseModel] | None = model
    for part in loc:
        if here is None:
            return {}
        if isinstance(part, str):
            info = _fields(here).get(part)
            # Parts that are no field name a branch of a union: the model stays the same.
            here = _model_in(info.annotation) if info is not None else here
    return _fields(here) if here is not None else {}


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _told(
    marked: Marked, model: type[BaseModel], error: ErrorDetails, spot: Spot
) -> tuple[str, str]:
    loc, kind, context = error["loc"], error["type"], error.get("ctx", {})
    name = ".".join(str(part) for part in loc)
    word = str(loc[-1]) if loc else ""
    around = words_at(model, loc[:-1])
    meaning = around[word].description if word in around else None
    if kind == "extra_forbidden":
        return f"`{name}` means nothing here", meant(word, list(around))
    if kind == "missing":
        return f"`{name}` is missing", f"{word}: …" + (f"  ({meaning})" if meaning else "")
    spelled = marked.spelled.get(spot, "")
    found = f"`{name}: {spelled}`" if spelled else f"`{name}`"
    if kind in ("literal_error", "enum"):
        known = [each.strip(" '") for each in context["expected"].replace(" or ", ",").split(",")]
        if spelled in known:
            return f"{found} is no text to YAML", f'{word}: "{spelled}"'
        return f"{found} is not known", meant(spelled, known)
    if kind == "string_type" and spelled:
        return f"{found} is no text to YAML", f'{word}: "{spelled}"'
    if kind.startswith("time_delta"):
        return f"{found} is no duration", _DURATION
    if kind in ("tuple_type", "list_type"):
        return f"{found} must be a list", f"{word}: [{spelled or '…'}]"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        inside = ", ".join(_fields(inner)) if (inner := _inner(around, word)) else "kind and more"
        return f"{found} must be words of its own", f"`{word}:` and below it, indented: {inside}"
    if kind == "value_error":
        return f"{found} does not fit together", str(context.get("error", error["msg"]))
    bounds = [f"{text} {context[key]}" for key, text in _BOUNDS.items() if key in context]
    if bounds:
        return f"{found} is out of bounds", f"a number of {' and '.join(bounds)}"
    if kind == "string_pattern_mismatch" and loc == ("partner",):
        return f"{found} is no name", "2 to 41 of a-z, 0-9 and hyphen, e.g. st-marys-hospital"
    if kind == "string_pattern_mismatch":
        return f"{found} does not look right", meaning or f"text like {context['pattern']}"
    return f"{found}: {error['msg'][:1].lower()}{error['msg'][1:]}", meaning or "what is asked for"


def _inner(around: dict[str, FieldInfo], word: str) -> type[BaseModel] | None:
    return _model_in(around[word].annotation) if word in around else None
