"""The whole hub fits on one screen: what runs, what came, what waits, what is late, what is wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.ledger.read.calls import number_of_calls
from hub.ledger.read.chores import chores
from hub.ledger.read.day import Day, day
from hub.ledger.read.fetch import fetch
from hub.ledger.read.handovers import Handover, open_handovers
from hub.ledger.read.incidents import Wrong, how_many, open_incidents
from hub.ledger.read.partners import Standing, standings
from hub.ledger.read.waits import MOST, Narrowed, late
from hub.ledger.write import rows

SILENT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Alive:
    """The last word of one role."""

    instance: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages of one type in the last day."""

    type: str
    messages: int


@dataclass(frozen=True, slots=True)
class Status:
    """The hub at one moment."""

    at: datetime
    roles: tuple[Alive, ...]
    flows: tuple[Flow, ...]
    day: Day
    waiting: tuple[Handover, ...]
    """Handovers that nobody holds, oldest deadline first."""
    late: tuple[Handover, ...]
    partners: dict[str, Standing]
    calls: int
    stopped: int
    unread: int
    stuck: int
    wrong: tuple[Wrong, ...]
    """The newest of what is wrong."""
    wrong_count: int

    def silent(self, role: Alive) -> bool:
        """Whether a role has said nothing for too long."""
        return self.at - role.at > SILENT


def status(conn: Connection, now: datetime, partners: list[str]) -> Status:
    """The hub now."""
    since = now - timedelta(hours=24)
    waiting = [one for one in open_handovers(conn) if not one.held]
    todo = chores(conn, since)
    flows = rows(
        conn,
        "select type, count(*) as n from message where recorded_at >= :since"
        " group by type order by n desc",
        since=since,
    )
    return Status(
        now,
        tuple(fetch(conn, Alive, "select instance, at from heartbeat order by instance")),
        tuple(Flow(row.type, row.n) for row in flows),
        day(conn, since),
        tuple(waiting),
        tuple(late(conn, now, Narrowed(), MOST)),
        standings(conn, now, partners),
        sum(number_of_calls(conn).values()),
        todo.stopped,
        todo.unread,
        todo.stuck,
        tuple(open_incidents(conn)),
        how_many(conn),
    )
