"""What a partner cannot take is corrected in a form, looked at before and after, and sent as new.

Each page that shows content is recorded first. What was typed stands in the form and in the act,
and nowhere between.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from hub.broker import Unable
from hub.desk import acts
from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.amending import Field, changes, fields, mistakes
from hub.desk.compare import compared
from hub.desk.content import shown
from hub.desk.doing import do, message_act, needs, note_reading, reading_shown
from hub.desk.frame import Actor, Stop, Visit, nothing_here
from hub.desk.labelled import labelled
from hub.desk.pages.failed import known
from hub.desk.pages.journey import openable
from hub.ledger.content import open_content
from hub.ledger.read.failed import Failed, delivery
from hub.ledger.read.journey import Said
from schemas.amend import AMENDABLE, Path, Unamendable, amended

router = APIRouter(include_in_schema=False)
WHY = "to correct it and send it as new"


@dataclass(frozen=True)
class Open:
    """A stopped delivery's message, opened by who may correct it."""

    one: Failed
    said: Said
    fields: list[Field]
    shown: Mapping[str, Any]
    whole: Mapping[str, Any]
    withheld: int
    changes: list[tuple[Path, Any]] = field(default_factory=list)


@router.post("/delivery/{delivery_id}/repair")
async def begin(visit: Actor, delivery_id: str) -> HTMLResponse:
    """The form, after the act of opening the content is in Kafka; with what was typed so far."""
    found = await _opened(visit, delivery_id)
    posted = await _posted(visit)
    return await asyncio.to_thread(_form, visit, found, posted, {}, [])


@router.post("/delivery/{delivery_id}/repair/change")
async def look(visit: Actor, delivery_id: str) -> HTMLResponse:
    """Before and after, or the form again with what is wrong at its fields."""
    found = await _opened(visit, delivery_id)
    posted = await _posted(visit)
    made = changes(found.fields, posted)
    if not made:
        nothing = ["Nothing is different so far: change a field, or try it again as it is."]
        return await asyncio.to_thread(_form, visit, found, posted, {}, nothing)
    try:
        after = amended(found.whole, made)
        wrong, others = mistakes(
            found.fields, found.said.type, found.said.version, orjson.dumps(after)
        )
    except Unamendable as error:
        wrong, others = {}, [str(error).capitalize()]
    if len(posted.get("reason", "").strip()) < 3:
        wrong["reason"] = "Say why it is corrected"
    if wrong or others:
        return await asyncio.to_thread(_form, visit, found, posted, wrong, others)
    kind, version = found.said.type, found.said.version
    difference = compared(
        labelled(kind, version, found.shown),
        labelled(kind, version, amended(found.shown, made)),
    )
    named = {one.path: one for one in found.fields}
    return await asyncio.to_thread(
        visit.page,
        "repair_change.html",
        one=found.one,
        said=found.said,
        found=difference,
        kept=[(named[path].name, posted[named[path].name]) for path, _ in made],
        reason=posted["reason"].strip(),
        version=found.one.version,
    )


@router.post("/delivery/{delivery_id}/repair/send", response_model=None)
async def send(visit: Actor, delivery_id: str) -> Response:
    """The act: the corrected message takes the old one's place."""
    found = await asyncio.to_thread(_open, visit, delivery_id)
    posted = await _posted(visit)
    why = needs(posted.get("reason", ""), "Why it is corrected")
    made = changes(found.fields, posted)
    if not made:
        raise Stop(400, "Nothing is different", "Open the delivery again and change a field.")
    by = visit.must(Action.REPAIR, known(visit, found.one))
    seen = posted.get("version", "")
    version = int(seen) if seen.isdigit() and len(seen) < 10 else found.one.version
    said = [{"path": list(path), "value": value} for path, value in made]
    body = {"changes": said, "reason": why}
    act = Act(
        "delivery.repaired", delivery_id, visit.person, by, found.one.authority, version, why, body
    )
    return await do(visit, act, f"/message/{found.said.message_id}")


async def _posted(visit: Visit) -> dict[str, str]:
    form = await visit.request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def _opened(visit: Visit, delivery_id: str) -> Open:
    """The message, once Kafka has that this person reads it."""
    found = await asyncio.to_thread(_open, visit, delivery_id)
    _, said, by = await asyncio.to_thread(openable, visit, found.said.message_id)
    act = message_act("content.opened", visit, by, said, WHY, {"why": WHY})
    await asyncio.to_thread(note_reading, visit, act)
    try:
        await visit.desk.road.publish([acts.outbound(visit.desk.keys, act)])
    except Unable:
        raise Stop(
            503,
            "Content stays closed: Kafka did not confirm that your reading is recorded",
            "Nothing was changed. Try again in a minute; if it cannot wait, ring them.",
        ) from None
    await asyncio.to_thread(reading_shown, visit, act)
    return found


def _open(visit: Visit, delivery_id: str) -> Open:
    with visit.desk.ledger.connect() as conn:
        one = delivery(conn, delivery_id)
    if one is None:
        raise nothing_here()
    visit.must(Action.REPAIR, known(visit, one))
    if one.type not in AMENDABLE or one.reviewing:
        raise Stop(409, "This is not corrected here", "Ring its sender: they can send it anew.")
    if one.state not in ("needs_person", "outcome_unknown"):
        raise Stop(
            409,
            "It does not wait for anybody any more, so nothing was changed",
            "Somebody else has seen to it: its journey says who, and how.",
        )
    way, said, by = openable(visit, one.message_id)
    sent = [sent for sent in way.deliveries if sent.message_id == one.message_id]
    with visit.desk.ledger.connect() as conn:
        told = shown(visit.desk, conn, said, sent, by)
        if told.closed:
            raise Stop(409, told.closed, "Somebody else has to correct it, or ring the sender.")
        _, whole = open_content(conn, visit.desk.keys, one.message_id)
    found = fields(said.type, said.version, told.body, whole)
    return Open(one, said, found, told.body, whole, len(told.left_out))


def _form(
    visit: Visit,
    found: Open,
    posted: Mapping[str, str],
    wrong: Mapping[str, str],
    others: list[str],
) -> HTMLResponse:
    status = 400 if wrong or others else 200
    return visit.page(
        "repair.html",
        status,
        one=found.one,
        said=found.said,
        fields=[one for one in found.fields if one.given],
        empty=(empty := [one for one in found.fields if not one.given]),
        unfolded=any(one.name in wrong or posted.get(one.name) for one in empty),
        withheld=found.withheld,
        posted=posted,
        wrong=wrong,
        others=others,
    )
