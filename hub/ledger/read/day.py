"""What came in a day is accounted for: each message's deliveries are counted, and the sums must agree."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import within
from hub.ledger.write import rows

UNDER_WAY = ("waiting", "under_way", "offered")
FOR_A_PERSON = ("needs_person", "outcome_unknown")


@dataclass(frozen=True, slots=True)
class Day:
    """The account of messages recorded since an instant."""

    since: datetime
    messages: int
    planned: int
    delivered: int
    under_way: int
    for_a_person: int
    withheld: int
    let_go: int
    """withdrawn, expired, or abandoned by a named person"""
    unexplained: int
    """messages without a delivery that do not say why"""

    @property
    def balanced(self) -> bool:
        """Whether every planned delivery is accounted for, and every missing one explained."""
        known = self.delivered + self.under_way + self.for_a_person + self.withheld + self.let_go
        return self.planned == known and self.unexplained == 0


def day(conn: Connection, since: datetime, authorities: Collection[str] | None = None) -> Day:
    """The account of what was recorded since then."""
    mine, given = within(conn, authorities, "m.authority")
    came = rows(
        conn,
        "select count(*) as messages, coalesce(sum(planned), 0) as planned,"
        " coalesce(sum(case when planned = 0 and none_reason is null and state = 'recorded'"
        "   then 1 else 0 end), 0) as unexplained"
        f" from message m where recorded_at >= :since and {mine}",
        since=since,
        **given,
    )[0]
    counts = {
        row.state: row.n
        for row in rows(
            conn,
            # A cross join, because SQLite keeps its order: from the day's messages, not from all
            # deliveries there ever were.
            "select d.state, count(*) as n from message m cross join delivery d"
            f" where d.message_id = m.message_id and m.recorded_at >= :since and {mine}"
            " group by d.state",
            since=since,
            **given,
        )
    }

    def total(*states: str) -> int:
        return sum(counts.get(state, 0) for state in states)

    return Day(
        since,
        came.messages,
        int(came.planned),
        total("delivered"),
        total(*UNDER_WAY),
        total(*FOR_A_PERSON),
        total("withheld"),
        total("withdrawn", "expired", "abandoned"),
        int(came.unexplained),
    )
