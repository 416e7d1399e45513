"""Between a button and the ledger's answer: the act is made, sent, and its answer brought back to the page."""

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from hub.broker import Unable
from hub.desk import acts
from hub.desk.access import Action, Grant
from hub.desk.accounts.tables import ReadingRow
from hub.desk.acts import Act
from hub.desk.api.problems import problem
from hub.desk.desk import Desk
from hub.desk.frame import Stop, Visit, nothing_here, see_other
from hub.desk.whose import facts, handover_facts, is_own
from hub.ledger.read.acts import Answered, answer
from hub.ledger.read.handovers import Handover, Receiver, handovers_of, receivers
from hub.ledger.read.journey import Said
from hub.ledger.read.outbox import Offered, for_inbox
from hub.ledger.write import insert, run
from hub.wire import Outbound

KAFKA_AWAY = "Not confirmed: you do not hold this yet. Kafka does not answer"
LOOK_FIRST = (
    "It may still be recorded: look at the page again before you press once more. "
    "What cannot wait, do by telephone."
)


def message_act(
    type: str, visit: Visit, by: Grant, said: Said, reason: str, body: Mapping[str, Any]
) -> Act:
    """An act on a message."""
    return Act(type, said.message_id, visit.person, by, said.authority, 0, reason, body)


async def do(visit: Visit, act: Act, back: str, beside: Sequence[Outbound] = ()) -> Response:
    """Does it, and goes back to the page, which shows the ledger's answer in place.

    A program is given the answer itself.
    """
    desk = visit.desk
    try:
        found = await acts.perform(desk.road, desk.ledger, desk.keys, act, beside)
    except Unable:
        raise Stop(503, KAFKA_AWAY, LOOK_FIRST) from None
    if visit.program:
        return outcome(act.act_id, found)
    mark = "&" if "?" in back else "?"
    return see_other(f"{back}{mark}act={act.act_id}#answer")


class Outcome(BaseModel):
    """The ledger's answer to an act."""

    act_id: str
    outcome: Literal["done", "refused", "not_confirmed"]
    answer: str = Field(description="In words", examples=["accepted"])


def outcome(act_id: str, found: Answered | None) -> Response:
    """Done (200), refused (409), or not confirmed so far (202): then nobody may count on it."""
    if found is None:
        told = Outcome(act_id=act_id, outcome="not_confirmed", answer=acts.NOT_CONFIRMED)
        where = {"Location": f"/v1/desk/acts/{act_id}", "Retry-After": "1"}
        return Response(told.model_dump_json(), 202, where, "application/json")
    if not found.done:
        return problem(409, "The ledger refused", found.answer, act_id=act_id)
    told = Outcome(act_id=act_id, outcome="done", answer=found.answer)
    return Response(told.model_dump_json(), media_type="application/json")


def done_before(visit: Visit, conn: Connection, act_id: str) -> Answered | str | None:
    """The ledger's answer to what this person just did; words where there is none so far."""
    if not act_id:
        return None
    found = answer(conn, act_id)
    if found is None:
        return acts.NOT_CONFIRMED
    return found if found.person_id == visit.person.person_id else None


def needs(words: str, what: str, least: int = 3) -> str:
    """Words that a form cannot do without, as somebody will read them."""
    given = words.strip()
    seen = "".join(each for each in given if unicodedata.category(each)[0] != "C").strip()
    if len(seen) < least:
        raise Stop(400, f"{what} is missing", "Go back, fill it in, and press the button again.")
    return given


def to_act_on(
    visit: Visit, message_id: str, action: Action, journey: str = ""
) -> tuple[Handover, Grant]:
    """The custody that they may act on, and the grant by which; refuses the page where there is none.

    `journey` is the one that the form was about, where each receiver has its own.
    """
    with visit.desk.ledger.connect() as conn:
        found = [one for one in handovers_of(conn, message_id) if one.machine == "handover"]
        to = receivers(conn, [message_id])[message_id]
    directory = visit.desk.directory
    for one in found:
        known = handover_facts(directory, one, () if len(found) > 1 else to)
        if journey in ("", one.journey_id) and visit.may(action, known):
            return one, visit.must(action, known)
    if not found:
        raise nothing_here()
    known = handover_facts(directory, found[0], to)
    if not visit.may(Action.SEE, known):
        raise nothing_here()
    return found[0], visit.must(action, known)


def inbox_receipts(visit: Visit, message_id: str, act: Act) -> list[Outbound]:
    """Receipts of the web inbox's deliveries that this person opens for their own team."""
    desk = visit.desk
    with desk.ledger.connect() as conn:
        waiting = for_inbox(conn, message_id)
    return [
        acts.receipt(
            desk.keys, desk.settings.instance, one.partner, (one.delivery_id, one.attempt), act
        )
        for one in waiting
        if is_own(desk.directory, visit.person, one.partner) and _receives(visit, desk, one)
    ]


def _receives(visit: Visit, desk: Desk, one: Offered) -> bool:
    return visit.may(
        Action.ANSWER, facts(desk.directory, None, receivers=[Receiver(one.partner, None)])
    )


async def recorded(visit: Visit, *made: Act, beside: Sequence[Outbound] = ()) -> None:
    """Returns when Kafka has that content is read; until then nothing of it is shown."""
    for act in made:
        await asyncio.to_thread(note_reading, visit, act)
    keys = visit.desk.keys
    try:
        await visit.desk.road.publish([*(acts.outbound(keys, act) for act in made), *beside])
    except Unable:
        raise Stop(
            503,
            "Content stays closed: Kafka did not confirm that your reading is recorded",
            "Nothing was changed. Try again in a minute; if it cannot wait, ring them.",
        ) from None
    for act in made:
        await asyncio.to_thread(reading_shown, visit, act)


def note_reading(visit: Visit, act: Act) -> None:
    """Keeps that content was asked for, even where Kafka never had it."""
    row = {
        "act_id": act.act_id,
        "person_id": visit.person.person_id,
        "subject": act.subject,
        "at": visit.now,
        "shown": False,
    }
    with visit.desk.people.begin() as conn:
        insert(conn, ReadingRow, [row])


def reading_shown(visit: Visit, act: Act) -> None:
    """Kafka has the act: the content is shown now."""
    with visit.desk.people.begin() as conn:
        run(conn, "update reading set shown = :yes where act_id = :id", yes=True, id=act.act_id)
