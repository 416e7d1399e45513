"""A date or a time in a form is written and read as people in England write it, and never guessed."""

import re
from datetime import UTC, date, datetime, time, timedelta

from hub.clock import LONDON

_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_DAY = re.compile(r"(\d{1,2})[ /.-]([a-z]{3,9}|\d{1,2})[ /.-](\d{4})", re.IGNORECASE)
_TIME = re.compile(
    r"(?:at |, ?)?(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?: (GMT|BST))?", re.IGNORECASE
)
_OFFSET = {"GMT": timedelta(), "BST": timedelta(hours=1)}


def day(said: str) -> str:
    """`2026-11-23` as a form shows it: `23 November 2026`; anything else as it is."""
    try:
        found = date.fromisoformat(said)
    except ValueError:
        return said
    return f"{found.day} {found:%B %Y}"


def moment(said: str) -> str:
    """An instant as a form shows it: `23 November 2026 22:15`; its zone only where the hour is twice."""
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return said
    if found.tzinfo is None:
        return said
    here = found.astimezone(LONDON)
    text = f"{here.day} {here:%B %Y %H:%M}" + (f":{here:%S}" if here.second else "")
    return f"{text} {here.tzname()}" if _twice(here.replace(tzinfo=None)) else text


def read_day(text: str) -> str | None:
    """The date that is written, as messages have it; None where it is none."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return _iso_day(text.strip())
    number, named, year = found.groups()
    month = int(named) if named.isdigit() else _month(named)
    try:
        return date(int(year), month, int(number)).isoformat()
    except ValueError:
        return None


def read_moment(text: str) -> str | None:
    """The instant that is written, as messages have it; None where it is none, or where the clocks
    went forward over it, or where it was twice that night and no zone is said."""
    said = " ".join(text.split())
    written = re.match(r"\S+(?: [a-z]+ \d{4})?", said, re.IGNORECASE)
    begins = written.group().rstrip(",") if written else ""
    on = read_day(begins)
    at = _TIME.fullmatch(said[len(begins) :].strip()) if on else None
    if on is None or at is None:
        return _iso_moment(said)
    hour, minute, second, zone = at.groups()
    try:
        civil = datetime.combine(
            date.fromisoformat(on), time(int(hour), int(minute), int(second or 0))
        )
    except ValueError:
        return None
    if zone is None:
        return None if _twice(civil) else _instant(civil)
    instant = civil.replace(tzinfo=UTC) - _OFFSET[zone.upper()]
    return instant.isoformat() if instant.astimezone(LONDON).tzname() == zone.upper() else None


def _instant(civil: datetime) -> str | None:
    instant = civil.replace(tzinfo=LONDON).astimezone(UTC)
    skipped = instant.astimezone(LONDON).replace(tzinfo=None) != civil
    return None if skipped else instant.isoformat()


def _twice(civil: datetime) -> bool:
    """Whether the clocks went back over it."""
    early, late = (civil.replace(tzinfo=LONDON, fold=fold).utcoffset() for fold in (0, 1))
    return early is not None and late is not None and early > late


def _month(named: str) -> int:
    found = [number for number, name in enumerate(_MONTHS, 1) if name.startswith(named.lower())]
    return found[0] if len(found) == 1 else 0


def _iso_day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _iso_moment(text: str) -> str | None:
    if ":" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is None:
        return None if _twice(found) else _instant(found)
    return text
