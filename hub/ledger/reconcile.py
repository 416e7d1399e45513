"""What was owned and what was planned is accounted for to the last one, or the missing ones are named.

Two equations, from the ledger alone. Per source every part that we took (what accepted parcels
list, what came on the road whose parcel did not, what nobody could read, what was not ours) is a
message, a repeat, quarantined, stuck or not ours. Per delivery every planned one is in one place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Connection

from hub.ledger.write import each, rows

if TYPE_CHECKING:
    from hub.settings import Settings

_HELD_BY_PEOPLE = ("inbox", "call")
SHOWN = 20
"""Names of each kind that the command prints."""
WIDE = 100
"""Columns in which the figures stand without being cut, also where there is no terminal."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of one parcel, as the partner sent it once."""

    parcel_id: str | None
    message_id: str


@dataclass(frozen=True, slots=True)
class Source:
    """The first equation, for one partner.

    `acknowledged` is what edges counted as owned; `refused` and `unable` were never owned.
    """

    partner: str
    owned: int
    messages: int
    repeats: int
    quarantined: int
    not_ours: int
    stuck: tuple[Part, ...]
    missing: tuple[Part, ...]
    acknowledged: int
    refused: int
    unable: int
    repaired: int = 0
    """Of the owned, what a person corrected and no edge took"""

    @property
    def unheard(self) -> int:
        """Acknowledged by an edge, and nowhere in the ledger."""
        return max(0, self.acknowledged - (self.owned - self.not_ours - self.repaired))

    @property
    def balanced(self) -> bool:
        """Nothing that we own is missing."""
        found = self.messages + self.repeats + self.quarantined + self.not_ours + len(self.stuck)
        return self.owned == found and not self.unheard


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The second equation; `uneven` messages have another number of deliveries than was planned,
    `unexplained` ones have none and do not say why."""

    planned: int
    delivered: int
    under_way: int
    for_a_person: int
    withheld: int
    withdrawn: int
    expired: int
    abandoned: int
    uneven: tuple[str, ...]
    unexplained: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Every planned delivery is in one place, and every message has one or says why not."""
        found = self.delivered + self.under_way + self.for_a_person + self.withheld
        found += self.withdrawn + self.expired + self.abandoned
        return self.planned == found and not self.uneven and not self.unexplained


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Both equations at one moment."""

    sources: tuple[Source, ...]
    deliveries: Deliveries

    @property
    def balanced(self) -> bool:
        """Nothing vanished."""
        return self.deliveries.balanced and all(source.balanced for source in self.sources)


@dataclass(slots=True)
class _Books:
    """What one partner's sources say, gathered before it is compared."""

    parts: set[Part] = field(default_factory=set)
    """Every part we took, once for each parcel it came in."""
    twins: int = 0
    """Parts that a parcel held twice."""
    settled: Counter[Part] = field(default_factory=Counter)
    """Parts that stand as a message or as a repeat."""
    messages: int = 0
    repeats: int = 0
    quarantined: int = 0
    stuck: set[str] = field(default_factory=set)
    tally: Counter[str] = field(default_factory=Counter)
    repaired: int = 0


def reconcile(conn: Connection) -> Reconciled:
    """Computes both equations; read it in one transaction."""
    books: dict[str, _Books] = defaultdict(_Books)
    _recorded(conn, books)
    _parcels(conn, books)
    _stuck(conn, books)
    _tallies(conn, books)
    sources = tuple(_source(name, books[name]) for name in sorted(books))
    return Reconciled(sources, _deliveries(conn))


def _recorded(conn: Connection, books: dict[str, _Books]) -> None:
    arrived = "select partner, parcel_id, message_id from message where parcel_id is not null"
    for row in each(conn, arrived):
        book = books[row.partner]
        book.messages += 1
        book.settled[Part(row.parcel_id, row.message_id)] += 1
    again = (
        "select m.partner, r.parcel_id, r.message_id from repeat r"
        " join message m on m.message_id = r.message_id where m.parcel_id is not null"
    )
    for row in each(conn, again):
        book = books[row.partner]
        book.repeats += 1
        book.settled[Part(row.parcel_id, row.message_id)] += 1
    for book in books.values():
        book.parts.update(book.settled)


def _parcels(conn: Connection, books: dict[str, _Books]) -> None:
    for row in each(conn, "select partner, parcel_id, state, messages, corrects from parcel"):
        book = books[row.partner]
        if row.state != "accepted":
            book.quarantined += 1
            continue
        listed = orjson.loads(row.messages)
        book.parts.update(Part(row.parcel_id, message) for message in listed)
        book.twins += len(listed) - len(set(listed))
        if row.corrects is not None:
            book.repaired += len(listed)


def _stuck(conn: Connection, books: dict[str, _Books]) -> None:
    """Messages kept as stuck or parked; whoever they came from says so in the clear."""
    kept = "select reason, headers from stuck where topic like 'flows.%' or topic = 'immediate'"
    for row in each(conn, kept):
        headers = dict(orjson.loads(row.headers))
        if row.reason.startswith(("stuck:", "parked:")) and headers.get("ce_id"):
            books[headers.get("ce_partner", "")].stuck.add(headers["ce_id"])


