"""What nobody could read is corrected as text, looked at line by line, and goes through the door again."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from connectors.written import as_bytes, as_text
from hub.desk.access import Action, Grant
from hub.desk.acts import Act
from hub.desk.doing import do, needs, recorded
from hub.desk.frame import Actor, Stop, Visit
from hub.desk.repair.mending import (
    bytes_of,
    difference,
    reads,
    shown,
    speaks_of,
    why_not,
)
from hub.desk.shown.place import marked
from hub.desk.sight import parcel_facts, parcel_of
from hub.ledger.read.failed import Unread

router = APIRouter(include_in_schema=False)
WHY = "to correct it and send it as new"
TO_COMPARE = "to see what was corrected"
Text = Annotated[str, Form(max_length=200_000)]
Reason = Annotated[str, Form(max_length=400)]


@router.post("/parcel/{parcel_id}/repair")
async def begin(visit: Actor, parcel_id: str, text: Text = "", reason: Reason = "") -> HTMLResponse:
    """The text in a form, after the act of opening it is in Kafka."""
    one, before = await opened(visit, parcel_id)
    return await asyncio.to_thread(_form, visit, one, before, text, reason)


@router.post("/parcel/{parcel_id}/repair/change")
async def look(visit: Actor, parcel_id: str, text: Text = "", reason: Reason = "") -> HTMLResponse:
    """Before and after, line by line, or the form again with what the door would say."""
    one, before = await opened(visit, parcel_id)
    return await asyncio.to_thread(_look, visit, one, before, text, reason)


@router.post("/parcel/{parcel_id}/repair/send", response_model=None)
async def send(visit: Actor, parcel_id: str, text: Text = "", reason: Reason = "") -> Response:
    """The act: it goes through the door again as it stands here."""
    one, by = await asyncio.to_thread(mendable, visit, parcel_id)
    why = needs(reason, "Why it is corrected")
    needs(text, "The text", 1)
    body = {"text": text, "reason": why}  # As it stands: spaces and line ends are somebody's, too.
    authority = parcel_facts(visit, one).authority
    act = Act("parcel.repaired", parcel_id, visit.person, by, authority, 0, why, body)
    return await do(visit, act, f"/parcel/{parcel_id}")


@router.post("/parcel/{parcel_id}/compare")
async def compare(visit: Actor, parcel_id: str) -> HTMLResponse:
    """As it came and as it was corrected, after the acts of opening both are in Kafka."""
    found = await compared(visit, parcel_id)
    return await asyncio.to_thread(visit.page, "parcel_compare.html", **found)


async def compared(visit: Visit, parcel_id: str) -> dict[str, Any]:
    """The two of them and what differs; their readings are recorded."""
    one = await asyncio.to_thread(parcel_of, visit, parcel_id)
    about = parcel_facts(visit, one)
    by = visit.must(Action.OPEN_PARCEL, about)
    first = one.corrects or one.parcel_id
    second = one.parcel_id if one.corrects else one.corrected_by
    if second is None:
        raise Stop(409, "Nobody has corrected it", "There is nothing to compare it with.")
    made = [
        Act("content.opened", name, visit.person, by, about.authority, 0, TO_COMPARE, {"why": TO_COMPARE})
        for name in (first, second)
    ]  # fmt: skip
    await recorded(visit, *made)
    bodies = [await asyncio.to_thread(bytes_of, visit, name) for name in (first, second)]
    before, after = bodies
    if before is None or after is None:
        rows = None
    else:
        speaks = await asyncio.to_thread(speaks_of, visit, one)
        rows = difference(shown(speaks, before), shown(speaks, after))
    return {"one": one, "first": first, "second": second, "rows": rows}


def mendable(visit: Visit, parcel_id: str) -> tuple[Unread, Grant]:
    """A parcel that they may correct, and by which grant; refuses the page where they may not."""
    one = parcel_of(visit, parcel_id)
    about = parcel_facts(visit, one)
    visit.must(Action.OPEN_PARCEL, about)
    by = visit.must(Action.REPAIR, about)
    why = why_not(visit, one)
    if why is not None:
        raise Stop(409, "It is not corrected here", f"{why[0].upper()}{why[1:]}.")
    return one, by


async def opened(visit: Visit, parcel_id: str) -> tuple[Unread, bytes]:
    """The bytes, once Kafka has that this person reads them."""
    one, by = await asyncio.to_thread(mendable, visit, parcel_id)
    authority = parcel_facts(visit, one).authority
    act = Act("content.opened", parcel_id, visit.person, by, authority, 0, WHY, {"why": WHY})
    await recorded(visit, act)
    before = await asyncio.to_thread(bytes_of, visit, parcel_id)
    if before is None:
        raise Stop(409, "The bytes are gone: their time was over", "Its sender must send it anew.")
    return one, before


def _look(visit: Visit, one: Unread, before: bytes, text: str, reason: str) -> HTMLResponse:
    found = reads(visit, one, before, text)
    wrong: dict[str, str] = {}
    if found.same:
        wrong["text"] = "Nothing is different so far"
    elif found.wrong:
        wrong["text"] = ": ".join(filter(None, (found.place, found.wrong)))
    if len(reason.strip()) < 3:
        wrong["reason"] = "Say why it is corrected, and who told you"
    if wrong:
        return _form(visit, one, before, text, reason, wrong)
    speaks = speaks_of(visit, one)
    after = as_bytes(speaks, text, before)
    return visit.page(
        "parcel_change.html",
        one=one,
        rows=difference(shown(speaks, before), shown(speaks, after)),
        messages=found.messages,
        text=text,
        reason=reason.strip(),
    )


def _form(
    visit: Visit,
    one: Unread,
    before: bytes,
    text: str,
    reason: str,
    wrong: dict[str, str] | None = None,
) -> HTMLResponse:
    lines = [line for line in marked(before, one.place or "") if line.bad]
    return visit.page(
        "parcel_repair.html",
        400 if wrong else 200,
        one=one,
        bad=lines,
        text=text or as_text(speaks_of(visit, one), before),
        reason=reason,
        wrong=wrong or {},
    )
