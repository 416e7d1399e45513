"""A partner that collects finds what it may take now, in its lanes' order, and nothing past a blocked one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch
from hub.ledger.read.lanes import unblocked
from hub.ledger.write import rows


@dataclass(frozen=True, slots=True)
class Offered:
    """A held delivery, as its partner sees it in a list: no content."""

    delivery_id: str
    message_id: str
    case_ref: str
    partner: str
    transport: str
    type: str
    priority: str
    attempt: int
    state: str
    level_reached: str
    reference: str
    lane: str
    lane_no: int
    created_at: datetime
    due_at: datetime | None
    policy: str | None
    rendered: bytes | None
    version: int


_COLUMNS = """
select d.delivery_id, d.message_id, d.case_ref, d.partner, d.transport, d.type, d.priority,
  d.attempt, d.state, d.level_reached, d.reference, d.lane, d.lane_no, d.created_at, d.due_at, d.policy,
  d.rendered, d.version
from delivery d
"""


_BLOCKED = """
select lane, rank, min(lane_no) as lane_no from delivery
where partner = :partner and state in ('needs_person', 'outcome_unknown') and lane_no > 0
group by lane, rank
union all
select lane, rank, min(lane_no) as lane_no from delivery
where partner = :partner and state in ('waiting', 'under_way') and lane_no > 0 group by lane, rank
"""


def offered(conn: Connection, partner: str, transport: str, limit: int) -> list[Offered]:
    """What may be collected now: urgent first, each lane in its order and only up to what blocks it.

    Lanes stand by age among themselves; what joined another case's lane counts as no older than
    what is before it there.
    """
    offers = f"""{_COLUMNS} where d.partner = :partner and d.transport = :transport
      and d.state = 'offered'"""
    named = {"partner": partner, "transport": transport}
    sql = unblocked(conn, _BLOCKED, offers, **named)
    order = "order by d.rank, d.listed_at, d.lane_no limit :limit"
    return fetch(conn, Offered, f"{sql} {order}", **named, limit=limit)


def is_free(conn: Connection, delivery_id: str) -> bool:
    """Whether this one may be collected now: offered, and nothing blocks its lane before it."""
    sql = """
    select 1 from delivery d where d.delivery_id = :id and d.state = 'offered'
      and (d.rank = 0 or d.lane_no = 0 or not exists (
        select 1 from delivery o where o.lane = d.lane and o.lane_no < d.lane_no
          and o.rank <= d.rank
          and o.state in ('needs_person', 'outcome_unknown', 'waiting', 'under_way')))"""
    return bool(rows(conn, sql, id=delivery_id))


def paused(conn: Connection, partner: str) -> bool:
    """Whether somebody of operations lets nothing go to this partner now."""
    sql = "select 1 from partner_state where partner = :p and paused_at is not null"
    return bool(rows(conn, sql, p=partner))


def held(conn: Connection, delivery_id: str) -> Offered | None:
    """One held delivery, in any state."""
    sql = f"{_COLUMNS} where d.delivery_id = :id and d.mode = 'held'"
    found = fetch(conn, Offered, sql, id=delivery_id)
    return found[0] if found else None


def for_inbox(conn: Connection, message_id: str) -> list[Offered]:
    """Deliveries of a message that wait in a web inbox to be opened."""
    sql = f"""{_COLUMNS} where d.message_id = :id and d.mode = 'held'
      and d.transport = 'inbox' and d.state = 'offered'"""
    return fetch(conn, Offered, sql, id=message_id)
