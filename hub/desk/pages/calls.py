"""A call sheet says whom to ring and what for, and is done only when somebody with a name and a role took it."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.desk.shown.paged import MOST, Page, begin, end, no_page
from hub.desk.waiting import calls_of
from hub.desk.whose import facts
from hub.ledger.read.calls import Call, call, open_calls

router = APIRouter(include_in_schema=False)


@router.get("/calls")
def calls(visit: Reader, act: str = "", after: str = "") -> HTMLResponse:
    """Whom to ring now, the most pressing first."""
    # Who may take none would read that nobody need be rung.
    visit.must(Action.TAKE_CALL)
    with visit.desk.ledger.connect() as conn:
        found = to_ring(visit, conn, after)
        done = done_before(visit, conn, act)
    return visit.page("calls.html", sheets=_sheets(visit, found), done=done)


@router.get("/calls/{delivery_id}")
def one_sheet(visit: Reader, delivery_id: str) -> HTMLResponse:
    """One call sheet, wherever it stands on the list, or what became of it."""
    one = _call(visit, delivery_id)
    visit.must(Action.TAKE_CALL, facts(visit.desk.directory, one.authority))
    open_ = [one] if one.state == "offered" else []
    return visit.page("call.html", sheets=_sheets(visit, Page(open_, len(open_))), one=one)


def _sheets(visit: Visit, found: Page[Call]) -> Page[dict[str, object]]:
    rows = [{"one": one, "whom": whom(visit, one)} for one in found.rows]
    return Page(rows, found.number, found.next, found.begun)


def to_ring(visit: Visit, conn: Connection, after: str = "", most: int = MOST) -> Page[Call]:
    """The calls that this person may take, a page at a time."""
    rank, _, place = after.partition("~")
    last = begin(place)
    if after and (last is None or not rank.isdecimal()):
        raise no_page()
    mine = calls_of(visit, conn)
    found = open_calls(conn, mine, most + 1, (int(rank), *last) if last else None)
    more = f"{found[most - 1].rank}~{end(found[most - 1].place)}" if len(found) > most else ""
    return Page(found[:most], sum(mine.values()), more, last is None)


def whom(visit: Visit, one: Call) -> dict[str, str]:
    """Who is rung, and under which number."""
    partner = visit.desk.directory.get(one.partner)
    sheet = partner.call if partner else None
    return {
        "title": visit.desk.title(one.partner),
        "who": sheet.who if sheet else "",
        "phone": one.phone or (sheet.phone if sheet else ""),
    }


@router.post("/calls/{delivery_id}/taken", response_model=None)
async def taken(
    visit: Actor,
    delivery_id: str,
    version: Version = 0,
    name: Annotated[str, Form(max_length=120)] = "",
    role: Annotated[str, Form(max_length=120)] = "",
    phone: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Who took the call: a name and a role, or nobody has."""
    one = await asyncio.to_thread(_call, visit, delivery_id)
    by = visit.must(Action.TAKE_CALL, facts(visit.desk.directory, one.authority))
    body = {
        "name": needs(name, "The name of whoever took the call", 2),
        "role": needs(role, "Their role", 2),
        "phone": phone.strip() or None,
        "at": visit.now.isoformat(),
    }
    act = Act(
        "delivery.taken_by_phone",
        delivery_id,
        visit.person,
        by,
        one.authority,
        version,
        body=body,
    )
    return await do(visit, act, "/calls")


def _call(visit: Visit, delivery_id: str) -> Call:
    with visit.desk.ledger.connect() as conn:
        found = call(conn, delivery_id)
    if found is None:
        raise nothing_here()
    return found
