"""What a person had tried again in bulk, why, and what became of each one, outlives every process."""

from datetime import datetime

from sqlmodel import Field

from hub.ledger.columns import instant, only
from hub.ledger.tables.row import Row


class Redrive(Row, table=True):
    """Stopped deliveries of one partner that somebody had sent again together; named by their act."""

    redrive_id: str = Field(primary_key=True)
    partner: str
    cause: str = Field(description="Why they had stopped, as the page said it")
    reason: str = Field(description="Why they go again, in the words of who started it")
    authority: str
    """Of whose deliveries: a code, or `*`"""
    person_id: str
    who: str
    by: str = Field(description="JSON: who started it, as their act said")
    started_at: datetime = instant(index=True)
    total: int
    done: int = 0
    refused: int = 0
    stopped_by: str | None = None
    stopped_why: str | None = None
    ended_at: datetime | None = instant(none=True)
    __table_args__ = (only("redrive_open", "started_at", where="ended_at is null"),)


class RedriveItem(Row, table=True):
    """One of its deliveries, in the version that stood when it was started."""

    __tablename__ = "redrive_item"
    redrive_id: str = Field(primary_key=True)
    delivery_id: str = Field(primary_key=True)
    place: int
    seen: int
    authority: str
    outcome: str | None = None
    """done, refused, taken_back; none while it waits for its turn"""
    answer: str = ""
    __table_args__ = (
        only("redrive_item_left", "redrive_id", "place", where="outcome is null"),
        only("redrive_item_refused", "redrive_id", "place", where="outcome = 'refused'"),
    )
