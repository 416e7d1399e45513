"""A message is corrected field by field: what nobody named stays as it was said, seen or unseen."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from schemas.register import parse

Path = tuple[str | int, ...]
"""Names and places in lists, from the outside in: `("visits", 0, "found")`."""

AMENDABLE = ("edt.handover", "health.attendance", "police.notification", "strategy.requested")
"""Types that a person may correct in their sender's place. From a contact or a referral others have
been derived already, and a record says what was decided: those only their sender says anew."""
WHOSE = "child"
"""Who a message is about is never corrected: it would be a message about somebody else."""


class Unamendable(ValueError):
    """A change that cannot be made to this message; the words are for the person who asked."""


def amended(body: Mapping[str, Any], changes: Sequence[tuple[Path, Any]]) -> dict[str, Any]:
    """The body with each path saying the new value; None takes what it says away. Pure.

    Raises `Unamendable` where a path leads nowhere, or to who the message is about.
    """
    made: dict[str, Any] = deepcopy(dict(body))
    for path, value in changes:
        if not path or path[0] == WHOSE:
            raise Unamendable("who it is about is not changed here: its sender must say it anew")
        *outer, last = path
        spot: Any = made
        try:
            for part in outer:
                spot = spot[part]
            if isinstance(spot, list) != isinstance(last, int):
                raise TypeError(last)
            if value is not None:
                spot[last] = value
            elif isinstance(last, str):
                spot.pop(last, None)
            else:
                raise TypeError(last)
        except (KeyError, IndexError, TypeError):
            raise Unamendable("the message has no such place: open it again") from None
    return made


def complaints(type: str, version: int, body: bytes) -> list[tuple[Path, str]]:
    """What the type's own rules say against a body, by place, in words; none where it is valid."""
    try:
        parse(type, version, body)
    except ValidationError as error:
        return [
            (tuple(one["loc"]), _words(one["type"], one["msg"], one.get("ctx", {})))
            for one in error.errors(include_url=False, include_input=False)
        ]
    return []


_WORDS = {
    "missing": "it must say something",
    "string_pattern_mismatch": "it is not written in the form that is asked for",
    "timezone_aware": "it needs its zone, as 2026-11-23T22:15:00Z",
    "extra_forbidden": "the message has no such field",
}


def _words(kind: str, said: str, context: Mapping[str, Any]) -> str:
    """A rule's complaint as people say it; our own rules say it so already."""
    if kind in ("enum", "literal_error"):
        return f"it must be one of {context['expected']}"
    if kind.startswith("datetime_"):
        return "it is no date and time with its zone, as 2026-11-23T22:15:00Z"
    if kind.startswith("date_"):
        return "it is no date, as 2026-11-23"
    return _WORDS.get(kind) or said.removeprefix("Value error, ")
