"""One thing that is wrong is one incident, opened once, closed once, and read here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch


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


_COLUMNS = (
    "select incident_id, kind, subject, cause, first_seen, last_seen, count, closed_at, closed_why"
    " from incident"
)


def open_incidents(conn: Connection, most: int = 200) -> list[Wrong]:
    """What is wrong now, newest first."""
    sql = f"{_COLUMNS} where closed_at is null order by first_seen desc limit :most"
    return fetch(conn, Wrong, sql, most=most)


def closed_incidents(conn: Connection, since: datetime, most: int = 100) -> list[Wrong]:
    """What was wrong lately and is not any more, newest first."""
    sql = f"{_COLUMNS} where closed_at >= :since order by closed_at desc limit :most"
    return fetch(conn, Wrong, sql, since=since, most=most)
