"""What is owed to whom, each try at it, and how each partner fares."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from hub.ledger.columns import instant, only
from hub.ledger.tables.row import Row

_OLDEST = ("partner", "rank", "listed_at", "lane_no")
_ON_ITS_WAY = "state in ('waiting', 'under_way')"
NOT_TAKEN = (
    "(state in ('waiting', 'under_way') or (state = 'offered' and transport = 'outbox'))"
    " and patience_at is not null"
)
"""What a partner's system has not taken; who opens an inbox is a person, with clocks of their own."""
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
        only("delivery_patience", "partner", "patience_at", where=NOT_TAKEN),
        only("delivery_stopped", "partner", "changed_at", where=_BLOCKS),
        only("delivery_tried", "partner", "next_at", where="state = 'waiting' and attempt > 0"),
        only("delivery_called", "created_at", where="transport = 'call' and mode = 'held'"),
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
    quiet_since: datetime | None = instant(none=True)
    """Since when nothing has come, later by as long as nobody listened; where something is expected."""
    test_id: str | None = Field(None, description="The act that asked for the last test")
    tested_at: datetime | None = instant(none=True)
    tested_by: str | None = None
    found_at: datetime | None = instant(none=True)
    found: str | None = None
    reached: bool | None = None
    version: int = 1
