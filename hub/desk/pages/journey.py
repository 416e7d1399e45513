"""Where a message is, who has it and what they said is one page that prints as evidence."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action, Facts, Grant
from hub.desk.asks import asks
from hub.desk.content import Shown, shown
from hub.desk.doing import done_before, inbox_receipts, message_act, recorded
from hub.desk.frame import Actor, Reader, Stop, Visit, nothing_here
from hub.desk.search.found import mark_of, text_of
from hub.desk.shown.labelled import labelled
from hub.desk.sight import message_facts, openable, part_of_case, seen
from hub.desk.whose import sees_all
from hub.journeys.notice import NOTICE
from hub.journeys.reconvening import RECONVENING
from hub.ledger.audit import verify
from hub.ledger.read.handovers import Handover
from hub.ledger.read.journey import Said, Way, message_way
from hub.ledger.read.stands import stands
from hub.ledger.read.timeline import REFUSED, Event, timeline
from hub.ledger.session import at_one_moment
from hub.ledger.write import rows
from hub.seal import Keyring

router = APIRouter(include_in_schema=False)
MOST_VERIFIED = 2000
"""Entries of a chain that are checked while a page is drawn; longer ones have a page for it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What the audit says of a case, at this moment."""

    case_ref: str
    entries: int
    broken: str | None
    checked: bool


@router.get("/message/{message_id}")
def message(visit: Reader, message_id: str, act: str = "") -> HTMLResponse:
    """The journey of one message, with what it asks of whoever reads."""
    with visit.desk.ledger.connect() as conn:
        return _message(visit, conn, message_id, done=done_before(visit, conn, act))


@router.post("/message/{message_id}/content")
async def content(
    visit: Actor, message_id: str, why: Annotated[str, Form(max_length=200)] = ""
) -> HTMLResponse:
    """Content, after the act of opening it is in Kafka; closed while Kafka is away."""
    reason = why.strip()
    if not reason:
        raise Stop(400, "Say why you open it", "Go back, choose a reason, and open it again.")
    try:
        way, said, by = await read_now(visit, message_id, reason)
    except Stop as stop:
        if stop.status != 503:
            raise
        return await asyncio.to_thread(_closed, visit, message_id)
    return await asyncio.to_thread(_opened, visit, message_id, way, said, by)


async def read_now(visit: Visit, message_id: str, reason: str) -> tuple[Way, Said, Grant]:
    """A message that this person reads now: Kafka has the act, and the receipt for what was theirs."""
    way, said, by = await asyncio.to_thread(openable, visit, message_id)
    act = message_act("content.opened", visit, by, said, reason, {"why": reason})
    mine = await asyncio.to_thread(inbox_receipts, visit, said.message_id, act)
    await recorded(visit, act, beside=mine)
    return way, said, by


def _opened(visit: Visit, message_id: str, way: Way, said: Said, by: Grant) -> HTMLResponse:
    with visit.desk.ledger.connect() as conn:
        sent = [one for one in way.deliveries if one.message_id == message_id]
        found = shown(visit.desk, conn, said, sent, by)
        open_now = replace(found, body=labelled(said.type, said.version, found.body))
        return _message(visit, conn, message_id, content=open_now)


def _closed(visit: Visit, message_id: str) -> HTMLResponse:
    with visit.desk.ledger.connect() as conn:
        return _message(visit, conn, message_id, refused=True, status=503)


def _message(
    visit: Visit,
    conn: Connection,
    message_id: str,
    *,
    content: Shown | None = None,
    refused: bool = False,
    done: Any = None,
    status: int = 200,
) -> HTMLResponse:
    way = message_way(conn, message_id)
    if way is None:
        raise nothing_here()
    own, hidden = seen(visit, way)
    said = next((one for one in own.messages if one.message_id == message_id), None)
    if said is None:
        raise nothing_here()
    known = message_facts(visit.desk, way, said)
    events = timeline(own, visit.desk.title, words=_keys(visit, known))
    return visit.page(
        "message.html",
        status,
        said=said,
        events=events,
        refusal=next((one.said for one in reversed(events) if one.parts == REFUSED), ""),
        hidden=hidden,
        custody=[_custody(visit, one) for one in own.journeys if one.message_id == message_id],
        may_open=visit.may(Action.OPEN_CONTENT, known),
        may_tell=visit.may(Action.TAKE_CALL, known) and _untold(own, message_id),
        may_clear=bool(said.conflict_of)
        and said.state in ("recorded", "conflict")
        and visit.may(Action.CLEAR, known),
        asks=asks(visit, conn, message_id, own.journeys),
        chain=_chain(conn, said.case_ref) if sees_all(visit.person, said.authority) else None,
        due_at=_due(own, said),
        labels=orjson.loads(said.labels) if visit.may(Action.OPEN_CONTENT, known) else [],
        content=content,
        content_refused=refused,
        done=done,
    )


def _untold(own: Way, message_id: str) -> bool:
    """Whether it is a notice that does not reach its referrer: a person may tell them."""
    return any(_is_notice(one, message_id) and one.state == "undeliverable" for one in own.journeys)


def _is_notice(one: Handover, message_id: str) -> bool:
    return one.machine == NOTICE.name and one.message_id == message_id


def _keys(visit: Visit, known: Facts) -> Keyring | None:
    """What opens the words that were spoken at the desk, for who may open content."""
    return visit.desk.keys if visit.may(Action.OPEN_CONTENT, known) else None


def _due(own: Way, said: Said) -> datetime | None:
    """The deadline that still runs: of who must accept it now, else the message's own.

    A notice's journey says its own, as long as it is owed.
    """
    if any(_is_notice(one, said.message_id) for one in own.journeys):
        return None
    asked = [j for j in own.journeys if _asks(j, said.message_id)]
    left = [one.due_at for one in asked if not one.held and not one.ended and one.due_at]
    return min(left, default=None) if asked else said.due_at


def _asks(one: Handover, message_id: str) -> bool:
    return one.machine == "handover" and one.message_id == message_id


def _custody(visit: Visit, one: Handover) -> dict[str, Any]:
    parts = stands(one, visit.desk.title)
    if one.machine != "handover":
        owed = one.state in NOTICE.owed | RECONVENING.owed
        past = owed and one.due_at is not None and one.due_at < visit.now
        late = past or (one.machine == NOTICE.name and one.state == "undeliverable")
        mood = "late" if late else "soon" if owed else "calm"
        return {"one": one, "parts": parts, "mood": mood, "due": one.due_at if owed else None}
    late = one.state in ("overdue", "escalated", "undeliverable")
    mood = "calm" if one.held or one.ended else "late" if late else "soon"
    return {"one": one, "parts": parts, "mood": mood, "due": None}


@router.get("/case/{case_ref}")
def case(visit: Reader, case_ref: str, before: str = "") -> HTMLResponse:
    """What was said about one child with one authority, in order: the newest, and all that is open."""
    with at_one_moment(visit.desk.ledger) as conn:
        part = part_of_case(visit, conn, case_ref, mark_of(before))
        own = part.way
        first = own.messages[0]
        chain = _chain(conn, case_ref) if sees_all(visit.person, first.authority) else None
        known = message_facts(visit.desk, own, first)
        events: Iterable[Event] = timeline(own, visit.desk.title, words=_keys(visit, known))
    return visit.page(
        "case.html",
        case_ref=case_ref,
        authority=first.authority,
        events=events,
        part=part,
        earlier=text_of(part.next),
        newest=not before,
        custody=[_custody(visit, one) for one in own.journeys],
        chain=chain,
    )


def _chain(conn: Connection, case_ref: str) -> Chain:
    found = rows(conn, "select audit_seq from case_file where case_ref = :ref", ref=case_ref)
    entries = found[0].audit_seq if found else 0
    if entries > MOST_VERIFIED:
        return Chain(case_ref, entries, None, False)
    broken = next(verify(conn, [case_ref]), None)
    return Chain(case_ref, entries, f"entry {broken.seq}: {broken.why}" if broken else None, True)
