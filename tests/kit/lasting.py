"""What lasts is looked at again and again, at instants of a test's own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from hub.core.incidents.stopped import blocked_lanes, stopped_deliveries
from hub.core.reports import heartbeat
from hub.core.start.horizon import Upto
from hub.core.work import Work
from tests.kit.site import Bench

MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""Half an hour after the daytime service begins."""


class Told(NamedTuple):
    """An incident: what it is about, how often it was counted, and why it is over."""

    kind: str
    subject: str
    times: int
    over: str | None


def told_of(bench: Bench) -> list[Told]:
    """Every incident there ever was, in the order of their opening."""
    sql = "select kind, subject, count, closed_why from incident order by first_seen, subject"
    return [Told(*row) for row in bench.all(sql)]


def cause(bench: Bench, kind: str) -> str:
    """Why the open one of a kind is wrong."""
    sql = "select cause from incident where kind = :k and closed_at is null"
    return str(bench.all(sql, k=kind)[0].cause)


def after(minutes: float, seconds: float = 0) -> datetime:
    return MONDAY + timedelta(minutes=minutes, seconds=seconds)


def look(bench: Bench, duty: Callable[[Work], Any], at: datetime, **upto: Any) -> None:
    """One look, with everything read up to then."""

    def effect(work: Work) -> None:
        work.upto = Upto(**{"leases": work.machine, "clocks": work.machine} | upto)
        duty(work)

    bench.do(effect, at)


def sweep(bench: Bench, at: datetime | None = None) -> None:
    """What stopped, and which lanes it blocks, is looked for, as it is every few seconds."""
    for duty in (stopped_deliveries, blocked_lanes):
        bench.do(duty, at)


def speaks(bench: Bench, at: datetime, *names: str) -> None:
    """They give their word."""

    def effect(work: Work) -> None:
        for name in names:
            heartbeat(work, name, "e", "d", {})

    bench.do(effect, at)
