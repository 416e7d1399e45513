"""A team without a system accepts, asks or refuses here, and sees truthfully who holds what."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, inbox_receipts, needs, to_act_on
from hub.desk.frame import Actor, Reader, Stop, Version, Visit
from hub.desk.whose import handover_facts
from hub.ledger.read.handovers import (
    Handover,
    Receiver,
    ended_since,
    open_handovers,
    receivers,
)
from hub.ledger.read.sentences import handover

router = APIRouter(include_in_schema=False)
ANSWERS = ("accepted", "queried", "refused")


@router.get("/inbox")
def inbox(visit: Reader, act: str = "") -> HTMLResponse:
    """What waits for my team, who holds what, and what ended since yesterday."""
    with visit.desk.ledger.connect() as conn:
        found = standing(visit, conn)
        done = done_before(visit, conn, act)
    return visit.page("inbox.html", 200, done=done, **found)


def standing(visit: Visit, conn: Connection) -> dict[str, list[dict[str, Any]]]:
    """What is `waiting`, `held` and `ended`, each with what this person may do with it."""
    mine = _mine(visit, conn, open_handovers(conn, visit.authorities, visit.whose))
    since = visit.now - timedelta(days=1)
    return {
        "waiting": [row for row in mine if row["answers"] and _waits(row)],
        "held": [row for row in mine if row["one"].held or row["gives"]],
        "ended": _mine(visit, conn, ended_since(conn, since, visit.authorities, visit.whose)),
    }


def _waits(row: Mapping[str, Any]) -> bool:
    """Whether somebody must accept it: not who passes it on to a colleague."""
    one: Handover = row["one"]
    giving = one.passed_on and row["mine"]
    return not one.held and one.state != "refused" and not giving


def _mine(visit: Visit, conn: Connection, found: Iterable[Handover]) -> list[dict[str, Any]]:
    """What was sent to my team, or passed on from it and not accepted since."""
    known = list(found)
    to = receivers(conn, [one.message_id for one in known])
    rows = [_row(visit, one, to[one.message_id]) for one in known]
    return [row for row in rows if row["answers"] or row["gives"]]


def _row(visit: Visit, one: Handover, to: list[Receiver]) -> dict[str, Any]:
    about = handover_facts(visit.desk.directory, one, to)
    return {
        "one": one,
        "from": visit.desk.title(one.sender),
        "parts": handover(one, visit.desk.title),
        "answers": visit.may(Action.ANSWER, about),
        "gives": one.passed_on and any(g.is_of(about.holders) for g in visit.person.grants),
        "mine": one.holder == visit.person.name,
        "may_recall": one.out and visit.may(Action.RECALL, about),
        "may_pass_on": one.held and visit.may(Action.REASSIGN, about),
        "may_finish": one.held and visit.may(Action.FINISH, about),
    }


@router.post("/message/{message_id}/answer", response_model=None)
async def answer(
    visit: Actor,
    message_id: str,
    say: Annotated[str, Form()],
    version: Version = 0,
    text: Annotated[str, Form(max_length=4000)] = "",
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Accept, ask or refuse; the ledger says who holds it."""
    if say not in ANSWERS:
        raise Stop(400, "That is not an answer", "Accept, ask a question, or refuse.")
    body: dict[str, Any] = {"answer": say}
    if say == "queried":
        body["text"] = needs(text, "Your question")
    if say == "refused":
        body["reason"] = needs(reason, "Why you refuse")
        body["text"] = text.strip() or None
    one, by = await asyncio.to_thread(to_act_on, visit, message_id, Action.ANSWER)
    why = body.get("reason") or body.get("text") or ""
    act = Act("handover.answered", message_id, visit.person, by, one.authority, version, why, body)
    opened = await asyncio.to_thread(inbox_receipts, visit, message_id, act)
    return await do(visit, act, f"/message/{message_id}", opened)


@router.post("/message/{message_id}/reply", response_model=None)
async def reply(
    visit: Actor,
    message_id: str,
    version: Version = 0,
    text: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Its sender answers the question; the receiver must accept, and the clock has not paused."""
    said = needs(text, "Your answer")
    one, by = await asyncio.to_thread(to_act_on, visit, message_id, Action.REPLY)
    body = {"answer": "answered", "text": said}
    act = Act("handover.answered", message_id, visit.person, by, one.authority, version, said, body)
    return await do(visit, act, f"/message/{message_id}")


@router.post("/message/{message_id}/withdraw", response_model=None)
async def withdraw(
    visit: Actor,
    message_id: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Its sender takes it back, while nobody holds it."""
    why = needs(reason, "Why you withdraw it")
    one, by = await asyncio.to_thread(to_act_on, visit, message_id, Action.WITHDRAW)
    act = Act(
        "handover.withdrawn",
        message_id,
        visit.person,
        by,
        one.authority,
        version,
        why,
        {"reason": why},
    )
    return await do(visit, act, f"/message/{message_id}")
