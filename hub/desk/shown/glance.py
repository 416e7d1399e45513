"""The first three lines of the start page answer what waits for me, what is late and what is broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.desk.shown import words
from hub.desk.shown.paged import Page
from hub.desk.shown.states import Standing
from hub.desk.shown.words import Mood
from hub.desk.waiting import Item
from hub.ledger.read.sentences import Deadline, Parts
from hub.ledger.read.waits import MOST


@dataclass(frozen=True, slots=True)
class Line:
    """One answer; `where` is the part of the page that says more."""

    mood: Mood
    where: str
    what: str
    more: Parts = ()


def waits(items: Page[Item], chores: int, now: datetime) -> Line:
    """What waits for who reads, and when the first of it is due; lines come in that order. Pure."""
    number = items.number + chores
    if not number:
        return Line(Mood.CALM, "waiting", "Nothing waits for you")
    what = f"{number:,} {'waits' if number == 1 else 'wait'} for you"
    first = items.rows[0].due_at if items.rows else None
    if first is None:
        return Line(Mood.CALM, "waiting", what)
    mood = words.due(first, now).mood
    said = "the first was due " if mood is Mood.LATE else "the first is due "
    return Line(mood, "waiting", what, (said, Deadline(first)))


def is_late(late: Page[Item], kept: Page[Item]) -> Line:
    """What is late with others, also what is still held by who reads. Pure."""
    number = late.number + kept.number
    if not number:
        return Line(Mood.CALM, "late", "Nothing is late elsewhere")
    many = f"More than {MOST:,} are" if late.number > MOST else f"{number:,} {_is(number)}"
    longest = min(one.place for page in (late, kept) for one in page.rows)[0]
    return Line(
        Mood.LATE, "late", f"{many} late elsewhere", ("the longest since ", Deadline(longest))
    )


def ill(partners: Sequence[Standing]) -> list[Standing]:
    """Partners that are late or broken. Pure."""
    return [one for one in partners if one.mood is Mood.LATE]


def is_broken(broken: int, partners: Sequence[Standing], sheets: int = 0) -> Line:
    """What is wrong with the hub, and which partner is ill, since when, how much waits for it.

    `sheets` are the calls that somebody must make to the first of them. Pure.
    """
    low = ill(partners)
    if not broken and not low:
        return Line(Mood.CALM, "broken", "Nothing is broken")
    what = f"{broken:,} {_is(broken)} broken"
    if not low:
        return Line(Mood.LATE, "broken", what)
    worst = low[0]
    more = f"; {words.count(sheets, 'call sheet')} open" if sheets else ""
    more += f"; and {words.count(len(low) - 1, 'more partner')}" if len(low) > 1 else ""
    return Line(Mood.LATE, "broken", what, (f"{worst.partner.title}, ", *_low(worst.parts), more))


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _low(parts: Parts) -> Parts:
    first, *rest = parts
    return (first[:1].lower() + first[1:] if isinstance(first, str) else first, *rest)
