"""What nobody has accepted is counted by whom it waits for, and what is late is read a few at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.journeys.handover import HANDOVER
from hub.journeys.notice import NOTICE
from hub.journeys.reconvening import RECONVENING
from hub.journeys.referral import REFERRAL
from hub.journeys.strategy import STRATEGY
from hub.ledger.read.fetch import fetch, within
from hub.ledger.read.handovers import COLUMNS, SENDER_MUST, Handover
from hub.ledger.session import among, values
from hub.ledger.write import at, rows

MOST = 10_000
"""Beyond so many, a count says that there are more."""
_WAITING = sorted(HANDOVER.owed)
_UNDONE = sorted(REFERRAL.owed | STRATEGY.owed | RECONVENING.owed | NOTICE.owed)


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for one team: how much, since when, how much of it is late, and what is due first."""

    partner: str
    team: str | None
    waiting: int
    late: int
    oldest: datetime
    due_first: datetime | None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which late things are asked for: of these authorities (None: all), but none of these journeys.

    `senders`: only what these partners sent; `handovers`: not only referrals, discussions and
    notices to referrers.
    """

    authorities: Collection[str] | None = None
    without: Collection[str] = ()
    senders: Collection[str] | None = None
    handovers: bool = True
    outside: Collection[str] = ()
    """authorities that are left out"""


def waits(conn: Connection, now: datetime) -> dict[str, tuple[Waits, ...]]:
    """By authority, for whom handovers wait that nobody holds."""
    asked = ", ".join(f"'{state}'" for state in SENDER_MUST)
    found: dict[str, list[Waits]] = defaultdict(list)
    for row in rows(
        conn,
        "select authority, partner, team, count(*) as waiting,"
        " sum(case when due_at < :now then 1 else 0 end) as late,"
        " min(opened_at) as oldest, min(due_at) as due_first from ("
        " select j.authority, j.due_at, j.opened_at,"
        f" case when j.state in ({asked}) then j.sender else coalesce(j.receiver, ("
        "   select min(d.partner) from delivery d where d.message_id = j.subject"
        "   and d.purpose = 'action' and d.transport <> 'call')) end as partner,"
        f" case when j.state in ({asked}) then null else j.team end as team"
        f" from journey j where j.machine = 'handover' and {among(conn, 'j.state')}) waits"
        " group by authority, partner, team",
        among=values(conn, _WAITING),
        now=now,
    ):
        oldest = at(row.oldest)
        assert oldest is not None
        one = Waits(row.partner or "", row.team, row.waiting, row.late, oldest, at(row.due_first))
        found[row.authority].append(one)
    return {
        name: tuple(sorted(each, key=lambda one: (one.partner, one.team or "")))
        for name, each in found.items()
    }


def all_that_waits(found: Iterable[Waits]) -> list[Waits]:
    """One line for each team, those with the most late first. Pure."""
    lines: dict[tuple[str, str | None], list[Waits]] = defaultdict(list)
    for one in found:
        lines[one.partner, one.team].append(one)
    summed = [
        Waits(
            partner,
            team,
            sum(one.waiting for one in each),
            sum(one.late for one in each),
            min(one.oldest for one in each),
            min((one.due_first for one in each if one.due_first), default=None),
        )
        for (partner, team), each in lines.items()
    ]
    return sorted(summed, key=lambda one: (-one.late, one.oldest))


def late(
    conn: Connection,
    now: datetime,
    which: Narrowed,
    most: int,
    after: tuple[datetime, str] | None = None,
) -> list[Handover]:
    """What is past its time and nobody holds, longest late first; `after` is the last one read."""
    since, given = "1 = 1", {}
    if after is not None:
        since = "(j.due_at > :after_due or (j.due_at = :after_due and j.journey_id > :after_id))"
        given = {"after_due": after[0], "after_id": after[1]}
    found: list[Handover] = []
    for condition, named in _late(conn, now, which):
        sql = f"{COLUMNS} where {condition} and {since} order by j.due_at, j.journey_id limit :most"
        found += fetch(conn, Handover, sql, **named, **given, most=most)
    return sorted(found, key=lambda one: (one.due_at or now, one.journey_id))[:most]


def number_late(conn: Connection, now: datetime, which: Narrowed) -> int:
    """How many `late` would read in all; `MOST` and one more where there are more than that."""
    count = 0
    for condition, named in _late(conn, now, which):
        some = f"select 1 from journey j where {condition} limit :most"
        found = rows(conn, f"select count(*) as n from ({some}) late", **named, most=MOST + 1)
        count += int(found[0].n)
    return min(count, MOST + 1)


def _late(conn: Connection, now: datetime, which: Narrowed) -> Iterable[tuple[str, dict[str, Any]]]:
    """Conditions on a journey `j`, and their values: one for each kind of machine."""
    mine, given = within(conn, which.authorities, "j.authority")
    if which.without:
        mine += f" and not ({among(conn, 'j.journey_id', 'without')})"
        given = {**given, "without": values(conn, which.without)}
    if which.outside:
        mine += f" and not ({among(conn, 'j.authority', 'outside')})"
        given = {**given, "outside": values(conn, which.outside)}
    if which.senders is not None:
        mine += f" and {among(conn, 'j.sender', 'senders')}"
        given = {**given, "senders": values(conn, which.senders)}
    kinds = [("'handover'", _WAITING)] if which.handovers else []
    undone = ("'referral', 'strategy', 'reconvening', 'notice'", _UNDONE)
    for machines, states in (*kinds, undone):
        sql = (
            f"j.machine in ({machines}) and {among(conn, 'j.state')} and j.due_at < :now and {mine}"
        )
        yield sql, {"among": values(conn, states), "now": now, **given}
