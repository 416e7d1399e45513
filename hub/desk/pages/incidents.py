"""What is wrong now, and what was wrong lately, each once, closed by a person where nothing else would."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.ledger.read.incidents import Wrong, closed_incidents, incident, open_incidents

router = APIRouter(include_in_schema=False)


@router.get("/incidents")
def incidents(visit: Reader, act: str = "") -> HTMLResponse:
    """Open ones, newest first, and the last day's closed ones."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        wrong = open_incidents(conn)
        over = closed_incidents(conn, visit.now - timedelta(days=1))
        done = done_before(visit, conn, act)
    may_close = visit.may(Action.CLOSE_INCIDENT)
    return visit.page("incidents.html", wrong=wrong, over=over, done=done, may_close=may_close)


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


def _incident(visit: Visit, incident_id: str) -> Wrong:
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = incident(conn, incident_id)
    if found is None:
        raise nothing_here()
    return found
