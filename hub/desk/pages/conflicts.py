"""Two messages under one reference are looked at side by side, and a named person says which stands."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from hub.desk.access import Action, Grant
from hub.desk.content import Shown, shown
from hub.desk.doing import do, message_act, needs, recorded
from hub.desk.frame import Actor, Visit, nothing_here
from hub.desk.shown.compare import Compared, compared
from hub.desk.shown.labelled import labelled
from hub.desk.sight import message_facts, openable
from hub.ledger.read.journey import Said, Way, message_way
from hub.ledger.write import rows

router = APIRouter(include_in_schema=False)
WHY = "to clear a conflict"
CORRECTED = "to see what was corrected"

_Opened = tuple[Way, Said, Grant]


@router.post("/message/{message_id}/compare")
async def compare(visit: Actor, message_id: str) -> HTMLResponse:
    """Both contents side by side, after the acts of opening them are in Kafka."""
    both = await opened(visit, message_id)
    return await asyncio.to_thread(_side_by_side, visit, both)


async def opened(visit: Visit, message_id: str) -> tuple[_Opened, _Opened]:
    """The two, once Kafka has that this person reads them."""
    both = await asyncio.to_thread(_both, visit, message_id)
    why = CORRECTED if both[1][1].corrects else WHY
    made = [
        message_act("content.opened", visit, by, said, why, {"why": why}) for _, said, by in both
    ]
    await recorded(visit, *made)
    return both


@router.post("/message/{message_id}/clear", response_model=None)
async def clear(
    visit: Actor,
    message_id: str,
    end: Annotated[Literal["both_stand", "second_stands", "first_stands"], Form()],
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Which of the two stands, and why."""
    said, by = await asyncio.to_thread(_in_conflict, visit, message_id)
    why = needs(reason, "What you found")
    act = message_act("conflict.cleared", visit, by, said, why, {"end": end, "reason": why})
    return await do(visit, act, f"/message/{message_id}")


def _in_conflict(visit: Visit, message_id: str) -> tuple[Said, Grant]:
    with visit.desk.ledger.connect() as conn:
        way = message_way(conn, message_id)
    said = (
        next((one for one in way.messages if one.message_id == message_id), None) if way else None
    )
    if way is None or said is None or not said.conflict_of:
        raise nothing_here()
    known = message_facts(visit.desk, way, said)
    if not visit.may(Action.SEE, known):
        raise nothing_here()
    return said, visit.must(Action.CLEAR, known)


def _both(visit: Visit, message_id: str) -> tuple[_Opened, _Opened]:
    """The earlier one, and the one that came under its reference, or that corrects it."""
    with visit.desk.ledger.connect() as conn:
        found = rows(conn, "select corrects from message where message_id = :id", id=message_id)
    corrects = found[0].corrects if found else None
    first = corrects or _in_conflict(visit, message_id)[0].conflict_of or ""
    return openable(visit, first), openable(visit, message_id)


def side_by_side(visit: Visit, both: tuple[_Opened, _Opened]) -> tuple[Compared, str, list[str]]:
    """What differs in what they may read; why nothing is shown, if so; what is withheld of either."""
    first, second = (_content(visit, one) for one in both)
    found = compared(
        labelled(both[0][1].type, both[0][1].version, first.body),
        labelled(both[1][1].type, both[1][1].version, second.body),
    )
    withheld = sorted({path for path, *_ in (*first.left_out, *second.left_out)})
    return found, first.closed or second.closed, withheld


def _side_by_side(visit: Visit, both: tuple[_Opened, _Opened]) -> HTMLResponse:
    found, closed, withheld = side_by_side(visit, both)
    return visit.page(
        "conflict.html",
        first=both[0][1],
        said=both[1][1],
        found=found,
        closed=closed,
        withheld=len(withheld),
    )


def _content(visit: Visit, one: _Opened) -> Shown:
    way, said, by = one
    sent = [sent for sent in way.deliveries if sent.message_id == said.message_id]
    with visit.desk.ledger.connect() as conn:
        return shown(visit.desk, conn, said, sent, by)
