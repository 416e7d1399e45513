"""A mistake in a message is told to its sender by the path to it and by what to write instead, never by its value."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from connectors.base import Unreadable

_CURES = {
    "missing": "write this field",
    "extra_forbidden": "take this field out: the published schema has none of that name",
    "model_type": 'write an object; where a field has three values, {"value": …}',
    **dict.fromkeys(
        ("timezone_aware", "datetime_parsing", "datetime_from_date_parsing", "datetime_type"),
        "write the date and time with its offset, as in 2026-11-23T19:30:00Z",
    ),
    **dict.fromkeys(
        ("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact", "date_type"),
        "write the date, as in 2026-11-23",
    ),
    **dict.fromkeys(("bool_parsing", "bool_type"), "write true or false"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
MOST = 20
"""Mistakes told at once."""


def mistakes(error: ValidationError, data: Any, start: str = "$") -> list[tuple[str, str]]:
    """Each wrong place (a JSON path) once, with all that may be written there."""
    found: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        cure = _CURES.get(item["type"], item["msg"].removeprefix("Value error, "))
        cures = found.setdefault(path(item["loc"], data, start), [])
        if cure not in cures:
            cures.append(cure)
    return [(where, "; or ".join(cures)) for where, cures in found.items()]


def path(loc: Iterable[int | str], data: Any, start: str = "$") -> str:
    """The JSON path of a pydantic location, without the names of union members that it passes."""
    steps, shown, here = list(loc), start, data
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        if isinstance(step, int):
            shown += f"[{step}]"
            here = here[step] if isinstance(here, (list, tuple)) and step < len(here) else None
        elif isinstance(here, dict) and (step in here or last) and "[" not in step:
            # A name that is none of ours may be a person's.
            shown += f".{step}" if _NAME.fullmatch(step) else ".(no field name)"
            here = here.get(step)
    return shown


def unreadable(
    found: list[tuple[str, str]], reference: str | None, type: str | None = None
) -> Unreadable:
    """All mistakes in one refusal, each cure once; its place is the first one's."""
    place, first = found[0]
    places: dict[str, list[str]] = {first: []}
    for where, cure in found[1:MOST]:
        places.setdefault(cure, []).append(where)
    alike = places.pop(first)
    reason = "; ".join(
        [
            f"{first}; the same at {', '.join(alike)}" if alike else first,
            *(f"{', '.join(where)}: {cure}" for cure, where in places.items()),
        ]
    )
    if len(found) > MOST:
        reason += f"; and {len(found) - MOST} more"
    return Unreadable(reason, place, reference, type)
