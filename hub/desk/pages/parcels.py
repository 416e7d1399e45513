"""Bytes that nobody could read are opened only by a recorded act, and show where reading stopped."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs, recorded
from hub.desk.frame import Actor, Reader, Stop, Visit
from hub.desk.repair.mending import bytes_of, why_not
from hub.desk.shown.place import Line, marked
from hub.desk.sight import parcel_facts, parcel_of
from hub.ledger.read.failed import Unread

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """Bytes as lines, with the offending place marked; None where they are gone."""

    lines: tuple[Line, ...] | None


@router.get("/parcel/{parcel_id}")
def one_parcel(visit: Reader, parcel_id: str, act: str = "") -> HTMLResponse:
    """What is known of a parcel without opening it."""
    one = parcel_of(visit, parcel_id)
    with visit.desk.ledger.connect() as conn:
        done = done_before(visit, conn, act)
    return _page(visit, one, done=done)


def _page(visit: Visit, one: Unread, status: int = 200, **more: Any) -> HTMLResponse:
    about = parcel_facts(visit, one)
    visit.must(Action.SEE_ROAD, about)
    facts = {"done": None, "opened": None, "refused": False} | more
    return visit.page(
        "parcel.html",
        status,
        one=one,
        may_open=visit.may(Action.OPEN_PARCEL, about),
        may_handle=visit.may(Action.HANDLE_PARCEL, about),
        may_repair=visit.may(Action.REPAIR, about),
        why_no_repair=why_not(visit, one),
        **facts,
    )


@router.post("/parcel/{parcel_id}/bytes")
async def content(
    visit: Actor, parcel_id: str, why: Annotated[str, Form(max_length=200)] = ""
) -> HTMLResponse:
    """The bytes, after the act of opening them is in Kafka."""
    reason = needs(why, "Why you open it")
    one = await asyncio.to_thread(parcel_of, visit, parcel_id)
    try:
        await read_now(visit, one, reason)
    except Stop as stop:
        if stop.status != 503:
            raise
        return await asyncio.to_thread(_page, visit, one, 503, refused=True)
    return await asyncio.to_thread(_opened, visit, one)


async def read_now(visit: Visit, one: Unread, reason: str) -> Unread:
    """Bytes that this person reads now: Kafka has the act."""
    about = parcel_facts(visit, one)
    by = visit.must(Action.OPEN_PARCEL, about)
    act = Act(
        "content.opened",
        one.parcel_id,
        visit.person,
        by,
        about.authority,
        0,
        reason,
        {"why": reason},
    )
    await recorded(visit, act)
    return one


def _opened(visit: Visit, one: Unread) -> HTMLResponse:
    text = bytes_of(visit, one.parcel_id)
    lines = None if text is None else tuple(marked(text, one.place or ""))
    return _page(visit, one, opened=Opened(lines))


@router.post("/parcel/{parcel_id}/claim", response_model=None)
async def claim(visit: Actor, parcel_id: str) -> Response:
    """Looks after it, so that it is kept beyond its time."""
    one = await asyncio.to_thread(parcel_of, visit, parcel_id)
    about = parcel_facts(visit, one)
    by = visit.must(Action.HANDLE_PARCEL, about)
    act = Act("parcel.claimed", parcel_id, visit.person, by, about.authority)
    return await do(visit, act, f"/parcel/{parcel_id}")


@router.post("/parcel/{parcel_id}/close", response_model=None)
async def close(
    visit: Actor, parcel_id: str, reason: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Ends its entry, and says why."""
    one = await asyncio.to_thread(parcel_of, visit, parcel_id)
    about = parcel_facts(visit, one)
    by = visit.must(Action.HANDLE_PARCEL, about)
    why = needs(reason, "Why it is closed")
    act = Act(
        "parcel.closed", parcel_id, visit.person, by, about.authority, 0, why, {"reason": why}
    )
    return await do(visit, act, f"/parcel/{parcel_id}")
