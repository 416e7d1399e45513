"""The last words exchanged with a partner are found by the instant at which they were counted, without content."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch


@dataclass(frozen=True, slots=True)
class LastIn:
    """A message of theirs."""

    message_id: str
    type: str
    reference: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class LastOut:
    """A delivery that they took, and how they acknowledged it."""

    message_id: str
    type: str
    reference: str
    changed_at: datetime
    tries: int
    level: str
    code: str
    detail: str


def last_in(conn: Connection, partner: str, moment: datetime | None) -> LastIn | None:
    """Their message that was recorded at this instant."""
    sql = (
        "select message_id, type, reference, recorded_at from message"
        " where recorded_at = :moment and partner = :partner order by message_id limit 1"
    )
    found = fetch(conn, LastIn, sql, moment=moment, partner=partner) if moment else []
    return found[0] if found else None


def last_out(conn: Connection, partner: str, moment: datetime | None) -> LastOut | None:
    """The delivery to them that became delivered at this instant."""
    sql = (
        "select d.message_id, d.type, m.reference, d.changed_at, d.attempt as tries,"
        " d.level_reached as level, coalesce(a.code, '') as code, coalesce(a.detail, '') as detail"
        " from (select * from delivery where state = 'delivered' and changed_at = :moment"
        "   and partner = :partner order by delivery_id limit 1) d"
        " join message m on m.message_id = d.message_id"
        " left join attempt a on a.delivery_id = d.delivery_id and a.attempt = d.attempt"
    )
    found = fetch(conn, LastOut, sql, moment=moment, partner=partner) if moment else []
    return found[0] if found else None
