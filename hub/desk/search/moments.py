"""A time is understood as people in England say it: 20:30, Fri 20 Nov 20:30, yesterday at 8pm, 01:30 BST.

It is civil, and of a whole minute. In the hour that happens twice when the clocks go back, who
names no zone begins with the first of the two and ends with the second; so nothing is missed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from hub.calendar import Local, at
from hub.clock import london
from hub.desk.search import days

Bound = date | datetime
"""A day, or an instant in UTC."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_TWELVE = re.compile(r"(\d{1,2})(?::(\d{2}))?([ap]m)", re.ASCII)
_BOTH = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})t(\d{1,2}:\d{2})(?::\d{2})?", re.ASCII)
_ZONES = {"gmt": 0, "utc": 0, "bst": 1}
_MINUTES = {"minute": 1, "min": 1, "hour": 60, "hr": 60}
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_LIKE = re.compile(
    r"\d{1,2}[:.h]\d{2}([:.]\d{2})?|\d{1,2}[ap]m|tomorrow|tonight|morning|afternoon|evening|night"
    r"|noon|midnight|midday|now|ago|(minute|min|hour|day|week|month|year)s?"
)
LONGEST = days.LONGEST + 3
"""Words of a moment: Fri 20 Nov 2026 at 20:30 GMT."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What some words begin with: where it begins, where it ends, how many of them it takes."""

    first: Bound
    last: Bound
    words: int


def moment(words: Sequence[str], now: datetime, near: Bound | None = None) -> Moment | None:
    """The day or the time that these lower-case words begin with. Pure.

    A time without a day is of the day of `near`; without that, the latest that is not in the future.
    """
    if not words:
        return None
    if both := _BOTH.fullmatch(words[0]):
        return _moment([both.group(1), both.group(2), *words[1:]], now, taken=-1)
    return _moment(words, now, near)


def _moment(
    words: Sequence[str], now: datetime, near: Bound | None = None, taken: int = 0
) -> Moment | None:
    today = london(now).date()
    day = days.day(words, today)
    if day is not None:
        taken += day[1]
        between = words[day[1] : day[1] + 1] == ["at"]
        clock = _clock(words[day[1] + between :])
        if clock is None:
            return Moment(day[0], day[0], taken) if taken else None
        return _at(day[0], clock, taken + between)
    clock = _clock(words)
    if clock is None:
        return None
    count = clock[2]
    behind = words[count:]
    on = behind[:1] == ["on"]
    if (day := days.day(behind[on:], today)) is not None:
        return _at(day[0], clock, on + day[1])
    if near is not None:
        found = _at(_day(near), clock, 0)
        early = isinstance(near, datetime) and _instant(found.last) < near
        return _at(_day(near) + timedelta(days=1), clock, 0) if early else found
    found = _at(today, clock, 0)
    return found if _instant(found.first) <= now else _at(today - timedelta(days=1), clock, 0)


def back(words: Sequence[str], now: datetime) -> Moment | None:
    """Since when, for `last hour`, `last 30 minutes`, `last 7 days`, `last week`. Pure."""
    if len(words) < 2 or words[0] not in ("last", "past"):
        return None
    counted = _NUMBER.fullmatch(words[1])
    unit = words[2] if counted and len(words) > 2 else words[1]
    unit, number = unit.removesuffix("s"), int(words[1]) if counted else 1
    taken = 3 if counted else 2
    if number < 1 or (counted and len(words) < 3):
        return None
    if unit in _MINUTES:
        since = _minute(now - timedelta(minutes=number * _MINUTES[unit]))
        return Moment(since, since, taken)
    if unit == "week" or (unit == "day" and counted):
        # What is counted in days is of whole ones, with today.
        since_day = london(now).date() - timedelta(days=number * (7 if unit == "week" else 1) - 1)
        return Moment(since_day, since_day, taken)
    return None


def said(one: Bound) -> str:
    """As `moment` reads it, whenever it is read: `20 Nov 2026 20:30`, and the zone where it tells."""
    if not isinstance(one, datetime):
        return days.said(one)
    here = london(one)
    zone = f" {here.tzname()}" if twice(one) else ""
    return f"{days.said(here.date())} {here:%H:%M}{zone}"


def twice(one: Bound | None) -> bool:
    """Whether clocks show this time twice on that day."""
    if not isinstance(one, datetime):
        return False
    here = london(one)
    return at(here.date(), time(here.hour, here.minute)).local is Local.TWICE


def like_a_time(word: str) -> bool:
    """Whether somebody may have meant a time by what is none. Pure."""
    return _LIKE.fullmatch(word.lower()) is not None


def _clock(words: Sequence[str]) -> tuple[time, int | None, int] | None:
    """The time of day that some words begin with, its zone as hours, and how many words these are."""
    if not words:
        return None
    first, count = words[0], 1
    if found := _TWELVE.fullmatch(first):
        hour, minute = int(found.group(1)), int(found.group(2) or 0)
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found.group(3) == "pm" else 0)
    elif found := _CLOCK.fullmatch(first):
        hour, minute = int(found.group(1)), int(found.group(2))
    else:
        return None
    if hour > 23 or minute > 59:
        return None
    zone = _ZONES.get(words[1]) if len(words) > 1 else None
    return time(hour, minute), zone, count + (zone is not None)


def _at(day: date, clock: tuple[time, int | None, int], more: int) -> Moment:
    hour, zone, count = clock
    if zone is not None:
        told = datetime.combine(day, hour, UTC) - timedelta(hours=zone)
        return Moment(told, told, count + more)
    found = at(day, hour)
    again = timedelta(hours=1 if found.local is Local.TWICE else 0)
    return Moment(found.at, found.at + again, count + more)


def _day(one: Bound) -> date:
    return london(one).date() if isinstance(one, datetime) else one


def _instant(one: Bound) -> datetime:
    assert isinstance(one, datetime)
    return one


def _minute(one: datetime) -> datetime:
    return one.astimezone(UTC).replace(second=0, microsecond=0)
