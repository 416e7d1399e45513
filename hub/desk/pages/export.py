"""What leaves the desk as a file is what its reader may see, and who took it out is noted before it leaves."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from hub import clock
from hub.broker import Unable
from hub.desk import acts
from hub.desk.access import Action, Allowed, may
from hub.desk.acts import Act
from hub.desk.doing import KAFKA_AWAY
from hub.desk.frame import Actor, Stop, Visit, nothing_here
from hub.desk.search.filters import Filters
from hub.desk.search.found import look, understood
from hub.desk.shown.sheet import Cut, as_csv, as_json
from hub.desk.shown.told import Happened, Incident, Message, Stopped, civil
from hub.desk.sight import seen
from hub.ids import fresh
from hub.ledger.read.failed import failed_deliveries
from hub.ledger.read.incidents import closed_incidents, open_incidents
from hub.ledger.read.journey import WHOLE, Way, case_way, message_way
from hub.ledger.read.timeline import timeline

router = APIRouter(include_in_schema=False)

MOST = 10_000
"""Rows of one file."""
LONGEST = 30.0
"""Seconds that a file may take to be made."""
_AT_ONCE = 200
Format = Annotated[Literal["csv", "json"], Form()]


@dataclass(frozen=True)
class Export:
    """A file: what it is called, of what it is, and what makes its rows while it is sent."""

    name: str
    what: str
    kind: type[BaseModel]
    rows: Callable[[Cut], Iterator[BaseModel]]
    subject: str = ""
    authority: str | None = None
    kept: str = ""
    """What the audit says of it, where that is less."""


@router.post("/export/messages", response_model=None)
async def messages(
    visit: Actor, form: Format, q: Annotated[str, Form(max_length=1000)] = ""
) -> StreamingResponse:
    """What a search finds, newest first."""
    filters = understood(visit, q).filters
    if not filters:
        raise Stop(400, "Nothing was asked for", "Search first, then take out what was found.")

    def found(cut: Cut) -> Iterator[BaseModel]:
        return _found(visit, filters, cut)

    what, kept = (f"messages: {words}"[:500] for words in (filters.words, filters.kept))
    return await _hand_out(visit, form, Export("messages", what, Message, found, kept=kept))


@router.post("/export/failed", response_model=None)
async def failed(visit: Actor, form: Format) -> StreamingResponse:
    """Deliveries that wait for a person."""
    visit.must(Action.SEE_ROAD)

    def found(cut: Cut) -> Iterator[BaseModel]:
        with visit.desk.ledger.connect() as conn:
            stopped = failed_deliveries(conn, visit.authorities, MOST)
        cut.why = _only(MOST) if len(stopped) == MOST else ""
        yield from map(Stopped.of, stopped)

    return await _hand_out(visit, form, Export("failed", "deliveries that stopped", Stopped, found))


@router.post("/export/incidents", response_model=None)
async def incidents(visit: Actor, form: Format) -> StreamingResponse:
    """What is wrong and, as far as the ledger keeps it, what was."""
    visit.must(Action.SEE_ROAD)

    def found(cut: Cut) -> Iterator[BaseModel]:
        with visit.desk.ledger.connect() as conn:
            closed = closed_incidents(conn, visit.now.replace(year=1970), MOST)
            wrong = [*open_incidents(conn, MOST), *closed]
        cut.why = _only(MOST) if len(closed) == MOST else ""
        yield from (Incident.of(visit.desk, one) for one in wrong)

    return await _hand_out(visit, form, Export("incidents", "incidents", Incident, found))


@router.post("/export/message/{message_id}", response_model=None)
async def journey(visit: Actor, message_id: str, form: Format) -> StreamingResponse:
    """A message's journey, as evidence."""
    return await _journey(visit, form, "message", message_id, message_way)


@router.post("/export/case/{case_ref}", response_model=None)
async def case(visit: Actor, case_ref: str, form: Format) -> StreamingResponse:
    """A case's journey, as evidence."""
    return await _journey(
        visit, form, "case", case_ref, lambda conn, name: case_way(conn, name, WHOLE)
    )


async def _journey(
    visit: Visit,
    form: Format,
    kind: str,
    name: str,
    read: Callable[[Connection, str], Way | None],
) -> StreamingResponse:
    own = await asyncio.to_thread(own_way, visit, name, read)

    def found(cut: Cut) -> Iterator[BaseModel]:
        cut.why = f"Only the newest {WHOLE:,} messages of it are here" if own.cut else ""
        return happened(visit, own)

    authority = own.messages[0].authority
    what = f"journey of {kind} {name}"
    return await _hand_out(
        visit, form, Export(f"journey-{kind}", what, Happened, found, name, authority)
    )


def own_way(visit: Visit, name: str, read: Callable[[Connection, str], Way | None]) -> Way:
    """What of a journey this person may see; refuses where that is nothing."""
    with visit.desk.ledger.connect() as conn:
        way = read(conn, name)
    if way is None:
        raise nothing_here()
    own, _ = seen(visit, way)
    hidden = {one.message_id for one in way.messages} - {one.message_id for one in own.messages}
    if not own.messages or name in hidden:
        raise nothing_here()
    return own


def happened(visit: Visit, own: Way) -> Iterator[Happened]:
    """The rows of a journey, without what was said in confidence."""
    for event in timeline(own, visit.desk.title, words=None):
        yield from Happened.of(event)


def _found(visit: Visit, filters: Filters, cut: Cut) -> Iterator[Message]:
    until, after, count = clock.monotonic() + LONGEST, None, 0
    while True:
        with visit.desk.ledger.connect() as conn:
            page = look(visit, conn, filters, after, min(_AT_ONCE, MOST - count))
        for hit in page.hits:
            yield Message.of(visit.desk, hit)
        count, after = count + len(page.hits), page.after
        if after is None:
            return
        if count >= MOST:
            cut.why = _only(MOST)
            return
        if clock.monotonic() >= until:
            cut.why = f"Only what came since {civil(after.at)} is here: ask for fewer days"
            return


def _only(count: int) -> str:
    return f"Only the newest {count:,} are here: ask for less, then for the rest"


async def _hand_out(visit: Visit, form: str, export: Export) -> StreamingResponse:
    """Once Kafka has the act, the file; nothing leaves unnoticed."""
    desk = visit.desk
    if not visit.person.grants:
        raise nothing_here()
    sees = may(visit.person, Action.SEE_ROAD)
    by = sees.by if isinstance(sees, Allowed) else visit.person.grants[0]
    body = {"what": export.kept or export.what, "format": form}
    act = Act(
        "export.made",
        export.subject or fresh(),
        visit.person,
        by,
        export.authority,
        body=body,
    )
    try:
        await desk.road.publish([acts.outbound(desk.keys, act)])
    except Unable:
        raise Stop(503, f"Nothing was taken out: {KAFKA_AWAY}", "Try again in a minute.") from None
    cut = Cut()
    rows = export.rows(cut)
    about = {
        "what": export.what,
        "exported_at": visit.now.isoformat(),
        "exported": civil(visit.now),
        "by": visit.person.name,
        "site": desk.settings.site,
    }
    lines = as_csv(export.kind, rows, cut) if form == "csv" else as_json(about, rows, cut)
    name = f"{export.name}-{clock.london(visit.now):%Y-%m-%d-%H%M}.{form}"
    return StreamingResponse(
        (line.encode() for line in lines),
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
        media_type="text/csv; charset=utf-8" if form == "csv" else "application/json",
    )
