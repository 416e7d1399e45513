"""What a person does is a message: in Kafka first, then answered by the ledger, and never assumed before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from hub import clock, topics
from hub.desk.access import Grant, Person
from hub.desk.road import Road
from hub.ids import fresh
from hub.ledger.read.acts import Answered, answer
from hub.seal import Keyring
from hub.wire import Outbound, Record, event_id, write
from schemas.envelope import AckLevel

WAIT = 2.0
"""Seconds until a page says: not confirmed."""
LOOK_EVERY = 0.04
NOT_CONFIRMED = "Not confirmed: you do not hold this yet. The ledger has not answered so far."


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person wants done. `version` is the one they saw, `by` the grant that allows it."""

    type: str
    subject: str
    person: Person
    by: Grant
    authority: str | None = None
    version: int = 0
    reason: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    act_id: str = field(default_factory=fresh)


def outbound(keys: Keyring, act: Act) -> Outbound:
    """The act's record."""
    moment = clock.now()
    meta = {
        "act_id": act.act_id,
        "type": act.type,
        "at": moment.isoformat(),
        "who": {
            "person_id": act.person.person_id,
            "name": act.person.name,
            "role": act.by.role.value,
            "agency": act.by.agency,
            "team": act.by.team or None,
            "authorities": list(act.person.authorities),
        },
        "subject": act.subject,
        "version": act.version,
        "reason": act.reason,
        "authority": act.authority,
        "body": dict(act.body),
    }
    record = Record(act.type, act.act_id, meta, facts={"authority": act.authority or ""})
    return write(keys, topics.ACTS, act.subject, record)


def receipt(
    keys: Keyring,
    instance: str,
    partner: str,
    delivery: tuple[str, int],
    who: Act | None,
    level: AckLevel = AckLevel.RECEIVED,
) -> Outbound:
    """The receipt of a held delivery (its id and attempt) that was collected, or opened by a person.

    `transport` where it is handed out and nobody has confirmed it.
    """
    told = {
        "delivery_id": delivery[0],
        "attempt": delivery[1],
        "outcome": "delivered",
        "level": level.value,
        "at": clock.now().isoformat(),
        "detail": "opened in the web inbox" if who else "collected",
        "code": None,
        "their_reference": None,
        "retry_after": None,
        "connection": False,
        "misdirected": False,
        "who": {"name": who.person.name, "role": who.by.role.label} if who else None,
    }
    meta = {"partner": partner, "edge": f"desk-{instance}", "receipts": [told]}
    record = Record("receipts", event_id(), meta, facts={"partner": partner})
    return write(keys, topics.RECEIPTS, partner, record)


async def perform(
    road: Road,
    ledger: Engine,
    keys: Keyring,
    act: Act,
    beside: Sequence[Outbound] = (),
) -> Answered | None:
    """Publishes the act and waits for the ledger's answer; None: not confirmed. Raises `Unable`."""
    await road.publish([outbound(keys, act), *beside])
    until = clock.monotonic() + WAIT
    while True:
        found = await asyncio.to_thread(_answer, ledger, act.act_id)
        if found is not None or clock.monotonic() >= until:
            return found
        await clock.sleep(LOOK_EVERY)


def _answer(ledger: Engine, act_id: str) -> Answered | None:
    with ledger.connect() as conn:
        return answer(conn, act_id)
