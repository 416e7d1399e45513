"""What a partner cannot take is corrected in a form, looked at before and after, and sent as new.

Each page that shows content is recorded first. What was typed stands in the form and in the act,
and nowhere between.
"""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from hub.desk.doing import do, needs
from hub.desk.frame import Actor, Stop, Visit
from hub.desk.repair.amending import changes, unread
from hub.desk.repair.forms import Place, posted_by
from hub.desk.repair.repairing import Looked, Open, looked, opened, stopped

router = APIRouter(include_in_schema=False)
NOTHING_DIFFERS = "Nothing is different so far: change a field, or try it again as it is"
MOST_FIELDS = 5_000
_OURS = ("f.", "k.", "n.", "g.")


@router.post("/delivery/{delivery_id}/repair")
async def begin(visit: Actor, delivery_id: str) -> HTMLResponse:
    """The form, after the act of opening the content is in Kafka; with what was typed so far."""
    found = await opened(visit, delivery_id)
    posted = await _posted(visit)
    return await asyncio.to_thread(_form, visit, found, posted, Looked())


@router.post("/delivery/{delivery_id}/repair/change")
async def look(visit: Actor, delivery_id: str) -> HTMLResponse:
    """Before and after, or the form again with what is wrong at its fields."""
    found = await opened(visit, delivery_id)
    posted = await _posted(visit)
    return await asyncio.to_thread(_look, visit, found, posted)


def _look(visit: Visit, found: Open, posted: Mapping[str, str]) -> HTMLResponse:
    form = found.form(posted)
    made = changes(form)
    if not made:
        return _form(visit, found, posted, Looked(others=[NOTHING_DIFFERS]))
    said = looked(found, form, made)
    said.wrong |= unread(form)
    if len(posted.get("reason", "").strip()) < 3:
        said.wrong["reason"] = "Say why it is corrected"
    if said.wrong or said.others:
        return _form(visit, found, posted, said)
    before, now = posted_by(found.form()), posted_by(form)
    return visit.page(
        "repair_change.html",
        one=found.one,
        said=found.said,
        found=found.change(made),
        kept=[(name, text) for name, text in now.items() if before.get(name) != text],
        reason=posted["reason"].strip(),
        version=posted.get("version") or found.one.version,
    )


@router.post("/delivery/{delivery_id}/repair/send", response_model=None)
async def send(visit: Actor, delivery_id: str) -> Response:
    """The act: the corrected message takes the old one's place."""
    found = await asyncio.to_thread(stopped, visit, delivery_id)
    posted = await _posted(visit)
    why = needs(posted.get("reason", ""), "Why it is corrected")
    made = changes(found.form(posted))
    if not made:
        raise Stop(400, "Nothing is different", "Open the delivery again and change a field.")
    seen = posted.get("version", "")
    version = int(seen) if seen.isdecimal() and len(seen) < 10 else 0
    act = found.act(visit, made, why, version)
    return await do(visit, act, f"/message/{found.said.message_id}")


async def _posted(visit: Visit) -> dict[str, str]:
    form = await visit.request.form(max_fields=MOST_FIELDS)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _form(visit: Visit, found: Open, posted: Mapping[str, str], said: Looked) -> HTMLResponse:
    form = found.form(posted)
    verb, _, at = posted.get("do", "").partition(":")
    return visit.page(
        "repair.html",
        400 if said.wrong or said.others else 200,
        one=found.one,
        said=found.said,
        form=form,
        alive=_alive(form, said.wrong, at if verb == "add" else ""),
        labels={one.name: one.full_label for one in form.each()},
        targets={one.name: _target(one) for one in form.each()},
        withheld=len(found.told.left_out),
        posted=posted,
        wrong=said.wrong,
        others=said.others,
    )


def _alive(form: Place, wrong: Mapping[str, str], added: str) -> set[str]:
    """The places that are not folded away: they say something, are wrong, or were added just now."""
    alive = set()
    for one in form.each():
        inside = list(one.each())
        if one.says or any(part.name in wrong or part.at == added for part in inside):
            alive.add(one.name)
    return alive


def _target(one: Place) -> str:
    """What a mistake leads to: the field itself, not what stands around it."""
    return (
        f"k.{one.at}" if one.state_given and one.shape.plain and one.state != "told" else one.name
    )
