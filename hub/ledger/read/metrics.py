"""Everything that a monitoring system counts is counted from what is open, never from all there ever was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.journeys.handover import HELD
from hub.ledger.read.handovers import OPEN
from hub.ledger.session import among, values
from hub.ledger.write import at, rows


@dataclass(frozen=True, slots=True)
class Readings:
    """The hub at one moment; times in seconds, keys as the metrics' labels."""

    taken: dict[tuple[str, str], float]
    open: dict[tuple[str, str], float]
    oldest: dict[str, float]
    down: dict[str, float]
    paused: dict[str, float]
    silent: dict[str, float]
    incidents: dict[str, float]
    handovers: dict[str, float]
    calls: float
    unread: float
    stuck: float


_OPEN = """
select p.partner, d.state, count(*) as n, min(d.created_at) as oldest
from partner_state p join delivery d on d.partner = p.partner
where d.state in ('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown')
group by p.partner, d.state
"""
_TAKEN = """
select partner, cast(sum(owned) as integer) as owned, cast(sum(not_ours) as integer) as not_ours,
  cast(sum(refused) as integer) as refused, cast(sum(unable) as integer) as unable
from tally group by partner
"""
ANSWERS = ("owned", "not_ours", "refused", "unable")


def readings(conn: Connection, now: datetime, partners: Sequence[str]) -> Readings:
    """What holds now of these partners, and of the hub."""

    def since(moment: object) -> float:
        begun = at(moment)
        return max(0.0, (now - begun).total_seconds()) if begun else 0.0

    def number(sql: str, **named: object) -> int:
        return int(rows(conn, sql, **named)[0].n)

    waiting = [row for row in rows(conn, _OPEN) if row.partner in partners]
    oldest = dict.fromkeys(partners, 0.0)
    for row in waiting:
        if row.state in ("waiting", "under_way"):
            oldest[row.partner] = max(oldest[row.partner], since(row.oldest))
    states = {
        row.partner: row
        for row in rows(conn, "select partner, down_since, paused_at from partner_state")
        if row.partner in partners
    }
    unheld = values(conn, sorted(set(OPEN) - set(HELD)))
    open_ = "select count(*) as n from journey where machine = 'handover' and " + among(
        conn, "state"
    )
    kinds = "select kind, count(*) as n from incident where closed_at is null group by kind"
    return Readings(
        taken={
            (row.partner, answer): float(getattr(row, answer))
            for row in rows(conn, _TAKEN)
            for answer in ANSWERS
        },
        open={(row.partner, row.state): float(row.n) for row in waiting},
        oldest=oldest,
        down={name: since(row.down_since) for name, row in states.items()},
        paused={name: float(row.paused_at is not None) for name, row in states.items()},
        silent={
            row.instance: since(row.at) for row in rows(conn, "select instance, at from heartbeat")
        },
        incidents={row.kind: float(row.n) for row in rows(conn, kinds)},
        handovers={
            "all": number(open_, among=unheld),
            "late": number(f"{open_} and due_at < :now", among=unheld, now=now),
        },
        calls=number(
            "select count(*) as n from delivery where transport = 'call' and state = 'offered'"
        ),
        unread=number("select count(*) as n from parcel where state = 'unreadable'"),
        stuck=number("select count(*) as n from stuck where closed_at is null"),
    )
