"""One thing that is wrong is one incident, opened once, closed once, and read here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub import topics
from hub.ledger.read.begins import ids_from
from hub.ledger.read.fetch import fetch
from hub.ledger.write import rows

QUIET = ("unknown_receipt", "unknown_partner", "two_of_one_name")
"""Kinds whose end nothing tells but that it happens no more."""
BY_HAND = (
    *QUIET,
    "misdirected_ack",
    "foreign",
    "not_linked",
    "unowned",
    "retention",
    "restored",
    "unread",
    "silent",
    "certificate",
    "another_kafka",
)
"""Kinds that a person may close: the others end when what they are about is seen to be over."""
PAST = (topics.RECEIPTS, topics.ACTS, topics.REPORTS)
"""Roads whose records are past once missed: what is stuck on them is never tried again."""
SHELVED = {"foreign": "foreign", "stuck": "stuck", "unknown_version": "parked"}
"""Kinds whose records lie on the shelf, and how the reason of each begins."""


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
    claimed_by: str | None
    claimed_at: datetime | None

    @property
    def about(self) -> str:
        """The end of its subject: of what stopped the key of its cause, of a partner its name."""
        return self.subject.rpartition("|")[2].rpartition(":")[2]

    @property
    def by_hand(self) -> bool:
        """Whether a person may close it."""
        past = self.kind in SHELVED and self.subject in PAST
        return self.closed_at is None and (self.kind in BY_HAND or past)


MOST = 200
"""Incidents of one list."""

_OPEN = "where closed_at is null and kind <> :but"
_COLUMNS = (
    "select incident_id, kind, subject, cause, first_seen, last_seen, count, closed_at, closed_why,"
    " claimed_by, claimed_at"
    " from incident"
)


def open_incidents(
    conn: Connection, most: int = MOST, but: str = "", after: tuple[datetime, str] | None = None
) -> list[Wrong]:
    """What is wrong now, newest first; `but`: a kind that is left out.

    `after`: since when the last one read is wrong, and its id.
    """
    behind, given = "1 = 1", {}
    if after is not None:
        behind = "(first_seen, incident_id) < (:since, :name)"
        given = dict(zip(("since", "name"), after, strict=True))
    sql = f"{_COLUMNS} {_OPEN} and {behind} order by first_seen desc, incident_id desc limit :most"
    return fetch(conn, Wrong, sql, but=but, most=most, **given)


def how_many(conn: Connection, but: str = "") -> int:
    """How much is wrong now, also where more than is listed."""
    return int(rows(conn, f"select count(*) as n from incident {_OPEN}", but=but)[0].n)


def how_many_closed(conn: Connection, since: datetime) -> int:
    """How much was wrong lately and is not any more, also where more than is listed."""
    sql = "select count(*) as n from incident where closed_at >= :since"
    return int(rows(conn, sql, since=since)[0].n)


def incident(conn: Connection, incident_id: str) -> Wrong | None:
    """One, open or closed."""
    found = fetch(conn, Wrong, f"{_COLUMNS} where incident_id = :id", id=incident_id)
    return found[0] if found else None


def incidents_from(conn: Connection, text: str, most: int = 20) -> list[Wrong]:
    """Those whose id begins so, open or closed."""
    begun = ids_from(text)
    if begun is None:
        return []
    sql = f"{_COLUMNS} where incident_id between :low and :high limit :most"
    return fetch(conn, Wrong, sql, most=most, **begun)


def closed_incidents(
    conn: Connection,
    since: datetime,
    most: int = 100,
    after: tuple[datetime, str] | None = None,
) -> list[Wrong]:
    """What was wrong lately and is not any more, newest first.

    `after`: when the last one read was closed, and its id.
    """
    behind, given = "1 = 1", {}
    if after is not None:
        behind = "(closed_at, incident_id) < (:when, :name)"
        given = dict(zip(("when", "name"), after, strict=True))
    sql = (
        f"{_COLUMNS} where closed_at >= :since and {behind}"
        " order by closed_at desc, incident_id desc limit :most"
    )
    return fetch(conn, Wrong, sql, since=since, most=most, **given)


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told of an incident, when, and when that it is over; `alone`: by an alert of its own."""

    partner: str
    at: datetime
    over_at: datetime | None
    alone: bool


def told(conn: Connection, incident_id: str) -> list[Told]:
    """Every recipient of an alert about it, by one of its own or one that spoke for it."""
    sql = (
        "select a.partner, h.at, h.over_at, a.head = a.incident_id as alone from alert a"
        " join alert h on h.incident_id = a.head and h.partner = a.partner"
        " where a.incident_id = :id order by a.partner"
    )
    return fetch(conn, Told, sql, id=incident_id)


def claimed(conn: Connection) -> dict[str, list[str]]:
    """Who looks at what: why a partner does not answer, by its name; what stopped, by its cause."""
    sql = (
        f"{_COLUMNS} where closed_at is null and claimed_by is not null"
        " and kind in ('stopped', 'partner_down') order by claimed_at"
    )
    found: dict[str, list[str]] = {}
    for one in fetch(conn, Wrong, sql):
        found.setdefault(one.about, []).append(one.claimed_by or "")
    return found
