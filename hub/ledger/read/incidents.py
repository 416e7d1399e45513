"""One thing that is wrong is one incident, opened once, closed once, and read here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch

QUIET = ("unknown_receipt", "unknown_partner", "two_of_one_name")
"""Kinds whose end nothing tells but that it happens no more."""
BY_HAND = (
    *QUIET,
    "misdirected_ack",
    "foreign",
    "not_linked",
    "retention",
    "restored",
    "unread",
    "certificate",
)
"""Kinds that a person may close: the others end when what they are about is seen to be over."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """An incident."""

    incident_id: str
    kind: str
    subject: str
    cause: str
    first_seen: datetime
    last_seen: datetime
    count: int
    closed_at: datetime | None
    closed_why: str | None

    @property
    def by_hand(self) -> bool:
        """Whether a person may close it."""
        return self.closed_at is None and self.kind in BY_HAND


_COLUMNS = (
    "select incident_id, kind, subject, cause, first_seen, last_seen, count, closed_at, closed_why"
    " from incident"
)


def open_incidents(conn: Connection, most: int = 200) -> list[Wrong]:
    """What is wrong now, newest first."""
    sql = f"{_COLUMNS} where closed_at is null order by first_seen desc limit :most"
    return fetch(conn, Wrong, sql, most=most)


def incident(conn: Connection, incident_id: str) -> Wrong | None:
    """One, open or closed."""
    found = fetch(conn, Wrong, f"{_COLUMNS} where incident_id = :id", id=incident_id)
    return found[0] if found else None


def closed_incidents(conn: Connection, since: datetime, most: int = 100) -> list[Wrong]:
    """What was wrong lately and is not any more, newest first."""
    sql = f"{_COLUMNS} where closed_at >= :since order by closed_at desc limit :most"
    return fetch(conn, Wrong, sql, since=since, most=most)
