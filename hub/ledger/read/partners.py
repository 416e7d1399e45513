"""How each partner stands is told from the ledger alone: last word, what waits, what came and went."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch
from hub.ledger.read.traffic import Traffic, traffic

_YOUNG, _MIDDLE = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class State:
    """What the ledger keeps of a partner beside its configuration."""

    partner: str
    paused_at: datetime | None = None
    paused_by: str | None = None
    paused_why: str | None = None
    down_since: datetime | None = None
    failures: int = 0
    next_probe_at: datetime | None = None
    """by the machines' own clocks"""
    heard_at: datetime | None = None
    said: str | None = None
    tested_at: datetime | None = None
    tested_by: str | None = None
    found_at: datetime | None = None
    found: str | None = None
    """what the edge found that was asked to test it; None until then"""
    reached: bool | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is on its way to a partner, by age, and what waits elsewhere."""

    partner: str
    under_way: int = 0
    young: int = 0
    middle: int = 0
    old: int = 0
    offered: int = 0
    """in its inbox, or to be collected"""
    to_ring: int = 0
    """call sheets: somebody rings"""
    needs_person: int = 0
    oldest: datetime | None = None
    oldest_offered: datetime | None = None

    @property
    def waiting(self) -> int:
        """All that the partner has not got and that goes out by itself."""
        return self.young + self.middle + self.old


@dataclass(frozen=True, slots=True)
class Tallied:
    """What edges counted of a partner's parcels that left no message: dropped, refused, not taken."""

    partner: str
    not_ours: int = 0
    refused: int = 0
    unable: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One partner, as the ledger has it."""

    state: State
    waiting: Waiting
    traffic: Traffic
    tallied: Tallied


@dataclass(frozen=True, slots=True)
class Figures:
    """What must be counted of partners: it costs what waits, and what the day brought."""

    waiting: Mapping[str, Waiting]
    traffic: Mapping[str, Traffic]


def figures(conn: Connection, now: datetime) -> Figures:
    """What waits for each partner now, and its traffic of the last 24 hours."""
    return Figures(_waiting(conn, now), traffic(conn, now))


def standings(
    conn: Connection, now: datetime, names: Iterable[str], counted: Figures | None = None
) -> dict[str, Standing]:
    """Every named partner's standing; with what somebody has counted, else it is counted here."""
    known = states(conn)
    found = counted or figures(conn, now)
    tallied = {one.partner: one for one in fetch(conn, Tallied, _TALLIED)}
    return {
        name: Standing(
            known.get(name, State(name)),
            found.waiting.get(name, Waiting(name)),
            found.traffic.get(name, Traffic()),
            tallied.get(name, Tallied(name)),
        )
        for name in names
    }


def states(conn: Connection) -> dict[str, State]:
    """What the ledger keeps of every partner."""
    sql = (
        "select partner, paused_at, paused_by, paused_why, down_since, failures,"
        " next_probe_at, heard_at, said, tested_at, tested_by, found_at, found, reached, version from partner_state"
    )
    return {state.partner: state for state in fetch(conn, State, sql)}


_TALLIED = """
select partner, cast(sum(not_ours) as integer) as not_ours, cast(sum(refused) as integer) as refused,
  cast(sum(unable) as integer) as unable from tally group by partner
"""
_WAITING = """
select p.partner,
  sum(case when state = 'under_way' then 1 else 0 end) as under_way,
  sum(case when state in ('waiting', 'under_way') and created_at > :young then 1 else 0 end)
    as young,
  sum(case when state in ('waiting', 'under_way') and created_at <= :young
    and created_at > :middle then 1 else 0 end) as middle,
  sum(case when state in ('waiting', 'under_way') and created_at <= :middle then 1 else 0 end)
    as old,
  sum(case when state = 'offered' and transport <> 'call' then 1 else 0 end) as offered,
  sum(case when state = 'offered' and transport = 'call' then 1 else 0 end) as to_ring,
  sum(case when state in ('needs_person', 'outcome_unknown') then 1 else 0 end) as needs_person,
  min(case when state in ('waiting', 'under_way') then created_at end) as oldest,
  min(case when state = 'offered' and transport <> 'call' then created_at end) as oldest_offered
from partner_state p join delivery d on d.partner = p.partner
where state in ('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown')
group by p.partner
"""


def _waiting(conn: Connection, now: datetime) -> dict[str, Waiting]:
    found = fetch(conn, Waiting, _WAITING, young=now - _YOUNG, middle=now - _MIDDLE)
    return {waiting.partner: waiting for waiting in found}
