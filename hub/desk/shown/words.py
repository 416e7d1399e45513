"""A time is read as people say it, with how far off it is, and the exact instant stands behind it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from hub.clock import london

SOON = timedelta(minutes=30)


class Mood(StrEnum):
    """The three states of anything on a page."""

    CALM = "calm"
    SOON = "soon"
    LATE = "late"

    @property
    def shape(self) -> str:
        """Told apart without colour."""
        return {"calm": "○", "soon": "●", "late": "▲"}[self.value]


@dataclass(frozen=True, slots=True)
class When:
    """A moment on a page: what is read, what a machine reads, what hovering shows."""

    text: str
    far: str
    iso: str
    exact: str
    mood: Mood = Mood.CALM


def when(moment: datetime, now: datetime) -> When:
    """A moment of the past or the future: `16:42 (12 min ago)`."""
    gap = moment - now
    if abs(gap) < timedelta(minutes=1):
        return _when(moment, now, "now", Mood.CALM)
    far = f"in {span(gap)}" if gap > timedelta() else f"{span(-gap)} ago"
    return _when(moment, now, far, Mood.CALM)


def second(moment: datetime, now: datetime) -> When:
    """A moment as of which something was so: `16:42:10`."""
    return replace(when(moment, now), text=f"{clock(moment, now)}:{london(moment):%S}")


def due(moment: datetime, now: datetime) -> When:
    """A deadline: `16:42 (in 18 min)`, `Fri 20 Nov 23:10 (3 days late)`."""
    gap = moment - now
    late = gap < timedelta()
    mood = Mood.LATE if late else Mood.SOON if gap <= SOON else Mood.CALM
    told = _when(moment, now, f"{span(-gap)} late" if late else f"in {span(gap)}", mood)
    here = london(moment)
    if (here.hour, here.minute, here.second) != (0, 0, 0):
        return told
    day = here - timedelta(days=1)
    exact = f"End of {day:%A} {day.day} {day:%B %Y}, 24:00 {here.tzname()}"
    return replace(told, text=end_of(here), exact=exact)


def end_of(midnight: datetime) -> str:
    """A day's end reads as the day it ends, not as midnight of the next."""
    day = midnight - timedelta(days=1)
    return f"end of {day:%a} {day.day} {day:%b}"


def _when(moment: datetime, now: datetime, far: str, mood: Mood) -> When:
    here = london(moment)
    exact = f"{here:%A} {here.day} {here:%B %Y, %H:%M:%S} {here.tzname()}"
    return When(clock(moment, now), far, moment.isoformat(), exact, mood)


def clock(moment: datetime, now: datetime) -> str:
    """`16:42` today, `Fri 20 Nov 23:10` in these months, with the year beyond."""
    here, today = london(moment), london(now)
    if here.date() == today.date():
        return f"{here:%H:%M}"
    if abs(moment - now) < timedelta(days=180):
        return f"{here:%a} {here.day} {here:%b %H:%M}"
    return f"{here:%a} {here.day} {here:%b %Y %H:%M}"


def span(length: timedelta) -> str:
    """A duration in words: `under a minute`, `18 min`, `3 h 10 min`, `2 days`."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest and hours < 6 else f"{hours} h"
    days = hours // 24
    return f"{days} day{'s' if days > 1 else ''}"


def left(began: datetime, ends: datetime, now: datetime) -> str:
    """How much of a time is left, so finely that it does not read as all or as nothing of it."""
    if ends <= began:
        return ""
    whole = _finely(ends - began)
    return f"{_finely(ends - now)} of {whole} left" if now < ends else f"All {whole} gone"


def _finely(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{count(days, 'day')} {hours} h" if hours else count(days, "day")
    return f"{hours} h {rest} min" if hours and rest else span(length)


def seconds(length: float | None) -> str:
    """How long something took at most: `0.2 s`, `5 min`; nothing where there was none."""
    if length is None:
        return ""
    if length == float("inf"):
        return "over a day"
    return f"{length:g} s" if length < 60 else span(timedelta(seconds=length))


def count(number: int, one: str, many: str = "") -> str:
    """`1 message`, `3 messages`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@cache
def title(type: str) -> str:
    """What a message type is called on a page: `Handover`, `Referral`."""
    from schemas.register import REGISTER

    for entry in REGISTER.values():
        if entry.type == type:
            return entry.title
    return type.replace(".", " ").replace("_", " ").capitalize()


def size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"


def short(name: str) -> str:
    """How an id of ours begins, as far as it tells it apart: the search box finds it by that."""
    # Those in the order of time (version 7) begin with it: all of a minute share the first eight.
    return name[:13] if name[14:15] == "7" else name[:8]


def capital(text: str) -> str:
    """With a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def field(path: str) -> str:
    """A field's path as a page names it: `household.adults[0].name` → `Household, adults 1, name`."""
    parts = []
    for part in path.split("."):
        name, _, place = part.partition("[")
        number = f" {int(place[:-1]) + 1}" if place[:-1].isdigit() else ""
        parts.append(name.replace("_", " ") + number)
    return capital(", ".join(parts))


def snake(text: str) -> bool:
    """Whether it is a code of several words, to be read without its underlines."""
    return "_" in text and text.replace("_", "").isalpha() and text.islower()


def plain(code: str) -> str:
    """A code as a choice shows it: `not_assessed` → `Not assessed`."""
    return capital(code.replace("_", " ")) if snake(code) or code.islower() else code
