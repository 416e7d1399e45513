"""What came, read and unread, and the case it belongs to."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlmodel import Field

from hub.ledger.columns import instant, only
from hub.ledger.tables.row import Row


class Offset(Row, table=True):
    """How far a partition is recorded; moved in the same transaction as its effects."""

    topic: str = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    cluster: str
    next: int = Field(sa_type=BigInteger)
    worker: str


class Parcel(Row, table=True):
    """Bytes that came over a wire: read into messages, or kept unread until somebody looks."""

    parcel_id: str = Field(primary_key=True)
    partner: str
    transport: str
    state: str
    """accepted, unreadable (waits for somebody), closed"""
    received_at: datetime = instant()
    reference: str | None = None
    media_type: str
    size: int
    digest: str
    messages: str = Field(description="JSON list of the message ids read from it")
    reason: str | None = None
    place: str | None = None
    sealed: bytes | None = Field(None, sa_type=LargeBinary)
    keep_until: datetime | None = instant(none=True)
    claimed_by: str | None = None
    closed_at: datetime | None = instant(none=True)
    closed_why: str | None = None
    corrects: str | None = Field(None, description="The unread one that a person corrected")
    __table_args__ = (
        only("parcel_corrects", "corrects", where="corrects is not null"),
        Index("parcel_by_reference", "partner", "reference"),
        Index("parcel_by_state", "state", "received_at"),
    )


class Case(Row, table=True):
    """One child with one authority, pseudonymous; the head of its audit chain and its key."""

    __tablename__ = "case_file"
    case_ref: str = Field(primary_key=True)
    authority: str
    opened_at: datetime = instant()
    household: str | None = None
    survivor: str | None = Field(None, index=True, description="The case it was linked into")
    wrapped: bytes | None = Field(None, sa_type=LargeBinary, description="Its key; gone if erased")
    audit_seq: int = 0
    audit_head: str = ""


class CaseToken(Row, table=True):
    """By what a case is found again: keyed tokens of identifiers, never the identifiers."""

    __tablename__ = "case_token"
    token: str = Field(primary_key=True)
    case_ref: str = Field(index=True)
    kind: str
    """nhs (claimed NHS number), own (a partner's own subject number)"""


APART = "state <> 'recorded'"
"""Messages that are not simply recorded: few, and sought again and again. A query says it, too."""


class Message(Row, table=True):
    """A typed message, without its content."""

    message_id: str = Field(primary_key=True)
    parcel_id: str | None = None
    type: str
    version: int
    partner: str
    """who sent it to us; `hub` where the hub derived it"""
    authority: str
    stream: str
    reference: str
    part: str
    digest: str
    completeness: str | None = Field(None, description="JSON: score, safe_to_act, missing")
    case_ref: str = Field(index=True)
    correlation_id: str
    causation_id: str | None = None
    answers: str | None = Field(None, description="The message it answers")
    priority: str
    ack_expected: str
    occurred_at: datetime = instant()
    recorded_at: datetime = instant(index=True)
    due_at: datetime | None = instant(none=True)
    state: str = "recorded"
    """recorded, early (its predecessor is not here), ambiguous (a person finds the case),
    parked (unknown version), conflict (a person looks at it and at the one before), cleared (did)"""
    planned: int = 0
    none_reason: str | None = Field(None, description="Why it has no delivery")
    conflict_of: str | None = None
    corrects: str | None = Field(None, description="The message in whose place a person sent it")
    test: bool = False
    labels: str = "[]"
    doubts: str = "[]"
    """of its reader (`schemas.envelope.Doubt`)"""
    __table_args__ = (
        Index(
            "message_by_reference",
            "reference",
            "partner",
            "stream",
            # Byte by byte: so it finds what begins with something, too, whatever the collation.
            postgresql_ops={"reference": "text_pattern_ops"},
        ),
        only("message_answers", "answers", where="answers is not null"),
        only("message_in_conflict", "conflict_of", where="conflict_of is not null"),
        only("message_corrects", "corrects", where="corrects is not null"),
        only("message_apart", "state", where=APART),
    )


class Content(Row, table=True):
    """Envelope and body, sealed under the key of the case."""

    message_id: str = Field(primary_key=True)
    case_ref: str
    sealed: bytes = Field(sa_type=LargeBinary)


class Repeat(Row, table=True):
    """A message that came again: no effect, but it came."""

    parcel_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True, index=True)
    seen_at: datetime = instant()


class Early(Row, table=True):
    """A message whose predecessor is not here yet."""

    message_id: str = Field(primary_key=True)
    waits_for: str = Field(index=True)
    since: datetime = instant()


class Stuck(Row, table=True):
    """A record that failed alone: kept as it was, shown, and the rest went on."""

    stuck_id: str = Field(primary_key=True)
    topic: str
    partition: int
    offset: int = Field(sa_type=BigInteger)
    reason: str
    headers: str
    value: bytes | None = Field(None, sa_type=LargeBinary)
    at: datetime = instant()
    closed_at: datetime | None = instant(none=True)
    closed_why: str | None = None
