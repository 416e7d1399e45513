"""How much only a person can move on is counted, not listed, and beyond a bound it says that there is more."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import within
from hub.ledger.tables import APART
from hub.ledger.write import rows

MOST = 10_000
"""Beyond so many it is counted no further."""


@dataclass(frozen=True, slots=True)
class Chores:
    """How many of each wait; more than `MOST` means: at least so many."""

    stopped: int
    unread: int
    stuck: int
    held: int


def chores(
    conn: Connection,
    since: datetime,
    authorities: Collection[str] | None = None,
    partners: Collection[str] | None = None,
) -> Chores:
    """The same as the pages list them; conflicts that nobody needs to clear only since then.

    `partners`: whose parcels; a parcel that nobody could read names no authority.
    """
    mine, given = within(conn, authorities, "authority")
    stopped = _count(
        conn,
        # Ordered as their index is, or SQLite would look through another that holds all there ever were.
        "select 1 from delivery where state in ('needs_person', 'outcome_unknown')"
        f" and {mine} order by partner, lane_no",
        **given,
    )
    held = _count(
        conn,
        "select 1 from message where message_id in (select message_id from message"
        f"   where {APART} and state in ('early', 'ambiguous', 'parked', 'conflict')"
        "   union all select message_id from message"
        "   where conflict_of is not null and state <> 'cleared' and recorded_at >= :since)"
        f" and {mine}",
        since=since,
        **given,
    )
    theirs, named = within(conn, partners, "partner")
    unread = _count(conn, f"select 1 from parcel where state = 'unreadable' and {theirs}", **named)
    stuck = _count(conn, "select 1 from stuck where closed_at is null")
    return Chores(stopped, unread, stuck, held)


def _count(conn: Connection, sql: str, **given: object) -> int:
    bounded = f"select count(*) as n from ({sql} limit :most) found"
    return int(rows(conn, bounded, **given, most=MOST + 1)[0].n)
