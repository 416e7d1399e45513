"""What is tried again in bulk has a page that says who asked, why, how far it is, and how to stop it."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action, reach
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Stop, Visit, nothing_here, see_other
from hub.desk.pages.failed import group_of
from hub.desk.shown.causes import Group
from hub.ids import fresh
from hub.ledger.read.redrives import Fates, Redrive, fates, redrive, refused, still_waiting

router = APIRouter(include_in_schema=False)


@router.post("/failed/retry", response_model=None)
async def start(
    visit: Actor,
    key: Annotated[str, Form(max_length=40)],
    which: Annotated[Literal["chosen", "all"], Form()],
    as_of: Annotated[datetime, Form()],
    delivery: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Tries the chosen ones of a cause again, or all that had stopped for it when the page was read."""
    by = visit.must(Action.RETRY)
    why = needs(reason, "Why they should go again")
    chosen = list(dict.fromkeys(delivery or ()))
    if which == "chosen" and not chosen:
        raise Stop(
            400,
            "Nothing was chosen, so nothing was done",
            "Tick the deliveries that should go again.",
        )
    one = await asyncio.to_thread(_group, visit, key)
    if one.kind == "review":
        raise Stop(
            409,
            "What the disclosure policy holds does not go again in bulk",
            "Open each one: a duty or service manager releases it, or withholds it.",
        )
    body = {
        "partner": one.partner,
        "cause": one.words,
        "causes": list(one.reasons),
        "state": "outcome_unknown" if one.kind == "unknown" else "needs_person",
        "as_of": min(as_of.astimezone(visit.now.tzinfo), visit.now).isoformat(),
        "deliveries": chosen if which == "chosen" else None,
        "authorities": reach(visit.person, Action.RETRY),
        "reason": why,
    }
    name = fresh()
    act = Act("redrive.started", name, visit.person, by, None, 0, why, body, name)
    return await do(visit, act, f"/redrives/{name}")


@router.get("/failed/retry")
def nowhere(visit: Reader) -> Response:
    """No cause has this name: who loads the address of what was refused sees what stopped."""
    return see_other("/failed")


@router.get("/redrives/{redrive_id}")
def shown(visit: Reader, redrive_id: str, act: str = "") -> HTMLResponse:
    """How far it is; before the ledger has it, that too is said."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        done = done_before(visit, conn, act)
        one = seen(visit, conn, redrive_id)
        if one is None and done is None:
            raise nothing_here()
        went = fates(conn, redrive_id) if one else Fates()
        left = still_waiting(conn, redrive_id) if one else 0
        return visit.page(
            "redrive.html",
            one=one,
            went=went,
            refused=refused(conn, redrive_id, visit.authorities) if one else [],
            may_stop=visit.may(Action.RETRY),
            can_stop=bool(one and not one.stopped_by and (left or not one.ended_at)),
            done=done,
        )


@router.post("/redrives/{redrive_id}/stop", response_model=None)
async def stop(
    visit: Actor, redrive_id: str, reason: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Leaves what has not gone out so far as it was."""
    by = visit.must(Action.RETRY)
    why = needs(reason, "Why it should stop")
    await asyncio.to_thread(_known, visit, redrive_id)
    body = {"reason": why}
    act = Act("redrive.stopped", redrive_id, visit.person, by, None, 0, why, body)
    return await do(visit, act, f"/redrives/{redrive_id}")


def _group(visit: Visit, key: str) -> Group:
    with visit.desk.ledger.connect() as conn:
        found = group_of(visit, conn, key)
    if found is None:
        raise Stop(
            409,
            "Nothing waits for that cause any more, so nothing was done",
            "Somebody else has seen to it. Look at the list of what stopped again.",
        )
    return found


def _known(visit: Visit, redrive_id: str) -> Redrive:
    with visit.desk.ledger.connect() as conn:
        found = seen(visit, conn, redrive_id)
    if found is None:
        raise nothing_here()
    return found


def seen(visit: Visit, conn: Connection, redrive_id: str) -> Redrive | None:
    """One of them, if any of it may be of their authorities."""
    found = redrive(conn, redrive_id)
    return found if found and found.concerns(visit.authorities) else None
