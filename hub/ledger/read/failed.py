"""What only a person can move on is found by its cause: deliveries, unread parcels, stuck and early ones."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.begins import ids_from
from hub.ledger.read.fetch import fetch, within
from hub.ledger.read.journey import Try
from hub.ledger.session import among, values
from hub.ledger.tables import APART
from hub.ledger.write import rows


@dataclass(frozen=True, slots=True)
class Failed:
    """A delivery that waits for a person."""

    delivery_id: str
    message_id: str
    case_ref: str
    authority: str
    type: str
    partner: str
    team: str | None
    transport: str
    priority: str
    state: str
    attempt: int
    tries: int
    reason: str
    due_at: datetime | None
    changed_at: datetime
    version: int
    policy: str | None
    sender: str
    reference: str

    @property
    def reviewing(self) -> bool:
        """Whether a second person must release what the disclosure policy held."""
        held = self.state == "needs_person" and self.attempt == 0
        return held and ": review;" in (self.policy or "")


@dataclass(frozen=True, slots=True)
class Unread:
    """A parcel that nobody could read, kept sealed."""

    parcel_id: str
    partner: str
    transport: str
    state: str
    received_at: datetime
    reference: str | None
    media_type: str
    size: int
    digest: str
    reason: str | None
    place: str | None
    keep_until: datetime | None
    claimed_by: str | None
    closed_at: datetime | None
    closed_why: str | None
    corrects: str | None
    """The unread one that a person corrected into this"""
    corrected_by: str | None
    """The one into which a person corrected this"""


@dataclass(frozen=True, slots=True)
class StuckRecord:
    """A record that failed alone."""

    stuck_id: str
    topic: str
    partition: int
    offset: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A message that waits for a person before its journey can go on: early, ambiguous, in conflict."""

    message_id: str
    case_ref: str
    authority: str
    type: str
    partner: str
    reference: str
    priority: str
    state: str
    conflict_of: str | None
    recorded_at: datetime
    waits_for: str | None


FAILED = """
select d.delivery_id, d.message_id, d.case_ref, d.authority, d.type, d.partner, d.team,
  d.transport, d.priority, d.state, d.attempt, d.tries, d.reason, d.due_at, d.changed_at, d.version, d.policy,
  m.partner as sender, m.reference
from delivery d join message m on m.message_id = d.message_id
"""


def failed_deliveries(
    conn: Connection, authorities: Collection[str] | None = None, most: int = 1000
) -> list[Failed]:
    """Deliveries that need a person, newest first."""
    mine, given = within(conn, authorities, "d.authority")
    sql = (
        f"{FAILED} where d.state in ('needs_person', 'outcome_unknown') and {mine}"
        " order by d.changed_at desc limit :most"
    )
    return fetch(conn, Failed, sql, most=most, **given)


def delivery(conn: Connection, delivery_id: str) -> Failed | None:
    """One delivery, in any state."""
    found = fetch(conn, Failed, f"{FAILED} where d.delivery_id = :id", id=delivery_id)
    return found[0] if found else None


def attempts(conn: Connection, delivery_id: str) -> list[Try]:
    """Every try at it that was settled, in their order."""
    sql = (
        "select delivery_id, attempt, handed_at, settled_at, outcome, level, code, detail, who"
        " from attempt where delivery_id = :id order by attempt"
    )
    return fetch(conn, Try, sql, id=delivery_id)


def open_sheet(conn: Connection, delivery_id: str) -> str | None:
    """The call sheet that is open beside it."""
    sql = "select delivery_id from delivery where beside = :id and state = 'offered'"
    found = rows(conn, sql, id=delivery_id)
    return str(found[0].delivery_id) if found else None


_UNREAD = """
select parcel_id, partner, transport, state, received_at, reference, media_type, size, digest,
  reason, place, keep_until, claimed_by, closed_at, closed_why, corrects,
  (select p.parcel_id from parcel p where p.corrects = parcel.parcel_id
   and p.corrects is not null limit 1) as corrected_by from parcel
"""


def unread_parcels(
    conn: Connection, partners: Collection[str] | None = None, most: int = 500
) -> list[Unread]:
    """Unreadable parcels of these partners, or of all, that are still open, newest first."""
    mine, given = within(conn, partners, "partner")
    sql = f"{_UNREAD} where state = 'unreadable' and {mine} order by received_at desc limit :most"
    return fetch(conn, Unread, sql, most=most, **given)


def parcel(conn: Connection, parcel_id: str) -> Unread | None:
    """One parcel."""
    found = fetch(conn, Unread, f"{_UNREAD} where parcel_id = :id", id=parcel_id)
    return found[0] if found else None


def parcels_from(
    conn: Connection, text: str, partners: Collection[str] = (), most: int = 20
) -> list[Unread]:
    """Parcels that are no message so far, by how their id begins or by the reference these partners gave."""
    unread = "(state <> 'accepted' or corrects is not null)"
    order = "order by received_at desc limit :most"
    by = f"{_UNREAD} where {among(conn, 'partner')} and reference = :text and {unread} {order}"
    named = values(conn, partners)
    found = fetch(conn, Unread, by, among=named, text=text, most=most) if partners else []
    if begun := ids_from(text):
        sql = f"{_UNREAD} where parcel_id between :low and :high and {unread} limit :most"
        found += fetch(conn, Unread, sql, most=most, **begun)
    return found


def stuck_records(conn: Connection, most: int = 200) -> list[StuckRecord]:
    """Records that failed alone and wait, newest first."""
    sql = (
        'select stuck_id, topic, "partition", "offset", reason, at from stuck'
        " where closed_at is null order by at desc limit :most"
    )
    return fetch(conn, StuckRecord, sql, most=most)


def held_messages(
    conn: Connection, since: datetime, authorities: Collection[str] | None = None, most: int = 500
) -> list[Held]:
    """Early, ambiguous and parked messages, and conflicts: those that nobody needs to clear before
    they are acted on, only since then."""
    mine, given = within(conn, authorities, "m.authority")
    sql = (
        "select m.message_id, m.case_ref, m.authority, m.type, m.partner, m.reference, m.priority,"
        " m.state, m.conflict_of, m.recorded_at, e.waits_for"
        " from message m left join early e on e.message_id = m.message_id"
        " where m.message_id in (select message_id from message"
        f"   where {APART} and state in ('early', 'ambiguous', 'parked', 'conflict')"
        "   union all select message_id from message"
        "   where conflict_of is not null and state <> 'cleared' and recorded_at >= :since)"
        f" and {mine} order by m.recorded_at desc limit :most"
    )
    return fetch(conn, Held, sql, since=since, most=most, **given)
