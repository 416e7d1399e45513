"""How many waited for each partner in the last day, and how long, is read off when each began and ended to wait.

Nothing is sampled or kept for it. What stopped or was given up since is left out: the ledger does
not say until when that waited. Call sheets are people's, and no queue.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.ledger.read.traffic import HOURS, QUARTER, SLOTS, Slots, slot
from hub.ledger.write import at, rows


@dataclass(frozen=True, slots=True)
class Queue:
    """What a partner had not got at the end of each slot, and since when the oldest of it waited."""

    waited: Slots = (0,) * SLOTS
    oldest: tuple[datetime | None, ...] = (None,) * SLOTS


@dataclass(frozen=True, slots=True)
class Spell:
    """Deliveries that began to wait in one slot and had waited in another; `SLOTS`: they wait still."""

    began: int
    over: int
    number: int
    oldest: datetime


def queues(conn: Connection, now: datetime) -> dict[str, Queue]:
    """Each partner's queue in the 24 hours before `now`, by the slots of `traffic`."""
    sql = f"""
    with spell as materialized (
      select partner, created_at, changed_at as ended from delivery
      where state = 'delivered' and changed_at >= :since and transport <> 'call'
      union all
      select d.partner, d.created_at, null from partner_state p join delivery d on d.partner = p.partner
      where d.state in ('waiting', 'under_way', 'offered') and d.transport <> 'call')
    select partner, {slot(conn, "created_at")} as began_ago, {slot(conn, "ended")} as ended_ago,
      count(*) as n, min(created_at) as oldest from spell group by partner, began_ago, ended_ago
    """
    found: dict[str, list[Spell]] = defaultdict(list)
    newest = int(now.timestamp()) // QUARTER
    for row in rows(conn, sql, since=now - timedelta(hours=HOURS), now=newest):
        oldest = at(row.oldest)
        assert oldest is not None
        over = SLOTS if row.ended_ago is None else _place(row.ended_ago)
        found[row.partner].append(Spell(_place(row.began_ago), over, row.n, oldest))
    return {name: queue(spells) for name, spells in found.items()}


def queue(spells: Iterable[Spell]) -> Queue:
    """What waited at the end of each slot. Pure."""
    waited = [0] * SLOTS
    oldest: list[datetime | None] = [None] * SLOTS
    for one in spells:
        for place in range(one.began, one.over):
            waited[place] += one.number
            before = oldest[place]
            oldest[place] = one.oldest if before is None else min(before, one.oldest)
    return Queue(tuple(waited), tuple(oldest))


def _place(ago: int) -> int:
    return SLOTS - 1 - min(max(ago, 0), SLOTS - 1)
