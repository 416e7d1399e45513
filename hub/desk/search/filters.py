"""What somebody looks for is a few filters, each of which can be said in words and taken away again."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from hub.calendar import end_of
from hub.clock import LONDON
from hub.desk.search.moments import Bound, said, twice
from schemas.envelope import Priority


class State(StrEnum):
    """How a message stands, in the desk's words."""

    LATE = "late"
    STOPPED = "stopped"
    WAITING = "waiting"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    REFUSED = "refused"
    QUERIED = "queried"
    CONFLICT = "in conflict"
    EARLY = "early"
    UNCERTAIN = "uncertain"
    PARKED = "parked"
    WITHHELD = "withheld"
    GIVEN_UP = "given up"
    NOWHERE = "goes nowhere"


class Side(StrEnum):
    """Which side of a message a partner is on."""

    EITHER = ""
    FROM = "from"
    TO = "to"


@dataclass(frozen=True, slots=True, order=True)
class By:
    """Partners by the word for all of them, and their side of a message."""

    side: Side
    word: str
    names: frozenset[str] = field(compare=False)

    @property
    def words(self) -> str:
        """As the box reads it."""
        return f"{self.side} {self.word}".strip()


@dataclass(frozen=True, slots=True)
class Filters:
    """Of one kind any may hold, of each kind one must; days and minutes are civil, and both ends belong to it."""

    partners: frozenset[By] = frozenset()
    types: frozenset[str] = frozenset()
    states: frozenset[State] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    references: frozenset[str] = frozenset()
    since: Bound | None = None
    until: Bound | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    @property
    def begins(self) -> datetime | None:
        """The first instant that belongs to it."""
        since = self.since
        if since is None or isinstance(since, datetime):
            return since
        return datetime.combine(since, time(), LONDON)

    @property
    def ends(self) -> datetime | None:
        """The first instant after it."""
        if self.until is None:
            return None
        if isinstance(self.until, datetime):
            return self.until + timedelta(minutes=1)
        return end_of(self.until)

    @property
    def twice(self) -> bool:
        """Whether it begins or ends in the hour that clocks show twice."""
        return twice(self.since) or twice(self.until)

    def each(self) -> Iterator[tuple[str, str, "Filters"]]:
        """Every filter as kind and words, with what is left when it is taken away."""
        if self.since is not None and self.since == self.until:
            yield "time", said(self.since), replace(self, since=None, until=None)
        else:
            if self.since is not None:
                yield "time", f"since {said(self.since)}", replace(self, since=None)
            if self.until is not None:
                yield "time", f"until {said(self.until)}", replace(self, until=None)
        for by in sorted(self.partners):
            yield "partner", by.words, replace(self, partners=self.partners - {by})
        for kind in sorted(self.types):
            yield "type", kind, replace(self, types=self.types - {kind})
        for state in sorted(self.states):
            yield "state", state.value, replace(self, states=self.states - {state})
        for priority in sorted(self.priorities):
            yield "priority", priority.value, replace(self, priorities=self.priorities - {priority})
        for reference in sorted(self.references):
            left = replace(self, references=self.references - {reference})
            yield "reference", f'"{reference}"', left

    @property
    def words(self) -> str:
        """What to write in the box to find the same."""
        return " ".join(words for _, words, _ in self.each())

    @property
    def kept(self) -> str:
        """What of it may be written down: what is none of the desk's words may be a child's name."""
        said = replace(self, references=frozenset()).words
        count = len(self.references)
        other = f"{count} other word{'' if count == 1 else 's'}" if count else ""
        return " and ".join(filter(None, (said, other)))
