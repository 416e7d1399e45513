"""What is wrong now and who looks at it, and what was wrong lately; a person closes what nothing else would."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action, Grant
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.desk.shown.paged import MOST, Page, Place, begin, end
from hub.ledger.read.incidents import (
    Wrong,
    closed_incidents,
    how_many,
    how_many_closed,
    incident,
    open_incidents,
)

router = APIRouter(include_in_schema=False)


@router.get("/incidents")
def incidents(visit: Reader, act: str = "", after: str = "") -> HTMLResponse:
    """Open ones, newest first, and the last day's closed ones."""
    visit.must(Action.SEE_ROAD)
    since = visit.now - timedelta(days=1)
    may_claim = visit.may(Action.CLAIM_INCIDENT)
    with visit.desk.ledger.connect() as conn:
        return visit.page(
            "incidents.html",
            wrong=open_now(conn, after),
            over=closed_incidents(conn, since),
            over_count=how_many_closed(conn, since),
            done=done_before(visit, conn, act),
            may_claim=may_claim,
            may_close=visit.may(Action.CLOSE_INCIDENT),
            me=_name(visit, visit.must(Action.CLAIM_INCIDENT)) if may_claim else "",
        )


def open_now(conn: Connection, after: str = "", most: int = MOST) -> Page[Wrong]:
    """What is wrong now, a page at a time."""
    last = begin(after)
    found = open_incidents(conn, most + 1, after=(last[1], last[2]) if last else None)
    more = end(_place(found[most - 1])) if len(found) > most else ""
    return Page(found[:most], how_many(conn), more, last is None)


@router.post("/incidents/{incident_id}/claim", response_model=None)
async def claim(
    visit: Actor, incident_id: str, over: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Others see who looks at it; refused where somebody else took it since the person looked."""
    await asyncio.to_thread(_incident, visit, incident_id)
    by = visit.must(Action.CLAIM_INCIDENT)
    body = {"over": over} if over else {}
    act = Act("incident.claimed", incident_id, visit.person, by, body=body)
    return await do(visit, act, "/incidents")


@router.post("/incidents/{incident_id}/release", response_model=None)
async def release(visit: Actor, incident_id: str) -> Response:
    """Nobody looks at it any more."""
    await asyncio.to_thread(_incident, visit, incident_id)
    by = visit.must(Action.CLAIM_INCIDENT)
    return await do(visit, Act("incident.released", incident_id, visit.person, by), "/incidents")


@router.post("/incidents/{incident_id}/close", response_model=None)
async def close(
    visit: Actor,
    incident_id: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Ends it, and says why; refused where it happened again since the person looked."""
    await asyncio.to_thread(_incident, visit, incident_id)
    by = visit.must(Action.CLOSE_INCIDENT)
    why = needs(reason, "Why it is over")
    body = {"reason": why}
    act = Act("incident.closed", incident_id, visit.person, by, None, version, why, body)
    return await do(visit, act, "/incidents")


def _place(one: Wrong) -> Place:
    return one.first_seen, one.first_seen, one.incident_id


def _name(visit: Visit, by: Grant) -> str:
    """Name and role, as the ledger has who has it."""
    return f"{visit.person.name}, {by.role.value.replace('_', ' ')}"


def _incident(visit: Visit, incident_id: str) -> Wrong:
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = incident(conn, incident_id)
    if found is None:
        raise nothing_here()
    return found
