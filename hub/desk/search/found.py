"""Nobody finds what they could not open, and a search is over in time, however much there is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from sqlalchemy import Connection

from hub import clock
from hub.desk.frame import Stop, Visit
from hub.desk.search.asked import Asked, Vocabulary, read
from hub.desk.search.filters import Filters, Side, State
from hub.desk.sight import seen
from hub.desk.whose import sees_all
from hub.journeys.handover import HELD
from hub.ledger.read.handovers import Handover
from hub.ledger.read.journey import Said, Sent, outline
from hub.ledger.read.mark import Mark
from hub.ledger.read.seek import LATE, Wanted, stretches
from hub.ledger.read.sentences import Parts, delivery, handover, to_nobody
from hub.partners import Directory

PAGE = 50
BUDGET = 0.04
"""Seconds after which no further stretch is begun."""
_STOPPED, _WAITING = ("needs_person", "outcome_unknown"), ("waiting", "under_way", "offered")
_OF_DELIVERY = {
    **dict.fromkeys(_STOPPED, State.STOPPED),
    **dict.fromkeys(_WAITING, State.WAITING),
    "delivered": State.DELIVERED,
    "withheld": State.WITHHELD,
    "abandoned": State.GIVEN_UP,
}
_OF_CUSTODY = {
    **dict.fromkeys(HELD, State.ACCEPTED),
    "completed": State.COMPLETED,
    "refused": State.REFUSED,
    "queried": State.QUERIED,
}
_OF_MESSAGE = {
    "early": State.EARLY,
    "ambiguous": State.UNCERTAIN,
    "parked": State.PARKED,
}
_WORST = (State.LATE, State.STOPPED, State.CONFLICT, State.EARLY, State.UNCERTAIN, State.PARKED)


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, as this reader may see it."""

    said: Said
    to: tuple[str, ...]
    """Partners it goes to, by name"""
    states: tuple[State, ...]
    parts: Parts
    """How it stands, in words"""

    @property
    def mood(self) -> str:
        """Of the three states that anything on a page has."""
        first = next(iter(self.states), None)
        return "late" if first in _WORST[:2] else "soon" if first in _WORST else "calm"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look found. `after` is where the next goes on; None: there is no more."""

    hits: list[Hit]
    after: Mark | None = None
    back_to: datetime | None = None
    """How far was looked, where time was over before the page was full"""
    seconds: float = 0.0


def understood(visit: Visit, text: str) -> Asked:
    """What the words in the box mean here and now."""
    words = _vocabulary(visit.desk.directory)
    return read(text[:1000].replace("\0", " "), words, visit.now)


@lru_cache(maxsize=4)
def _vocabulary(directory: Directory) -> Vocabulary:
    return Vocabulary(directory)


def look(
    visit: Visit,
    conn: Connection,
    filters: Filters,
    after: Mark | None = None,
    most: int = PAGE,
    budget: float = BUDGET,
) -> Looked:
    """Messages that these filters describe and this person may see, newest first."""
    began = clock.monotonic()
    wanted = wanted_of(visit, filters)
    hits: list[Hit] = []
    for one in stretches(conn, wanted, after, visit.now, most + 1):
        for hit in _seen(visit, conn, filters, one.found):
            if len(hits) == most:
                last = hits[-1].said
                more = Mark(last.recorded_at, last.message_id)
                return Looked(hits, more, seconds=clock.monotonic() - began)
            hits.append(hit)
        if one.to is None:
            break
        if clock.monotonic() - began >= budget:
            return Looked(hits, one.to, one.to.at, clock.monotonic() - began)
    return Looked(hits, seconds=clock.monotonic() - began)


def wanted_of(visit: Visit, filters: Filters) -> Wanted:
    """What is read of the ledger: at least all that they may see of it."""
    person = visit.person
    sides = {
        side: [name for by in group for name in by.names]
        for side, group in groupby(sorted(filters.partners), lambda by: by.side)
    }
    whole = [one for one in person.authorities if sees_all(person, one)]
    return Wanted(
        whole=None if "*" in whole else whole,
        own=visit.whose.agency,
        references=filters.references,
        types=filters.types,
        states=[state.value for state in filters.states],
        priorities=[priority.value for priority in filters.priorities],
        senders=sides.get(Side.FROM, ()),
        receivers=sides.get(Side.TO, ()),
        either=sides.get(Side.EITHER, ()),
        begins=filters.begins,
        ends=filters.ends,
    )


def _seen(visit: Visit, conn: Connection, filters: Filters, found: Sequence[Said]) -> Iterable[Hit]:
    """Of messages that were read, what this person may see and what, seen so, is meant."""
    if not found:
        return
    own, _ = seen(visit, outline(conn, found))
    sent, journeys = defaultdict[str, list[Sent]](list), defaultdict[str, list[Handover]](list)
    for delivered in own.deliveries:
        sent[delivered.message_id].append(delivered)
    for journey in own.journeys:
        journeys[journey.message_id].append(journey)
    for said in own.messages:
        hit = _hit(visit, said, sent[said.message_id], journeys[said.message_id])
        if filters.states and not filters.states & set(hit.states):
            continue
        if all(_on(side, filters, hit) for side in Side):
            yield hit


def _on(side: Side, filters: Filters, hit: Hit) -> bool:
    """Whether a partner that is asked for is on its side, as far as this person may see."""
    names = {name for by in filters.partners if by.side is side for name in by.names}
    there = {*(() if side is Side.TO else (hit.said.partner,))}
    there |= {*(() if side is Side.FROM else hit.to)}
    return not names or bool(names & there)


def _hit(visit: Visit, said: Said, sent: Sequence[Sent], journeys: Sequence[Handover]) -> Hit:
    states = tuple(stands(said, sent, journeys, visit.now))
    to = dict.fromkeys(one.partner for one in sent)
    return Hit(said, tuple(to), states, _words(visit, said, sent, journeys, states))


def stands(
    said: Said, sent: Iterable[Sent], journeys: Iterable[Handover], now: datetime
) -> list[State]:
    """Every state that a message is in, the most pressing first. Pure."""
    found = {_OF_DELIVERY[one.state] for one in sent if one.state in _OF_DELIVERY}
    if found & {State.STOPPED, State.WAITING}:
        found.discard(State.DELIVERED)
    for one in journeys:
        if one.state in LATE.get(one.machine, ()) and one.due_at and one.due_at < now:
            found.add(State.LATE)
        if one.machine == "handover" and one.state in _OF_CUSTODY:
            found.add(_OF_CUSTODY[one.state])
    if said.conflict_of and said.state != "cleared":
        found.add(State.CONFLICT)
    if said.state in _OF_MESSAGE:
        found.add(_OF_MESSAGE[said.state])
    if not said.planned:
        found.add(State.NOWHERE)
    return sorted(found, key=lambda state: (state not in _WORST, list(State).index(state)))


def _words(
    visit: Visit,
    said: Said,
    sent: Sequence[Sent],
    journeys: Sequence[Handover],
    states: Sequence[State],
) -> Parts:
    """The sentence about what is most pressing."""
    name = visit.desk.title
    if State.STOPPED in states:
        return delivery(next(one for one in sent if one.state in _STOPPED), name)
    if asked := [one for one in journeys if one.machine == "handover"]:
        return handover(min(asked, key=lambda one: one.state in HELD), name)
    if sent:
        return delivery(min(sent, key=lambda one: one.state == "delivered"), name)
    return (to_nobody(said.none_reason, said.type, name) if said.none_reason else "Recorded",)


def mark_of(text: str) -> Mark | None:
    """Where a look goes on, as a page's link says it; raises `Stop`."""
    if not text:
        return None
    moment, _, message_id = text.partition("~")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not message_id or len(message_id) > 80:
        raise Stop(400, "That is no place in a list", "Begin at the beginning of the list.")
    return Mark(found, message_id)


def text_of(mark: Mark | None) -> str:
    """A mark as `mark_of` reads it."""
    return f"{mark.at.isoformat()}~{mark.message_id}" if mark else ""
