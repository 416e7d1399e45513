"""A message is corrected place by place: what nobody named stays as it was said, seen or unseen."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from schemas.register import HUB, parse

Path = tuple[str | int, ...]
"""Names and places in lists, from the outside in: `("visits", 0, "found")`."""

_NOTICES = ("referral.acknowledged", "referrer.decision_feedback")
AMENDABLE = (
    "contact.recorded",
    "referral.received",
    *_NOTICES,
    "referral.passed_to_team",
    "referral.decision",
    "strategy.requested",
    "strategy.record",
    "police.notification",
    "health.attendance",
    "edt.handover",
)
"""Types that a person may correct in their sender's place."""
_OF_THE_HUB = "the hub wrote it from what it knows: nothing in it was said by anybody"
UNAMENDABLE: Mapping[str, str] = {
    "handover.response": "it is what a named person answered, and nobody answers for them:"
    " ask them to answer anew",
    "delivery.receipt": "it is a partner's own word on what they got, and goes to nobody",
    "case.linked": "it joins two cases and goes to nobody: whoever decided it decides anew",
    "incident.opened": _OF_THE_HUB,
    "incident.recovered": _OF_THE_HUB,
}
"""Types that nobody corrects in their sender's place, and why."""
WHOSE = "child"
"""Who a message is about is never corrected: it would be a message about somebody else."""
DECIDED: Mapping[str, tuple[Path, ...]] = {
    "contact.recorded": (("outcome",), ("action",), ("decided_by",)),
    "referral.received": (("contact_reference",),),
    "referral.decision": (
        ("referral_reference",),
        ("stage",),
        ("outcome",),
        ("decided_by",),
        ("decided_at",),
    ),
    "referrer.decision_feedback": (("referral_reference",), ("outcome",), ("decided_at",)),
    "strategy.record": (
        ("request_reference",),
        ("chair",),
        ("quorum", "met"),
        ("decision", "decision"),
        ("decision", "threshold_met"),
    ),
}
"""What was decided, by whom and on what, has moved journeys already: it is never corrected."""


class Unamendable(ValueError):
    """A change that cannot be made to this message; the words are for the person who asked."""


def why_not(type: str, sender: str) -> str | None:
    """Why nobody may correct a message of this type and sender; None where a person may. Pure."""
    if type in _NOTICES and sender == HUB:
        return "the hub wrote it from another message: correct that one, and it is written anew"
    if type in AMENDABLE:
        return None
    return UNAMENDABLE.get(type, "nobody here knows this type: ring its sender")


def fixed(type: str, path: Path) -> str | None:
    """Why a place is not corrected; None where it may be. Pure."""
    if WHOSE in path:
        return "who it is about is not changed here: its sender must say it anew"
    for stands in DECIDED.get(type, ()):
        if path[: len(stands)] == stands[: len(path)]:
            return "what was decided is not changed here: whoever decided it must say it anew"
    return None


def amended(
    type: str, body: Mapping[str, Any], changes: Sequence[tuple[Path, Any]]
) -> dict[str, Any]:
    """The body with each change made, in their order. Pure.

    A value is said instead of what stands there; None takes it away. In a list, None takes the item
    out and those behind it move up; the place behind the last takes a new item. Raises
    `Unamendable` where a path leads nowhere, to whom it is about, or to what was decided.
    """
    made: dict[str, Any] = deepcopy(dict(body))
    for path, value in changes:
        if not path:
            raise Unamendable("the message has no such place: open it again")
        if (why := fixed(type, path)) is not None or (why := _smuggled(value)) is not None:
            raise Unamendable(why)
        try:
            _make(made, path, value)
        except (KeyError, IndexError, TypeError):
            raise Unamendable("the message has no such place: open it again") from None
    return made


def _smuggled(value: Any) -> str | None:
    """A whole part may not bring somebody else with it."""
    if isinstance(value, dict):
        return fixed("", (WHOSE,)) if WHOSE in value else _smuggled(list(value.values()))
    if isinstance(value, list):
        return next((why for one in value if (why := _smuggled(one))), None)
    return None


def _make(made: dict[str, Any], path: Path, value: Any) -> None:
    *outer, last = path
    spot: Any = made
    for part in outer:
        spot = spot[part]
    if isinstance(spot, list):
        if not isinstance(last, int) or isinstance(last, bool) or not 0 <= last <= len(spot):
            raise TypeError(last)
        if value is None:
            del spot[last]
        else:
            spot[last : last + 1] = [value]
    elif isinstance(spot, dict) and isinstance(last, str):
        if value is None:
            spot.pop(last, None)
        else:
            spot[last] = value
    else:
        raise TypeError(last)


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
    "string_type": "it must say something",
    "string_too_short": "it must say something",
    "string_pattern_mismatch": "it is not written in the form that is asked for",
    "timezone_aware": "it needs its zone, as 2026-11-23T22:15:00Z",
    "extra_forbidden": "the message has no such field",
    "three_valued": "say what it is, or that it is not known or was not asked",
}
_BEGINS = {
    "datetime_": "write a date and a time, as 23 November 2026 22:15",
    "date_": "write a date, as 23 November 2026",
    "int_": "write a whole number, as 3",
    "bool_": "say yes or no",
}


def _words(kind: str, said: str, context: Mapping[str, Any]) -> str:
    """A rule's complaint as people say it; our own rules say it so already."""
    if kind in ("enum", "literal_error"):
        return f"it must be one of {context['expected']}"
    for begins, words in _BEGINS.items():
        if kind.startswith(begins):
            return words
    if kind == "string_too_long":
        return f"it must be {context['max_length']:,} characters or fewer"
    return _WORDS.get(kind) or said.removeprefix("Value error, ")
