"""A day is understood as people in England write it: today, Fri 20 Nov, 20/11/2026, 2026-11-20."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}))?")
_FIRST, _LAST = 1970, 2200
"""Years in which there may be messages."""
_BACK = 12
"""Years to look back for one in which a 29 February, or a weekday, is right."""
LONGEST = 4
"""Words of a day: Fri 20 Nov 2026."""


def day(words: Sequence[str], today: date) -> tuple[date, int] | None:
    """The day that these lower-case words begin with, and how many of them it takes. Pure.

    Without a year it is the latest such day that is not in the future; day comes before month.
    """
    if not words:
        return None
    first = words[0].rstrip(",")
    near = {"today": today, "yesterday": today - timedelta(days=1)}.get(first)
    if near is not None:
        return near, 1
    weekday = next((n for n, name in enumerate(_WEEK) if first in (name, name[:3])), None)
    if weekday is not None:
        dated = _dated(words[1:], today, weekday)
        if dated is not None:
            return dated[0], dated[1] + 1
        return today - timedelta(days=(today.weekday() - weekday) % 7), 1
    return _dated(words, today, None)


def _dated(words: Sequence[str], today: date, weekday: int | None) -> tuple[date, int] | None:
    if not words:
        return None
    if found := _ISO.fullmatch(words[0]):
        year, month, number = map(int, found.groups())
        return _taken(_made(year, month, number, weekday), 1)
    if found := _SLASHED.fullmatch(words[0]):
        number, month = int(found.group(1)), int(found.group(2))
        if found.group(3):
            return _taken(_made(int(found.group(3)), month, number, weekday), 1)
        return _taken(_latest(month, number, weekday, today), 1)
    return _named(words, today, weekday)


def _named(words: Sequence[str], today: date, weekday: int | None) -> tuple[date, int] | None:
    if len(words) < 2 or not _is_number(words[0], 2) or words[1][:3] not in _MONTHS:
        return None
    if not words[1].rstrip(",").isalpha():
        return None
    number, month = int(words[0]), _MONTHS.index(words[1][:3]) + 1
    if len(words) > 2 and _is_number(words[2], 4) and len(words[2]) == 4:
        return _taken(_made(int(words[2]), month, number, weekday), 3)
    return _taken(_latest(month, number, weekday, today), 2)


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


def _taken(found: date | None, words: int) -> tuple[date, int] | None:
    return None if found is None else (found, words)


def _latest(month: int, number: int, weekday: int | None, today: date) -> date | None:
    years = range(today.year, today.year - _BACK, -1)
    found = (_made(year, month, number, weekday) for year in years)
    return next((one for one in found if one is not None and one <= today), None)


def _made(year: int, month: int, number: int, weekday: int | None) -> date | None:
    if not _FIRST <= year <= _LAST:
        return None
    try:
        found = date(year, month, number)
    except ValueError:
        return None
    return found if weekday in (None, found.weekday()) else None


def said(one: date) -> str:
    """A day as `day` reads it, whatever day it is read on: `20 Nov 2026`."""
    return f"{one.day} {_MONTHS[one.month - 1].capitalize()} {one.year}"
