"""A referrer to whom no notice gets through is told by a person, who says here whom they told."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Response

from hub.desk.access import Action, Grant
from hub.desk.doing import do, message_act, needs
from hub.desk.frame import Actor, Visit, nothing_here
from hub.desk.sight import message_facts, seen
from hub.ledger.read.journey import Said, message_way

router = APIRouter(include_in_schema=False)

Words = Annotated[str, Form(max_length=120)]


@router.post("/message/{message_id}/told", response_model=None)
async def told(visit: Actor, message_id: str, name: Words = "", role: Words = "") -> Response:
    """Who was told, by name and role."""
    said, by = await asyncio.to_thread(_notice, visit, message_id)
    body = {
        "told": needs(name, "The name of whoever was told", 2),
        "told_role": needs(role, "Their role", 2),
    }
    return await do(
        visit, message_act("notice.told", visit, by, said, "", body), f"/message/{message_id}"
    )


def _notice(visit: Visit, message_id: str) -> tuple[Said, Grant]:
    with visit.desk.ledger.connect() as conn:
        way = message_way(conn, message_id)
    own = seen(visit, way)[0] if way else None
    said = (
        next((one for one in own.messages if one.message_id == message_id), None) if own else None
    )
    if way is None or said is None:
        raise nothing_here()
    return said, visit.must(Action.TAKE_CALL, message_facts(visit.desk, way, said))
