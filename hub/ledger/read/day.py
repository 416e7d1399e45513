"""What came in a day is accounted for: each message's deliveries are counted, and the sums must agree."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.ledger.read.fetch import within
from hub.ledger.write import rows

UNDER_WAY = ("waiting", "under_way", "offered")
FOR_A_PERSON = ("needs_person", "outcome_unknown")
LET_GO = ("withdrawn", "expired", "abandoned")


@dataclass(frozen=True, slots=True)
class Day:
    """The account of messages recorded since an instant."""

    messages: int = 0
    planned: int = 0
    delivered: int = 0
    under_way: int = 0
    for_a_person: int = 0
    withheld: int = 0
    let_go: int = 0
    """withdrawn, expired, or abandoned by a named person"""
    unexplained: int = 0
    """messages without a delivery that do not say why"""

    @property
    def balanced(self) -> bool:
        """Whether every planned delivery is accounted for, and every missing one explained."""
        known = self.delivered + self.under_way + self.for_a_person + self.withheld + self.let_go
        return self.planned == known and self.unexplained == 0


def day(conn: Connection, since: datetime, authorities: Collection[str] | None = None) -> Day:
    """The account of what was recorded since then."""
    return together(days(conn, since, authorities).values())


def together(accounts: Iterable[Day]) -> Day:
    """One account of several. Pure."""
    found = list(accounts)
    names = (field.name for field in fields(Day))
    return Day(**{name: sum(getattr(one, name) for one in found) for name in names})


def days(
    conn: Connection, since: datetime, authorities: Collection[str] | None = None
) -> dict[str, Day]:
    """The account of each authority about which anything was recorded since then."""
    mine, given = within(conn, authorities, "m.authority")
    came = rows(
        conn,
        "select authority, count(*) as messages, sum(planned) as planned,"
        " sum(case when planned = 0 and none_reason is null and state = 'recorded'"
        "   then 1 else 0 end) as unexplained"
        f" from message m where recorded_at >= :since and {mine} group by authority",
        since=since,
        **given,
    )
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows(
        conn,
        # A cross join, because SQLite keeps its order: from the day's messages, not from all
        # deliveries there ever were.
        "select m.authority, d.state, count(*) as n from message m cross join delivery d"
        f" where d.message_id = m.message_id and m.recorded_at >= :since and {mine}"
        " group by m.authority, d.state",
        since=since,
        **given,
    ):
        states[row.authority][row.state] = row.n
    return {row.authority: _account(row, states[row.authority]) for row in came}


def _account(came: Any, states: Counter[str]) -> Day:
    def total(names: Iterable[str]) -> int:
        return sum(states[name] for name in names)

    return Day(
        came.messages,
        int(came.planned),
        states["delivered"],
        total(UNDER_WAY),
        total(FOR_A_PERSON),
        states["withheld"],
        total(LET_GO),
        int(came.unexplained),
    )
