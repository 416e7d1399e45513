"""What the hub owes, to whom, and what became of it stands in these tables, and only core writes them.

Metadata stands apart from content; content is sealed under the key of its case, so that erasing
the key erases the content and leaves the account of it. Ids are UUIDs as text, times are UTC.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData
from sqlmodel import Field, SQLModel

from hub.ledger.columns import instant, only

LEDGER = MetaData()


class Row(SQLModel):
    """A row of the ledger."""

    metadata = LEDGER


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
    __table_args__ = (
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
    test: bool = False
    labels: str = "[]"
    doubts: str = "[]"
    """of its reader (`schemas.envelope.Doubt`)"""
    __table_args__ = (
        Index("message_by_reference", "reference", "partner", "stream"),
        only("message_answers", "answers", where="answers is not null"),
        only("message_in_conflict", "conflict_of", where="conflict_of is not null"),
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


_OLDEST = ("partner", "rank", "listed_at", "lane_no")
_ON_ITS_WAY = "state in ('waiting', 'under_way')"
_BLOCKS = "state in ('needs_person', 'outcome_unknown')"


class Delivery(Row, table=True):
    """One message for one recipient."""

    delivery_id: str = Field(primary_key=True)
    message_id: str = Field(index=True)
    case_ref: str
    authority: str
    type: str
    partner: str
    team: str | None = None
    purpose: str
    transport: str
    mode: str = Field(description="sent (edge pushes) or held (the desk serves the row)")
    lane: str
    lane_no: int
    priority: str
    rank: int
    state: str
    attempt: int = 0
    tries: int = 0
    next_at: datetime | None = instant(none=True)
    not_after: datetime | None = instant(none=True)
    due_at: datetime | None = instant(none=True)
    patience_at: datetime | None = instant(none=True)
    ring_at: datetime | None = instant(none=True)
    """When somebody must be rung if it did not get through: until a sheet is open for it."""
    level_needed: str
    level_reached: str = "none"
    reason: str = ""
    predecessor: str | None = None
    overtook: str = "[]"
    policy: str | None = Field(None, description="Disclosure edition and verdict")
    withheld: str = Field("[]", description="JSON: path, kind, why of each field withheld")
    rendered: bytes | None = Field(None, sa_type=LargeBinary, description="Sealed, if fields are")
    reference: str
    address: str | None = None
    beside: str | None = Field(None, description="The delivery that this call sheet stands beside")
    handed_at: datetime | None = instant(none=True)
    handed_by: str | None = None
    their_reference: str | None = None
    who: str | None = None
    created_at: datetime = instant()
    listed_at: datetime = instant()
    """Its age in the list of who collects: no less than of what is before it in its lane."""
    changed_at: datetime = instant()
    version: int = 1
    __table_args__ = (
        Index("delivery_by_partner", "partner", "state", "rank", "lane_no", "created_at"),
        Index("delivery_by_lane", "lane", "state", "next_at", "lane_no"),
        only("delivery_done", "changed_at", where="state = 'delivered'"),
        only("delivery_leased", "not_after", where="state = 'under_way'"),
        only("delivery_beside", "beside", where="beside is not null"),
        only("delivery_offered", *_OLDEST, where="state = 'offered'"),
        only("delivery_to_ring", "ring_at", where=_ON_ITS_WAY),
        only("delivery_blocks", "partner", "lane_no", where=_BLOCKS),
        only("delivery_tried", "partner", "next_at", where="state = 'waiting' and attempt > 0"),
        Index("delivery_by_reference", "reference", "partner"),
        only("delivery_by_theirs", "their_reference", where="their_reference is not null"),
    )


class Attempt(Row, table=True):
    """One try and what became of it; written when it is settled, or given up on."""

    delivery_id: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    handed_at: datetime | None = instant(none=True)
    settled_at: datetime = instant()
    outcome: str
    level: str
    code: str = ""
    detail: str = ""
    edge: str | None = None
    who: str | None = None


class Lane(Row, table=True):
    """Deliveries that keep order among themselves; numbered under this row's lock."""

    lane: str = Field(primary_key=True)
    partner: str = Field(index=True)
    last_no: int
    last_at: datetime = instant()


class PartnerState(Row, table=True):
    """What the ledger knows of a partner beside its configuration."""

    __tablename__ = "partner_state"
    partner: str = Field(primary_key=True)
    paused_at: datetime | None = instant(none=True)
    paused_by: str | None = None
    paused_why: str | None = None
    down_since: datetime | None = instant(none=True)
    failures: int = 0
    next_probe_at: datetime | None = instant(none=True)
    heard_at: datetime | None = instant(none=True)
    said: str | None = None
    version: int = 1


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


class Incident(Row, table=True):
    """One thing that is wrong, opened once, closed once."""

    incident_id: str = Field(primary_key=True)
    open_key: str | None = Field(None, unique=True, description="kind|subject while open")
    kind: str
    subject: str
    cause: str
    first_seen: datetime = instant()
    last_seen: datetime = instant()
    count: int = 1
    closed_at: datetime | None = instant(none=True)
    closed_why: str | None = None


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


class Early(Row, table=True):
    """A message whose predecessor is not here yet."""

    message_id: str = Field(primary_key=True)
    waits_for: str = Field(index=True)
    since: datetime = instant()


class Tally(Row, table=True):
    """What an edge counted in one of its lives; cumulative."""

    edge: str = Field(primary_key=True)
    epoch: str = Field(primary_key=True)
    partner: str = Field(primary_key=True)
    owned: int = 0
    not_ours: int = 0
    refused: int = 0
    unable: int = 0


class Heartbeat(Row, table=True):
    """The last word of each running role."""

    instance: str = Field(primary_key=True)
    epoch: str
    at: datetime = instant()
    digest: str
    says: str = "{}"


class Watched(Row, table=True):
    """Whom a partner's feed is kept for: keyed tokens only."""

    partner: str = Field(primary_key=True)
    token: str = Field(primary_key=True)
    because: str = Field(index=True, description="case ref, or the imported list's name")


class Clock(Row, table=True):
    """A deadline running; its firing is unique by (clock, stage)."""

    clock_id: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    subject: str
    due_at: datetime = instant(index=True)
    fired_at: datetime | None = instant(none=True)
    note: str = ""
