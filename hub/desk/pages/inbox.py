"""A team without a system accepts, asks or refuses here, and sees truthfully who holds what."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action, Facts
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, inbox_receipts, needs, to_act_on
from hub.desk.frame import Actor, Reader, Stop, Version, Visit
from hub.desk.shown.paged import FAR, Place, newest, page
from hub.desk.whose import handover_facts
from hub.ledger.read.handovers import (
    MOST_ENDED,
    Handover,
    Receiver,
    ended_since,
    open_handovers,
    receivers,
)
from hub.ledger.read.sentences import handover

router = APIRouter(include_in_schema=False)
ANSWERS = ("accepted", "queried", "refused")


LISTS = ("waiting", "held", "ended")
MOST, FEW = 40, 15
"""Lines of one list, whose rows have forms; and of the others on the page of what waits."""


@router.get("/inbox")
def inbox(visit: Reader, act: str = "", only: str = "", after: str = "") -> HTMLResponse:
    """What waits for my team, who holds what, and what ended since yesterday; `only` one of them."""
    shown = {only: MOST} if only in LISTS else {"waiting": MOST, "held": FEW, "ended": FEW}
    with visit.desk.ledger.connect() as conn:
        found, cut = standing(visit, conn, shown)
        done = done_before(visit, conn, act)
    order = {"waiting": _due, "held": _due, "ended": _newest}
    pages = {name: page(found[name], order[name], after, most) for name, most in shown.items()}
    rows = {name: [_row(visit, one) for one in found.rows] for name, found in pages.items()}
    return visit.page("inbox.html", pages=pages, rows=rows, done=done, cut=cut)


def standing(
    visit: Visit, conn: Connection, shown: Collection[str] = LISTS
) -> tuple[dict[str, list["Mine"]], bool]:
    """What is `waiting`, `held` and `ended`; and whether more ended than is read."""
    opened = open_handovers(conn, visit.authorities, visit.whose) if set(shown) != {"ended"} else []
    since = visit.now - timedelta(days=1)
    ended = ended_since(conn, since, visit.authorities, visit.whose) if "ended" in shown else []
    mine = _mine(visit, conn, opened)
    lists = {
        "waiting": [one for one in mine if one.answers and _waits(one)],
        "held": [one for one in mine if one.one.held or one.gives],
        "ended": _mine(visit, conn, ended),
    }
    return lists, len(ended) >= MOST_ENDED


@dataclass(frozen=True, slots=True)
class Mine:
    """A handover of my team, and what it is to them."""

    one: Handover
    about: Facts
    answers: bool
    gives: bool
    mine: bool
    """held, or passed on, by who reads"""


def _due(mine: Mine) -> Place:
    return mine.one.due_at or FAR, mine.one.opened_at, mine.one.journey_id


def _newest(mine: Mine) -> Place:
    """What ended last comes first."""
    return newest(mine.one.changed_at, mine.one.journey_id)


def _waits(mine: Mine) -> bool:
    """Whether somebody must accept it: not who passes it on to a colleague."""
    one = mine.one
    return not one.held and one.state != "refused" and not (one.passed_on and mine.mine)


def _mine(visit: Visit, conn: Connection, found: Iterable[Handover]) -> list[Mine]:
    """What was sent to my team, or passed on from it and not accepted since."""
    known = list(found)
    to = receivers(conn, [one.message_id for one in known])
    rows = [_of(visit, one, to[one.message_id]) for one in known]
    return [row for row in rows if row.answers or row.gives]


def _of(visit: Visit, one: Handover, to: list[Receiver]) -> Mine:
    about = handover_facts(visit.desk.directory, one, to)
    return Mine(
        one,
        about,
        visit.may(Action.ANSWER, about),
        one.passed_on and any(g.is_of(about.holders) for g in visit.person.grants),
        one.holder == visit.person.name,
    )


def _row(visit: Visit, mine: Mine) -> dict[str, Any]:
    """What is written of one."""
    one, about = mine.one, mine.about
    return {
        "one": one,
        "from": visit.desk.title(one.sender),
        "parts": handover(one, visit.desk.title),
        "mine": mine.mine,
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
