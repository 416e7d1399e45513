"""Whoever must be rung is on one list, with what for, until somebody with a name and a role took the call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch, within
from hub.ledger.write import rows


@dataclass(frozen=True, slots=True)
class Call:
    """An open call sheet; `beside_*` is the delivery that does not get through."""

    delivery_id: str
    message_id: str
    case_ref: str
    authority: str
    type: str
    partner: str
    team: str | None
    priority: str
    reason: str
    phone: str | None
    due_at: datetime | None
    created_at: datetime
    version: int
    reference: str
    sender: str
    beside: str | None
    beside_state: str | None
    beside_reason: str | None
    beside_tries: int | None


_CALLS = """
select d.delivery_id, d.message_id, d.case_ref, d.authority, d.type, d.partner, d.team, d.priority,
  d.reason, d.address as phone, d.due_at, d.created_at, d.version, m.reference,
  m.partner as sender, d.beside, b.state as beside_state, b.reason as beside_reason,
  b.tries as beside_tries
from delivery d join message m on m.message_id = d.message_id
left join delivery b on b.delivery_id = d.beside
"""


def open_calls(
    conn: Connection, authorities: Collection[str] | None = None, most: int = 500
) -> list[Call]:
    """Calls nobody has taken yet, most pressing first."""
    mine, given = within(conn, authorities, "d.authority")
    sql = (
        f"{_CALLS} where d.transport = 'call' and d.state = 'offered' and {mine}"
        " order by d.rank, d.due_at is null, d.due_at, d.created_at, m.reference"
        " limit :most"
    )
    return fetch(conn, Call, sql, most=most, **given)


def call(conn: Connection, delivery_id: str) -> Call | None:
    """One call sheet, taken or not."""
    found = fetch(
        conn, Call, f"{_CALLS} where d.transport = 'call' and d.delivery_id = :id", id=delivery_id
    )
    return found[0] if found else None


def sheets_for(conn: Connection, partner: str) -> int:
    """How many calls to one partner nobody has taken yet."""
    sql = (
        "select count(*) as n from delivery"
        " where partner = :partner and state = 'offered' and transport = 'call'"
    )
    return int(rows(conn, sql, partner=partner)[0].n)