def _tallies(conn: Connection, books: dict[str, _Books]) -> None:
    counted = (
        "select partner, sum(owned) as owned, sum(not_ours) as not_ours, sum(refused) as refused,"
        " sum(unable) as unable from tally group by partner"
    )
    for row in each(conn, counted):
        names = ("owned", "not_ours", "refused", "unable")
        books[row.partner].tally.update({name: int(getattr(row, name)) for name in names})


def _source(partner: str, book: _Books) -> Source:
    lost = [part for part in book.parts if part not in book.settled]
    known = {part.message_id for part in book.parts}
    stuck = [part for part in lost if part.message_id in book.stuck]
    stuck += [Part(None, message) for message in book.stuck - known]
    missing = [part for part in lost if part.message_id not in book.stuck]
    alone = len(book.stuck - known)
    not_ours = book.tally["not_ours"]
    return Source(
        partner,
        owned=len(book.parts) + book.twins + alone + book.quarantined + not_ours,
        messages=book.messages,
        repeats=book.repeats + book.twins,
        quarantined=book.quarantined,
        not_ours=not_ours,
        stuck=_sorted(stuck),
        missing=_sorted(missing),
        acknowledged=book.tally["owned"],
        refused=book.tally["refused"],
        unable=book.tally["unable"],
        repaired=book.repaired,
    )


def _sorted(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: (part.parcel_id or "", part.message_id)))


def _deliveries(conn: Connection) -> Deliveries:
    states: Counter[str] = Counter()
    by_state = "select state, transport, count(*) as n from delivery group by state, transport"
    for row in rows(conn, by_state):
        offered_to_people = row.state == "offered" and row.transport in _HELD_BY_PEOPLE
        states["needs_person" if offered_to_people else row.state] += row.n
    planned = rows(conn, "select coalesce(sum(planned), 0) as n from message")[0].n
    uneven = (
        "select m.message_id from message m left join delivery d on d.message_id = m.message_id"
        " group by m.message_id, m.planned having count(d.delivery_id) <> m.planned order by 1"
    )
    silent = (
        "select message_id from message where planned = 0 and coalesce(none_reason, '') = ''"
        " order by 1"
    )
    return Deliveries(
        planned=int(planned),
        delivered=states["delivered"],
        under_way=states["waiting"] + states["under_way"] + states["offered"],
        for_a_person=states["needs_person"] + states["outcome_unknown"],
        withheld=states["withheld"],
        withdrawn=states["withdrawn"],
        expired=states["expired"],
        abandoned=states["abandoned"],
        uneven=tuple(row.message_id for row in rows(conn, uneven)),
        unexplained=tuple(row.message_id for row in rows(conn, silent)),
    )


def reconcile_command(settings: "Settings") -> int:
    """`hub ledger reconcile`: prints both equations; 0 where they balance, else 1."""
    from hub.ledger.read.there import ledger_there
    from hub.ledger.session import at_one_moment

    with ledger_there(settings.ledger_url) as engine, at_one_moment(engine) as conn:
        found = reconcile(conn)
    _show(found)
    return 0 if found.balanced else 1


def _show(found: Reconciled) -> None:
    from rich.console import Console
    from rich.table import Table

    out = Console(highlight=False)
    out.width = max(out.width, WIDE)
    named = ("owned", "messages", "repeats", "quarantined", "not ours", "stuck", "missing")
    table = Table("source", *named, "refused", "unable", box=None, pad_edge=False)
    for one in found.sources:
        figures = (one.owned, one.messages, one.repeats, one.quarantined, one.not_ours)
        beside = (len(one.stuck), len(one.missing) + one.unheard, one.refused, one.unable)
        table.add_row(one.partner, *map(str, (*figures, *beside)))
    out.print(table)
    sent = found.deliveries
    states = ("delivered", "under_way", "for_a_person", "withheld", "withdrawn", "expired")
    terms = ("planned", *states, "abandoned")
    table = Table(*(term.replace("_", " ") for term in terms), box=None, pad_edge=False)
    table.add_row(*(str(getattr(sent, term)) for term in terms))
    out.print()
    out.print(table)
    for sentence in _wrong(found):
        out.print(sentence, soft_wrap=True)
    out.print("Both equations balance." if found.balanced else "They do not balance.")


def _wrong(found: Reconciled) -> Iterable[str]:
    for one in found.sources:
        for part in one.stuck[:SHOWN]:
            yield f"stuck: message {part.message_id} of {one.partner}, parcel {part.parcel_id}"
        for part in one.missing[:SHOWN]:
            yield f"missing: message {part.message_id} of {one.partner}, parcel {part.parcel_id}"
        if one.unheard:
            yield f"missing: {one.unheard} of {one.partner} that an edge acknowledged"
    for message in found.deliveries.uneven[:SHOWN]:
        yield f"message {message} has another number of deliveries than was planned"
    for message in found.deliveries.unexplained[:SHOWN]:
        yield f"message {message} has no delivery and does not say why"
