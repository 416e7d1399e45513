"""What is wrong now and who looks at it, and what was wrong lately; a person closes what nothing else would."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action, Grant
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.desk.pages.runbook import first
from hub.desk.shown.incident_history import history
from hub.desk.shown.paged import MOST, Page, Place, begin, end
from hub.ledger.read.acts import acts_on
from hub.ledger.read.incidents import (
    Wrong,
    closed_incidents,
    how_many,
    how_many_closed,
    incident,
    open_incidents,
    told,
)

router = APIRouter(include_in_schema=False)
FEW = 20
"""Closed ones that stand below the open ones; all are on pages of their own."""


@router.get("/incidents")
def incidents(visit: Reader, after: str = "") -> HTMLResponse:
    """Open ones, newest first, and the last of the day's closed ones."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        wrong, over = open_now(conn, after), closed_lately(conn, visit, most=FEW)
    return visit.page("incidents.html", wrong=wrong, over=over, **_may(visit))


@router.get("/incidents/closed")
def closed(visit: Reader, after: str = "") -> HTMLResponse:
    """All that was closed in the last day, newest first, a page at a time."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        over = closed_lately(conn, visit, after)
    return visit.page("incidents_closed.html", over=over)


@router.get("/incidents/{incident_id}")
def one_incident(visit: Reader, incident_id: str, act: str = "") -> HTMLResponse:
    """One, open or closed: its cause, who has it, what to do, and what became of it."""
    one = incident_of(visit, incident_id)
    with visit.desk.ledger.connect() as conn:
        done = done_before(visit, conn, act)
        past = history(one, told(conn, incident_id), acts_on(conn, incident_id), visit.desk)
    return visit.page(
        "incident.html",
        one=one,
        first=first(visit, one.kind),
        history=past,
        done=done,
        may_close=visit.may(Action.CLOSE_INCIDENT),
        **_may(visit),
    )


def _may(visit: Visit) -> dict[str, Any]:
    """Whether they may take one, and under which name the ledger would have it."""
    may = visit.may(Action.CLAIM_INCIDENT)
    me = _name(visit, visit.must(Action.CLAIM_INCIDENT)) if may else ""
    return {"may_claim": may, "me": me}


def closed_lately(conn: Connection, visit: Visit, after: str = "", most: int = MOST) -> Page[Wrong]:
    """What was closed in the last day, a page at a time."""
    since = visit.now - timedelta(days=1)
    last = begin(after)
    found = closed_incidents(conn, since, most + 1, (last[1], last[2]) if last else None)
    more = end(_ended(found[most - 1])) if len(found) > most else ""
    return Page(found[:most], how_many_closed(conn, since), more, last is None)


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
    await asyncio.to_thread(incident_of, visit, incident_id)
    by = visit.must(Action.CLAIM_INCIDENT)
    body = {"over": over} if over else {}
    act = Act("incident.claimed", incident_id, visit.person, by, body=body)
    return await do(visit, act, f"/incidents/{incident_id}")


@router.post("/incidents/{incident_id}/release", response_model=None)
async def release(visit: Actor, incident_id: str) -> Response:
    """Nobody looks at it any more."""
    await asyncio.to_thread(incident_of, visit, incident_id)
    by = visit.must(Action.CLAIM_INCIDENT)
    act = Act("incident.released", incident_id, visit.person, by)
    return await do(visit, act, f"/incidents/{incident_id}")


@router.post("/incidents/{incident_id}/close", response_model=None)
async def close(
    visit: Actor,
    incident_id: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Ends it, and says why; refused where it happened again since the person looked."""
    await asyncio.to_thread(incident_of, visit, incident_id)
    by = visit.must(Action.CLOSE_INCIDENT)
    why = needs(reason, "Why it is over")
    body = {"reason": why}
    act = Act("incident.closed", incident_id, visit.person, by, None, version, why, body)
    return await do(visit, act, f"/incidents/{incident_id}")


def _place(one: Wrong) -> Place:
    return one.first_seen, one.first_seen, one.incident_id


def _ended(one: Wrong) -> Place:
    moment = one.closed_at or one.last_seen
    return moment, moment, one.incident_id


def _name(visit: Visit, by: Grant) -> str:
    """Name and role, as the ledger has who has it."""
    return f"{visit.person.name}, {by.role.value.replace('_', ' ')}"


def incident_of(visit: Visit, incident_id: str) -> Wrong:
    """One, open or closed; refuses the page where there is none."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = incident(conn, incident_id)
    if found is None:
        raise nothing_here()
    return found
