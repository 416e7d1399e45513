"""The last words exchanged with a partner are found whatever their age, without content, by looking at little.

One looks back from where the newest is known to be at most (a count of the day, the partner's last
acknowledgement), through the index of times, at so many rows and no more.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch

LOOKED = 5_000
"""Messages, or deliveries, that are looked at for the last ones of one partner."""


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


def last_in(conn: Connection, partner: str, upto: datetime, most: int = 3) -> list[LastIn]:
    """Their last messages until this instant, the newest first."""
    sql = (
        "select message_id, type, reference, recorded_at from (select * from message"
        "   where recorded_at <= :upto order by recorded_at desc limit :looked) m"
        " where partner = :partner order by recorded_at desc, message_id limit :most"
    )
    return fetch(conn, LastIn, sql, upto=upto, partner=partner, looked=LOOKED, most=most)


def last_out(conn: Connection, partner: str, upto: datetime, most: int = 3) -> list[LastOut]:
    """The last deliveries that they took until this instant, the newest first."""
    sql = (
        "select d.message_id, d.type, m.reference, d.changed_at, d.attempt as tries,"
        " d.level_reached as level, coalesce(a.code, '') as code, coalesce(a.detail, '') as detail"
        " from (select * from (select * from delivery where state = 'delivered'"
        "     and changed_at <= :upto order by changed_at desc limit :looked) d"
        "   where partner = :partner order by changed_at desc, delivery_id limit :most) d"
        " join message m on m.message_id = d.message_id"
        " left join attempt a on a.delivery_id = d.delivery_id and a.attempt = d.attempt"
        " order by d.changed_at desc, d.delivery_id"
    )
    return fetch(conn, LastOut, sql, upto=upto, partner=partner, looked=LOOKED, most=most)
