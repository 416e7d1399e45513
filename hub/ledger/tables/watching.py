"""What the running hub says of itself, and what is wrong with it."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from hub.ledger.columns import instant, only
from hub.ledger.tables.row import Row

STANDS = "incident_id = head and over_at is null"
"""Alerts whose recipients wait to hear that it is over."""


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
    claimed_by: str | None = None
    """Name and role of who looks at it; handed on when somebody else takes it."""
    claimed_at: datetime | None = instant(none=True)
    __table_args__ = (
        only("incident_open", "first_seen", where="closed_at is null"),
        only("incident_over", "closed_at", where="closed_at is not null"),
    )


class Alert(Row, table=True):
    """How one recipient is told of an incident: by an alert about it, or by one that speaks for it."""

    incident_id: str = Field(primary_key=True)
    partner: str = Field(primary_key=True)
    kind: str
    head: str = Field(description="The incident whose alert speaks for this one; itself where told")
    storm: bool = Field(False, description="It speaks for more of its kind")
    at: datetime = instant()
    last_at: datetime = instant()
    """When it last took one in."""
    over_at: datetime | None = instant(none=True)
    """When its recipient was told that it is over."""
    __table_args__ = (
        Index("alert_by_head", "head", "partner"),
        only("alert_stands", "partner", where=STANDS),
        only("alert_lately", "partner", "kind", "last_at", where="incident_id = head"),
    )


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


class Feed(Row, table=True):
    """A filtered feed whose list one core has made whole for an authority, and in which Kafka that is said."""

    partner: str = Field(primary_key=True)
    authority: str = Field(primary_key=True)
    core: str = Field(primary_key=True)
    cluster: str
