"""A long list is shown a page at a time, what is due first comes first, and its number is of all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from hub.desk.frame import Stop

T = TypeVar("T")
MOST = 50
FAR = datetime.max.replace(tzinfo=UTC)
Place = tuple[datetime, datetime, str]
"""Where something stands in a list: when it is due, since when it waits, its id."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list: `number` counts all of it, `next` is where the next page begins, if there is one."""

    rows: Sequence[T]
    number: int
    next: str = ""
    begun: bool = True
    """Whether it begins with the first of all."""


EPOCH = datetime.fromtimestamp(0, UTC)


def newest(moment: datetime, name: str) -> Place:
    """A place by which what came last comes first."""
    return FAR - (moment - EPOCH), EPOCH, name


def page(
    found: Sequence[T], place: Callable[[T], Place], after: str = "", most: int = MOST
) -> Page[T]:
    """At most so many of a list that was read whole, from behind `after`; raises `Stop`. Pure."""
    ordered = sorted(found, key=place)
    last = begin(after)
    rest = [one for one in ordered if last is None or place(one) > last]
    more = end(place(rest[most - 1])) if len(rest) > most else ""
    return Page(rest[:most], len(ordered), more, last is None)


def end(place: Place) -> str:
    """What `after` must be for the page that begins behind this place."""
    due, since, name = place
    return f"{due.isoformat()}~{since.isoformat()}~{name}"


def begin(after: str) -> Place | None:
    """The place that `after` names; None for the first page; raises `Stop` for what is none."""
    if not after:
        return None
    try:
        due, since, name = after.split("~", 2)
        # In UTC, also what somebody wrote without a zone: places must be comparable.
        return _utc(due), _utc(since), name
    except (ValueError, OverflowError):
        raise no_page() from None


def no_page() -> Stop:
    """What is asked for where `after` names no place."""
    return Stop(400, "There is no such page of this list", "Begin it anew.")


def _utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
