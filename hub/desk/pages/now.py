"""The first page answers three questions in words: what waits for me, what is late, what is broken."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk import words
from hub.desk.access import Action
from hub.desk.frame import Reader, Visit
from hub.desk.states import Standing, partner_line
from hub.desk.whose import facts, handover_facts
from hub.ledger.read.calls import open_calls
from hub.ledger.read.failed import failed_deliveries, held_messages, stuck_records, unread_parcels
from hub.ledger.read.handovers import (
    SENDER_MUST,
    Handover,
    late_handovers,
    late_journeys,
    open_handovers,
    receivers,
)
from hub.ledger.read.incidents import open_incidents
from hub.ledger.read.partners import standings
from hub.ledger.read.sentences import Parts, handover

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of what waits."""

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


@dataclass(frozen=True, slots=True)
class Custody:
    """Open handovers, as they concern who reads."""

    waiting: list[Handover]
    holding: list[Handover]
    kept: list[Handover]
    late: list[Handover]


def custody(visit: Visit, conn: Connection) -> Custody:
    """What waits for this person, what they hold, what their team keeps because nobody took it
    in time, and what is late with others."""
    read = late_handovers(conn, visit.now, visit.authorities)
    read += open_handovers(conn, visit.authorities, visit.whose)
    far = datetime.max.replace(tzinfo=visit.now.tzinfo)
    once = {one.journey_id: one for one in read}.values()
    found = sorted(once, key=lambda one: (one.due_at or far, one.opened_at))
    to = receivers(conn, [one.message_id for one in found])
    sorted_ = Custody([], [], [], [])
    for one in found:
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


@router.get("/")
def now(visit: Reader) -> HTMLResponse:
    """The start page."""
    desk, road = visit.desk, visit.may(Action.SEE_ROAD)
    counted = desk.counts.latest(visit.now) if road else None
    with desk.ledger.connect() as conn:
        own = custody(visit, conn)
        items = [_item(visit, one) for one in own.waiting]
        items += _calls(visit, conn)
        chores = _chores(visit, conn)
        late = [_item(visit, one) for one in own.late]
        late += [
            _item(visit, one)
            for one in late_journeys(conn, visit.now, visit.authorities)
            if visit.may(Action.SEE, facts(desk.directory, one.authority, senders=[one.sender]))
        ]
        wrong = open_incidents(conn) if road else []
        names = [partner.partner for partner in desk.directory]
        stand = standings(conn, visit.now, names, counted.partners) if counted else {}
    far = datetime.max.replace(tzinfo=visit.now.tzinfo)
    items.sort(key=lambda item: (item.due_at or far, item.since))
    lines: list[Standing] = [
        partner_line(partner, stand[partner.partner], visit.now)
        for partner in desk.directory
        if partner.partner in stand
    ]
    return visit.page(
        "now.html",
        items=items,
        chores=chores,
        holding=[_item(visit, one) for one in own.holding],
        kept=[_item(visit, one) for one in own.kept],
        late=late,
        wrong=[one for one in wrong if one.kind not in ("overdue",)],
        partners=lines,
        day=counted.day(visit.authorities) if counted else None,
        counted_at=counted.at if counted else None,
        road=road,
    )


def _item(visit: Visit, one: Handover) -> Item:
    return Item(
        words.title(one.type),
        one.reference,
        one.priority,
        visit.desk.title(one.sender),
        one.opened_at,
        one.due_at,
        f"/message/{one.message_id}",
        handover(one, visit.desk.title) if one.machine == "handover" else (),
        one.test,
        bool(one.conflict_of),
        held_since=one.changed_at if one.held else None,
    )


def _calls(visit: Visit, conn: Connection) -> list[Item]:
    return [
        Item(
            f"Ring {visit.desk.title(one.partner)}",
            one.reference,
            one.priority,
            visit.desk.title(one.sender),
            one.created_at,
            one.due_at,
            f"/calls#{one.delivery_id}",
            (f"{words.capital(one.reason)}: {words.title(one.type)} does not get through",),
            verb="Call sheet",
        )
        for one in open_calls(conn, visit.authorities)
        if visit.may(
            Action.TAKE_CALL, facts(visit.desk.directory, one.authority, priority=one.priority)
        )
    ]


def _chores(visit: Visit, conn: Connection) -> list[tuple[str, str]]:
    """What only somebody with such a role can move on, counted, with where to go."""
    found = []
    mine = visit.authorities
    if visit.may(Action.RETRY) and (number := len(failed_deliveries(conn, mine))):
        found.append((words.count(number, "delivery", "deliveries") + " stopped", "/failed"))
    if visit.may(Action.HANDLE_PARCEL) and (number := len(unread_parcels(conn))):
        found.append((words.count(number, "parcel") + " nobody could read", "/failed#unread"))
    if visit.may(Action.UNSTICK) and (number := len(stuck_records(conn))):
        found.append((words.count(number, "record") + " stuck", "/failed#stuck"))
    since = visit.now - timedelta(days=2)
    if visit.may(Action.MATCH) and (number := len(held_messages(conn, since, mine))):
        noun = words.count(number, "message")
        found.append((f"{noun} to look at: early, uncertain or in conflict", "/failed#held"))
    return found
