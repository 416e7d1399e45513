"""What the running hub says of itself, and what is wrong with it."""

from datetime import datetime

from sqlmodel import Field

from hub.ledger.columns import instant, only
from hub.ledger.tables.row import Row


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
