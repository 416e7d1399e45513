"""Around every message stand the same facts: who says it to whom, how urgent, by what authority.

The envelope carries routing facts and no case content; it travels sealed with the body, and only
what `hub.wire` names as a header leaves the seal. Fields follow the hub's message catalogue (8.1).
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from schemas.instants import Instant
from schemas.labels import Restriction


class Frozen(BaseModel):
    """A value that never changes and refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Priority(StrEnum):
    """How a message queues: `immediate` waits for nothing, `urgent` passes `routine`."""

    IMMEDIATE = "immediate"
    URGENT = "urgent"
    ROUTINE = "routine"

    @property
    def rank(self) -> int:
        """0 is the most pressing."""
        return _RANK[self]


_RANK = {Priority.IMMEDIATE: 0, Priority.URGENT: 1, Priority.ROUTINE: 2}


class AckLevel(StrEnum):
    """Four levels of acknowledgement, each more than the one before; `none` asks for nothing."""

    NONE = "none"
    TRANSPORT = "transport"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    OUTCOME = "outcome"

    @property
    def rank(self) -> int:
        """0 for none up to 4 for outcome."""
        return _LEVELS[self]


_LEVELS = {level: rank for rank, level in enumerate(AckLevel)}


class Marking(StrEnum):
    """Protective marking under the Government Security Classifications Policy (2023)."""

    OFFICIAL = "OFFICIAL"
    OFFICIAL_SENSITIVE = "OFFICIAL-SENSITIVE"


class Doubt(StrEnum):
    """What a reader was unsure of and read all the same, so that a person is told."""

    TIME_TWICE = "time_twice"
    TIME_SKIPPED = "time_skipped"
    ADDRESS_FIRST = "address_first"

    @property
    def label(self) -> str:
        """In a sentence, for people."""
        return _DOUBTS[self]


_DOUBTS = {
    Doubt.TIME_TWICE: "Its time was written without a zone and falls in the hour that clocks"
    " showed twice that night: the earlier is taken, it may be an hour later",
    Doubt.TIME_SKIPPED: "Its time was written without a zone and falls in the hour that clocks"
    " left out that night: the earlier reading is taken, it may be an hour later",
    Doubt.ADDRESS_FIRST: "It gives more than one address: the first is shown, the others stand"
    " only in what the sender wrote: ask them which one counts",
}


class For(StrEnum):
    """Why a recipient gets a copy; a copy for information creates no unowned action."""

    ACTION = "action"
    INFORMATION = "information"


class Sender(Frozen):
    """Who speaks: the agency and team, the system that sent it, the role of the person."""

    agency: str
    team: str | None = None
    system: str | None = None
    person_role: str | None = None


class Recipient(Frozen):
    """Who is spoken to; a named team, or the whole agency."""

    agency: str
    team: str | None = None
    role: str | None = None
    purpose: Annotated[For, Field(alias="for")] = For.ACTION

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Deadline(Frozen):
    """When the message itself must have been acted on, and by which rule."""

    clock_id: str
    due_at: Instant
    rule_edition: str


class Envelope(Frozen):
    """Everything about a message but its content."""

    message_id: UUID
    type: str
    schema_version: int = Field(ge=1)
    occurred_at: Instant
    recorded_at: Instant
    correlation_id: UUID
    causation_id: UUID | None = None
    idempotency_key: str
    case_ref: str | None = None
    authority: str = Field(description="Code of the local authority answerable for the child")
    stream: str = "default"
    child_refs: tuple[str, ...] = Field(default=(), max_length=1)
    sender: Sender
    recipients: tuple[Recipient, ...] = ()
    priority: Priority = Priority.ROUTINE
    deadline: Deadline | None = None
    ack_expected: AckLevel = AckLevel.RECEIVED
    marking: Marking = Marking.OFFICIAL_SENSITIVE
    labels: tuple[Restriction, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    purpose: str | None = None
    gateway: str | None = None
    policy_version: str | None = None
    procedure_edition: str | None = None
    lawful_decision_id: str | None = None
    answers: str | None = Field(
        default=None, description="What it answers, by the name its recipient knows that under"
    )
    supersedes: UUID | None = None
    corrects: UUID | None = None
    payload_ref: str | None = None
    payload_hash: str | None = None
    test: StrictBool = False

    def at(self, case_ref: str) -> "Envelope":
        """The same envelope, once identification has found its case."""
        return self.model_copy(update={"case_ref": case_ref, "child_refs": (case_ref,)})


class Subject(Frozen):
    """By what the sender knows the child; never a key, a header or a log line.

    `nhs_number` is claimed until traced; `own_number` is the sender's own subject number.
    `authority`-wide identity is decided by core, never on name and birth date alone.
    """

    nhs_number: str | None = None
    own_number: str | None = None


def utc(moment: datetime) -> datetime:
    """The same instant; refuses a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone names no instant")
    return moment
