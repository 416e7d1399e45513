"""What a partner cannot take, or nobody could read, is corrected by a program as by a person at a page."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from connectors.written import as_bytes, as_text
from hub.desk.api.caller import Caller
from hub.desk.api.content import STRICT, Content, Differences, Line, Name, line_of
from hub.desk.api.problems import fails
from hub.desk.doing import Outcome, do, needs
from hub.desk.frame import Stop
from hub.desk.pages import mends
from hub.desk.repair.amending import in_words
from hub.desk.repair.forms import Place
from hub.desk.repair.mending import difference, reads, shown, speaks_of
from hub.desk.repair.repairing import Changes, Open, looked, opened, stopped, within
from schemas.amend import Unamendable

router = APIRouter(tags=["repair"], responses=fails(400, 401, 403, 404, 409, 422, 503))
_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Not confirmed: ask for the act before you count on it",
        "model": Outcome,
    },
    413: {"description": "At most 256 KiB are taken here", "content": {"text/plain": {}}},
}
_EXAMPLE = [
    {"path": ["concern"], "value": "Seen running on Weir Street"},
    {"path": ["harm", 1], "value": None},
    {"path": ["wanted", 2], "value": "Housing"},
]


class Change(BaseModel):
    """One place said differently, after those before it in the list are made."""

    model_config = STRICT
    path: list[str | int] = Field(
        min_length=1, max_length=20, description="Names and places in lists, from the outside in"
    )
    value: Any = Field(
        default=None,
        description="By the schema of the type; behind the last of a list, a new item; null takes"
        " away what stands there, an item of a list too",
    )


class Correction(BaseModel):
    """Changes to look at."""

    model_config = STRICT
    changes: list[Change] = Field(min_length=1, max_length=500, examples=[_EXAMPLE])


class Repair(Correction):
    """Changes to send, and why."""

    reason: str = Field(
        min_length=3, max_length=400, examples=["The force has no area of that name"]
    )
    version: int = Field(
        default=0, ge=0, le=2**31 - 1, description="Of the delivery, as you saw it"
    )


class Asked(BaseModel):
    """One place that may be said differently."""

    path: list[str | int]
    label: str
    hint: str = ""
    kind: str = Field(description="line, text, number, choice, date, instant, group, many")
    required: bool
    three_valued: bool = Field(description='Takes {"value": …}, "not_known" or "not_asked"')
    options: list[tuple[str, str]] = Field(default=[], description="Codes and their labels")
    may_add: bool
    may_take_away: bool


class Opened(BaseModel):
    """A stopped delivery's message, and what of it may be changed by the caller."""

    version: int = Field(description="Show it when you send the correction")
    content: Content
    places: list[Asked]


class Mistake(BaseModel):
    """What is wrong with a change."""

    path: list[str | int] = Field(description="Empty where no single place explains it")
    why: str


class Looked(BaseModel):
    """What the message would say, and what its type's rules say against that."""

    mistakes: list[Mistake]
    change: Differences | None = Field(description="Null where it could not be made")


@router.post("/deliveries/{delivery_id}/repair/open")
async def open_it(visit: Caller, delivery_id: Name) -> Opened:
    """Open a stopped delivery's message to correct it."""
    found = await opened(visit, delivery_id)
    places = [_asked(one) for one in found.form().each() if one.keys]
    return Opened(
        version=found.one.version, content=Content.of(found.said, found.told), places=places
    )


def _asked(one: Place) -> Asked:
    shape = one.shape
    return Asked(
        path=list(one.keys),
        label=one.full_label,
        hint=shape.hint,
        kind=shape.kind,
        required=shape.required,
        three_valued=shape.three,
        options=list(shape.options),
        may_add=one.may_add,
        may_take_away=one.may_drop,
    )


@router.post("/deliveries/{delivery_id}/repair/look")
async def look(visit: Caller, delivery_id: Name, body: Correction) -> Looked:
    """See a change before anything is sent; opens the message."""
    found = await opened(visit, delivery_id)
    made = _made(body.changes)
    _own(found, made)
    form = await asyncio.to_thread(found.form)
    said = await asyncio.to_thread(looked, found, form, made)
    keys = {one.name: list(one.keys) for one in form.each()}
    wrong = [Mistake(path=keys.get(name, []), why=why) for name, why in said.wrong.items()]
    wrong += [Mistake(path=[], why=why) for why in said.others]
    try:
        change = Differences.of(found.change(made))
    except Unamendable:
        change = None
    return Looked(mistakes=wrong, change=change)


@router.post("/deliveries/{delivery_id}/repair", response_model=Outcome, responses=_ANSWERS)
async def repair(visit: Caller, delivery_id: Name, body: Repair) -> Response:
    """Send it corrected, as a new message in its place."""
    found = await asyncio.to_thread(stopped, visit, delivery_id)
    made = _made(body.changes)
    _own(found, made)
    why = needs(body.reason, "Why it is corrected")
    return await do(visit, found.act(visit, made, why, body.version), "")


def _made(changes: Sequence[Change]) -> Changes:
    return [(tuple(one.path), one.value) for one in changes]


def _own(found: Open, made: Changes) -> None:
    why = within(found, made)
    if why is not None:
        raise Stop(403, in_words(why), "Change only what `repair/open` offers you.")


class Text(BaseModel):
    """The whole text of a parcel, corrected; lines may end as they like."""

    model_config = STRICT
    text: Annotated[str, Field(min_length=1, max_length=200_000, examples=["Call ID,Date\n…"])]


class Mend(Text):
    """The whole text, and why."""

    reason: str = Field(
        min_length=3, max_length=400, examples=["They meant the 30th, says the agent"]
    )


class Mendable(BaseModel):
    """Bytes that nobody could read, as text."""

    text: str
    reason: str | None
    place: str | None


class Named(BaseModel):
    """A message that would be read."""

    type: str
    reference: str


class Would(BaseModel):
    """What the door would make of the text, and what differs."""

    messages: list[Named]
    wrong: str = Field(description="What the sender would hear; empty where it is read")
    place: str
    lines: list[Line]


@router.post("/parcels/{parcel_id}/repair/open")
async def open_bytes(visit: Caller, parcel_id: Name) -> Mendable:
    """Open unread bytes as text to correct them."""
    one, before = await mends.opened(visit, parcel_id)
    text = await asyncio.to_thread(lambda: as_text(speaks_of(visit, one), before))
    return Mendable(text=text, reason=one.reason, place=one.place)


@router.post("/parcels/{parcel_id}/repair/look", responses=_ANSWERS)
async def look_at_bytes(visit: Caller, parcel_id: Name, body: Text) -> Would:
    """See what corrected text would be read as, before anything is sent; opens the bytes."""
    one, before = await mends.opened(visit, parcel_id)
    found = await asyncio.to_thread(reads, visit, one, before, body.text)
    wrong = "nothing in it is different" if found.same else found.wrong
    lines: list[Line] = []
    if not wrong:
        speaks = await asyncio.to_thread(speaks_of, visit, one)
        after = as_bytes(speaks, body.text, before)
        lines = [line_of(row) for row in difference(shown(speaks, before), shown(speaks, after))]
    messages = [Named(type=type, reference=reference) for type, reference in found.messages]
    return Would(messages=messages, wrong=wrong, place=found.place, lines=lines)


@router.post("/parcels/{parcel_id}/repair", response_model=Outcome, responses=_ANSWERS)
async def mend(visit: Caller, parcel_id: Name, body: Mend) -> Response:
    """Send it through the door again as it was corrected."""
    done: Response = await mends.send(visit, parcel_id, body.text, body.reason)
    return done
