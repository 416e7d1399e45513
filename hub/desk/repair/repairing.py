"""Who may correct a message has it open before them, and their changes touch nothing that they may not read."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.content import Shown, shown
from hub.desk.doing import message_act, recorded
from hub.desk.frame import Stop, Visit, nothing_here
from hub.desk.repair.amending import mistakes
from hub.desk.repair.forms import Place, form_of
from hub.desk.shown.compare import Compared, compared
from hub.desk.shown.labelled import labelled
from hub.desk.sight import delivery_facts, openable
from hub.ledger.content import open_content
from hub.ledger.read.failed import Failed, delivery
from hub.ledger.read.journey import Said
from schemas.amend import Path, Unamendable, amended, why_not

WHY = "to correct it and send it as new"
Changes = Sequence[tuple[Path, Any]]


@dataclass(frozen=True)
class Open:
    """A stopped delivery's message, opened by who may correct it."""

    one: Failed
    said: Said
    told: Shown
    whole: Mapping[str, Any]

    def form(self, posted: Mapping[str, str] | None = None) -> Place:
        """Its form, with what was posted so far."""
        said, told = self.said, self.told
        return form_of(said.type, said.version, told.body, self.whole, posted, told.never)

    def after(self, made: Changes) -> dict[str, Any]:
        """The whole message with these changes; raises `Unamendable`."""
        return amended(self.said.type, self.whole, made)

    def change(self, made: Changes) -> Compared:
        """What they would see differ, field by field, in words."""
        kind, version = self.said.type, self.said.version
        return compared(
            labelled(kind, version, self.told.body),
            labelled(kind, version, amended(kind, self.told.body, made)),
        )

    def act(self, visit: Visit, made: Changes, why: str, version: int) -> Act:
        """The act by which the corrected message takes its place."""
        by = visit.must(Action.REPAIR, delivery_facts(visit, self.one))
        said = [{"path": list(path), "value": value} for path, value in made]
        body = {"changes": said, "reason": why}
        one = self.one
        return Act(
            "delivery.repaired",
            one.delivery_id,
            visit.person,
            by,
            one.authority,
            version or one.version,
            why,
            body,
        )


@dataclass
class Looked:
    """What is wrong with a change, by the name of the place, and what no place explains."""

    wrong: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def looked(found: Open, form: Place, made: Changes) -> Looked:
    """What the message's own rules say to the change. Pure."""
    try:
        after = found.after(made)
    except Unamendable as error:
        return Looked(others=[str(error).capitalize()])
    return Looked(*mistakes(form, found.said.type, found.said.version, orjson.dumps(after)))


def within(found: Open, made: Changes) -> str | None:
    """Why a change leads beyond what its maker may read and change; None where none does. Pure.

    Each is judged as the message stands after those before it.
    """
    kind, version, never = found.said.type, found.said.version, found.told.never
    seen, whole = dict(found.told.body), dict(found.whole)
    for path, value in made:
        form = form_of(kind, version, seen, whole, None, never)
        try:
            if not _offered(form, path, value):
                return f"{'.'.join(map(str, path))} is not yours to change: its sender must"
            seen, whole = (amended(kind, body, [(path, value)]) for body in (seen, whole))
        except Unamendable as error:
            return str(error)
    return None


def _offered(form: Place, path: Path, value: Any) -> bool:
    place = form
    rest = list(path)
    while rest:
        part = rest[0]
        if part == "value" and place.shape.three:
            rest.pop(0)
            continue
        if place.shape.plain:
            return rest == ["code"] and place.shape.coded
        if place.shape.kind == "many" and part == place.length and value is not None:
            return place.may_add and len(rest) == 1
        inside = next((one for one in place.parts if one.keys[-1] == part), None)
        if inside is None:
            return False
        place = inside
        rest.pop(0)
    return bool(path) and (place.shape.plain or not place.was or place.may_drop)


async def opened(visit: Visit, delivery_id: str) -> Open:
    """The message, once Kafka has that this person reads it."""
    found = await asyncio.to_thread(stopped, visit, delivery_id)
    _, said, by = await asyncio.to_thread(openable, visit, found.said.message_id)
    act = message_act("content.opened", visit, by, said, WHY, {"why": WHY})
    await recorded(visit, act)
    return found


def stopped(visit: Visit, delivery_id: str) -> Open:
    """The message as they may read it, nothing recorded so far; refuses the page where they may not."""
    with visit.desk.ledger.connect() as conn:
        one = delivery(conn, delivery_id)
    if one is None:
        raise nothing_here()
    visit.must(Action.REPAIR, delivery_facts(visit, one))
    why = why_not(one.type, one.sender)
    if why or one.reviewing:
        why = why or "a second person must release it first, or withhold it"
        raise Stop(409, "This is not corrected here", f"{why[0].upper()}{why[1:]}.")
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
    return Open(one, said, told, whole)
