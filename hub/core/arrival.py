"""A message on its way into the ledger is one value from the road to its rows."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from hub.ids import LONGEST
from hub.wire import Record
from schemas.envelope import Envelope, Subject


@dataclass
class Arrival:
    """A message as the road brought it, or as the hub derived it, and what core finds out."""

    message_id: str
    type: str
    version: int
    partner: str
    stream: str
    reference: str
    part: str
    digest: str
    envelope: Envelope
    body: bytes
    subject: Subject
    parcel_id: str | None = None
    answers: str | None = None
    """What it answers: a message id, or the reference we sent it under."""
    case_hint: str | None = None
    """The case of what the hub derived it from."""
    told: bool = False
    """It goes to whoever told us what it is about."""
    raw: ConsumerRecord | None = field(default=None, repr=False)

    address: str | None = None
    """Where a referrer without a system of their own is written to."""
    case_ref: str = ""
    answered: str | None = None
    """The message that it answers, once found."""
    waits_for: str | None = None
    """What must come before it takes effect: what it answers, or the referral that it decides on."""
    replies_to: str | None = None
    """The message that the hub's own word answers: whoever sent it is told which one that was."""
    asker: str | None = None
    """The partner whose message it answers, where the hub passes an answer on."""
    unheeded: str = "nothing waits for this answer"
    """Why an answer has no effect; nothing where it has one."""
    conflict_of: str | None = None
    corrects: str | None = None
    """The message in whose place a person sent it."""
    state: str = "recorded"
    due_at: datetime | None = None
    only: str | None = None
    """The one partner that it is for, where the hub speaks to one."""
    lane: str = ""
    """What it keeps order with, where that is not all of its case."""
    anew: str = ""
    """The act by which it goes to another receiver, or once more to the same one."""

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The body as JSON reads it."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    @property
    def rank(self) -> int:
        """0 is immediate."""
        return self.envelope.priority.rank


def of_record(record: Record, raw: ConsumerRecord | None = None) -> Arrival:
    """A flow record's message; raises ValueError or KeyError for a meta that is not whole."""
    meta = record.meta
    for name in ("stream", "reference", "part", "answers"):
        if len(meta.get(name) or "") > LONGEST:
            raise ValueError(f"its {name} is longer than {LONGEST} characters")
    envelope = Envelope.model_validate(meta["envelope"])
    return Arrival(
        record.id,
        record.kind,
        envelope.schema_version,
        meta["partner"],
        meta["stream"],
        meta["reference"],
        meta["part"],
        meta["digest"],
        envelope,
        record.blob,
        Subject.model_validate(meta["subject"]),
        meta["parcel_id"],
        meta.get("answers"),
        raw=raw,
    )
