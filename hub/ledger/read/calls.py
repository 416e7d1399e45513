"""Whoever must be rung is on one list, with what for, until somebody with a name and a role took the call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

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
    rank: int
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
    state: str
    who: str | None

    @property
    def place(self) -> tuple[datetime, datetime, str]:
        """Where it stands among what is due."""
        return self.due_at or FAR, self.created_at, self.delivery_id


_CALLS = """
select d.delivery_id, d.message_id, d.case_ref, d.authority, d.type, d.partner, d.team, d.priority, d.rank,
  d.reason, d.address as phone, d.due_at, d.created_at, d.version, m.reference,
  m.partner as sender, d.beside, b.state as beside_state, b.reason as beside_reason,
  b.tries as beside_tries, d.state, d.who
from delivery d join message m on m.message_id = d.message_id
left join delivery b on b.delivery_id = d.beside
"""


FAR = datetime.max.replace(tzinfo=UTC)
"""When a call is due that is due at no time."""
_OPEN = "d.transport = 'call' and d.state = 'offered'"


def open_calls(
    conn: Connection,
    authorities: Collection[str] | None = None,
    most: int = 500,
    after: tuple[int, datetime, datetime, str] | None = None,
    *,
    by_rank: bool = True,
) -> list[Call]:
    """Calls nobody has taken yet: the most pressing first, or else what is due first.

    `after` is the `place` of the last one read, of the same order.
    """
    mine, given = within(conn, authorities, "d.authority")
    rank, before = ("d.rank, ", ":rank, ") if by_rank else ("", "")
    order = f"{rank}coalesce(d.due_at, :far), d.created_at, d.delivery_id"
    behind = "1 = 1"
    if after is not None:
        behind = f"({order}) > ({before}:due, :since, :name)"
        given |= dict(zip(("rank", "due", "since", "name"), after, strict=True))
    sql = f"{_CALLS} where {_OPEN} and {mine} and {behind} order by {order} limit :most"
    return fetch(conn, Call, sql, most=most, far=FAR, **given)


def number_of_calls(conn: Connection, authorities: Collection[str] | None = None) -> dict[str, int]:
    """How many nobody has taken yet, by authority."""
    mine, given = within(conn, authorities, "d.authority")
    sql = f"select authority, count(*) as n from delivery d where {_OPEN} and {mine} group by authority"
    return {row.authority: int(row.n) for row in rows(conn, sql, **given)}


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
