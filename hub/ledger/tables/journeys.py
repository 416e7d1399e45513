"""Who must act, by when, what they did, and the chain that proves it."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from hub.ledger.columns import instant
from hub.ledger.tables.row import Row


class Journey(Row, table=True):
    """One state machine of one subject: a referral, a handover, a strategy discussion."""

    journey_id: str = Field(primary_key=True)
    machine: str
    subject: str = Field(index=True, description="The message it began with")
    case_ref: str = Field(index=True)
    authority: str
    state: str
    custodian: str | None = Field(None, description="sender, receiver, …: who must act")
    sender: str
    receiver: str | None = Field(None, description="The partner that must accept")
    team: str | None = None
    holder: str | None = None
    holder_role: str | None = None
    held_since: datetime | None = instant(none=True)
    due_at: datetime | None = instant(none=True)
    opened_at: datetime = instant()
    changed_at: datetime = instant(index=True)
    version: int = 1
    __table_args__ = (Index("journey_waiting", "machine", "state", "due_at"),)


class Move(Row, table=True):
    """A step of a journey, or one that was refused and why."""

    move_id: str = Field(primary_key=True)
    journey_id: str = Field(index=True)
    version: int
    source: str
    event: str
    target: str | None = None
    refused: str | None = None
    message_id: str | None = None
    who: str | None = None
    note: str | None = Field(None, description="Said at the desk; sealed")
    at: datetime = instant()


class Clock(Row, table=True):
    """A deadline running; its firing is unique by (clock, stage)."""

    clock_id: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    subject: str
    due_at: datetime = instant(index=True)
    fired_at: datetime | None = instant(none=True)
    note: str = ""


class Act(Row, table=True):
    """What a person did at the desk, and the ledger's answer."""

    act_id: str = Field(primary_key=True)
    type: str
    subject: str = Field(index=True)
    person_id: str
    who: str
    at: datetime = instant()
    outcome: str
    """done, refused"""
    answer: str


class Audit(Row, table=True):
    """One link of a case's chain: who did or decided what, and the hash over all before it."""

    case_ref: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = instant()
    entry: str = Field(description="Canonical JSON (RFC 8785)")
    hash: str


class Root(Row, table=True):
    """The day's root over every chain's head, as it left the hub."""

    day: str = Field(primary_key=True)
    chains: int
    root: str
    at: datetime = instant()
