"""What a person must act on, holds, keeps, or sees late with others is told apart once, for every page."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.frame import Visit
from hub.desk.shown import words
from hub.desk.shown.paged import FAR, Page, Place, begin, end, page
from hub.desk.whose import concerning, everything_of, facts, handover_facts
from hub.ledger.read.calls import Call, number_of_calls, open_calls
from hub.ledger.read.handovers import SENDER_MUST, Handover, open_handovers, receivers
from hub.ledger.read.sentences import Parts
from hub.ledger.read.stands import stands
from hub.ledger.read.waits import MOST, Narrowed, late, number_late


@dataclass(frozen=True, slots=True)
class Item:
    """One line of what waits."""

    id: str
    what: str
    reference: str
    priority: str
    source: str
    since: datetime
    due_at: datetime | None
    link: str
    parts: Parts = ()
    test: bool = False
    conflict: bool = False
    verb: str = "Open"
    held_since: datetime | None = None

    @property
    def place(self) -> Place:
        """Where it stands among others: what is due first comes first."""
        return self.due_at or FAR, self.since, self.id


@dataclass(frozen=True, slots=True)
class Custody:
    """Open handovers, as they concern who reads."""

    waiting: list[Handover]
    holding: list[Handover]
    kept: list[Handover]
    """late, and theirs still: nobody took it in time"""
    late: list[Handover]
    """late with others, and known to them because they had it, or sent it"""


def custody(visit: Visit, conn: Connection) -> Custody:
    """What waits for this person, what they hold, what their team keeps because nobody took it
    in time, and what they know to be late with others."""
    read = open_handovers(conn, visit.authorities, visit.whose)
    to = receivers(conn, [one.message_id for one in read])
    sorted_ = Custody([], [], [], [])
    for one in read:
        about = handover_facts(visit.desk.directory, one, to[one.message_id])
        asked = one.state in SENDER_MUST
        theirs = asked and visit.may(Action.REPLY, about)
        mine = one.holder == visit.person.name
        if one.held or (mine and one.passed_on and not asked):
            if mine:
                sorted_.holding.append(one)
        elif theirs or (not asked and visit.may(Action.ANSWER, about)):
            sorted_.waiting.append(one)
        elif one.due_at and one.due_at < visit.now and visit.may(Action.SEE, about):
            own = visit.may(Action.REPLY, about)
            (sorted_.kept if own else sorted_.late).append(one)
    return sorted_


def late_elsewhere(
    visit: Visit, conn: Connection, own: Custody, most: int, after: str = ""
) -> Page[Item]:
    """What is late with others, longest first, and how much of it there is (`MOST` + 1: more).

    It is read by the ledger's own order, a few at a time: there may be thousands.
    """
    everywhere = everything_of(visit.person)
    mine = [one.journey_id for one in (*own.waiting, *own.holding, *own.kept)]
    asked = [Narrowed(everywhere, mine)] if everywhere != [] else []
    known: list[Handover] = []
    if everywhere is not None:
        known = [one for one in own.late if one.authority not in everywhere]
        asked += _sent_by_them(visit, everywhere)
    last = begin(after)
    since = (last[0], last[2]) if last else None
    found = [one for one in known if since is None or _order(one) > since]
    for which in asked:
        found += late(conn, visit.now, which, most + 1, since)
    found.sort(key=_order)
    number = len(known) + sum(number_late(conn, visit.now, which) for which in asked)
    rows = [item(visit, one) for one in found[:most]]
    more = end(rows[-1].place) if len(found) > most else ""
    return Page(rows, min(number, MOST + 1), more, last is None)


def _order(one: Handover) -> tuple[datetime, str]:
    return one.due_at or FAR, one.journey_id


def _sent_by_them(visit: Visit, everywhere: list[str]) -> list[Narrowed]:
    """Referrals and discussions that came from them, where they see no others; each in one of these only."""
    senders: dict[str, set[str]] = {}
    for grant in visit.person.grants:
        if grant.authority not in everywhere:
            alone = replace(visit.person, grants=(grant,))
            if own := concerning(visit.desk.directory, alone).own:
                senders.setdefault(grant.authority, set()).update(own)
    anywhere = senders.pop("*", set())
    found = [
        Narrowed([authority], (), own - anywhere, handovers=False)
        for authority, own in senders.items()
    ]
    if anywhere:
        found.append(Narrowed(None, (), anywhere, handovers=False, outside=everywhere))
    return found


def item(visit: Visit, one: Handover) -> Item:
    """A handover as a line."""
    return Item(
        one.journey_id,
        words.title(one.type),
        one.reference,
        one.priority,
        visit.desk.title(one.sender),
        one.opened_at,
        one.due_at,
        f"/message/{one.message_id}",
        stands(one, visit.desk.title),
        one.test,
        bool(one.conflict_of),
        held_since=one.changed_at if one.held else None,
    )


def waiting(visit: Visit, conn: Connection, own: Custody, most: int, after: str = "") -> Page[Item]:
    """Some of what waits for who reads, and whom they may ring because something does not get through.

    Of the calls no more are read than a page may show: there may be thousands.
    """
    mine, last = calls_of(visit, conn), begin(after)
    behind = (0, *last) if last else None
    ring = open_calls(conn, mine, most + 1, behind, by_rank=False)
    both: list[Handover | Call] = [*own.waiting, *ring]
    some_of = page(both, _place, after, most)
    number = len(own.waiting) + sum(mine.values())
    return _lines(visit, replace(some_of, number=number))


def calls_of(visit: Visit, conn: Connection) -> dict[str, int]:
    """The authorities whose calls this person may take, and how many there are of each."""
    return {
        authority: number
        for authority, number in number_of_calls(conn, visit.authorities).items()
        if visit.may(Action.TAKE_CALL, facts(visit.desk.directory, authority))
    }


def some(visit: Visit, found: list[Handover], most: int, after: str = "") -> Page[Item]:
    """Some of a list, as lines."""
    return _lines(visit, page(found, _place, after, most))


def _lines(visit: Visit, chosen: Page[Any]) -> Page[Item]:
    lines = [
        _call(visit, one) if isinstance(one, Call) else item(visit, one) for one in chosen.rows
    ]
    return Page(lines, chosen.number, chosen.next, chosen.begun)


def _place(one: Handover | Call) -> Place:
    if isinstance(one, Call):
        return one.place
    return one.due_at or FAR, one.opened_at, one.journey_id


def _call(visit: Visit, one: Call) -> Item:
    return Item(
        one.delivery_id,
        f"Ring {visit.desk.title(one.partner)}",
        one.reference,
        one.priority,
        visit.desk.title(one.sender),
        one.created_at,
        one.due_at,
        f"/calls/{one.delivery_id}",
        (f"{words.capital(one.reason)}: {words.title(one.type)} does not get through",),
        verb="Call sheet",
    )
