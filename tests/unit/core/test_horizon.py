"""Nobody is late who answered in time, however long nobody could read it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from hub import topics
from hub.core.due import fall_due, unread
from hub.core.start import horizon
from hub.core.start.horizon import NEVER, Horizons, Upto
from hub.core.work import Work
from hub.ledger.tables import Offset
from hub.ledger.write import insert, run
from tests.kit.people import a_handover, an_attendance
from tests.kit.site import Bench, an_arrival

RECEIPTS = TopicPartition(topics.RECEIPTS, 0)
FLOW = TopicPartition("flows.health", 0)
T = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


class Kafka:
    """Where the roads end; it may be away."""

    def __init__(self) -> None:
        self.ends = {RECEIPTS: 7, FLOW: 3}
        self.away = False

    async def end_offsets(self, spots: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        if self.away:
            raise KafkaConnectionError
        return {spot: self.ends[spot] for spot in spots}


class Clock:
    """Both of the machine's clocks, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def machine(self) -> datetime:
        return T + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1000 + self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(horizon, "machine", clock.machine)
    monkeypatch.setattr(horizon, "monotonic", clock.monotonic)
    yield clock


@pytest.fixture
def read(bench: Bench) -> Callable[[TopicPartition, int], None]:
    """Notes how far the ledger has read."""
    spots = [
        {"topic": s.topic, "partition": 0, "cluster": "c", "next": 0, "worker": "w"}
        for s in (RECEIPTS, FLOW)
    ]
    with bench.engine.begin() as conn:
        insert(conn, Offset, spots)

    def upto(spot: TopicPartition, end: int) -> None:
        with bench.engine.begin() as conn:
            run(conn, 'update "offset" set next = :n where topic = :t', n=end, t=spot.topic)

    return upto


def look(bench: Bench, roads: Horizons) -> Upto:
    with bench.engine.connect() as conn:
        return roads.look(conn)


async def test_it_moves_to_where_the_ends_were_asked_once_they_are_read(
    bench: Bench, clock: Clock, read: Any
) -> None:
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    await roads.ask(kafka)
    clock.seconds = 5
    assert look(bench, roads) == Upto(NEVER, NEVER)
    read(RECEIPTS, 7)
    assert look(bench, roads) == Upto(T, NEVER)
    read(FLOW, 3)
    assert look(bench, roads) == Upto(T, T)


async def test_what_comes_later_is_not_waited_for(bench: Bench, clock: Clock, read: Any) -> None:
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    await roads.ask(kafka)
    kafka.ends = {RECEIPTS: 9, FLOW: 9}
    clock.seconds = 2
    await roads.ask(kafka)
    read(RECEIPTS, 7)
    read(FLOW, 3)
    assert look(bench, roads) == Upto(T, T)


async def test_a_standstill_makes_nobody_late(bench: Bench, clock: Clock, read: Any) -> None:
    """An hour in which nothing could be read: the horizon stands where it was until it is."""
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    read(RECEIPTS, 7)
    read(FLOW, 3)
    await roads.ask(kafka)
    assert look(bench, roads) == Upto(T, T)
    clock.seconds, kafka.ends = 3600, {RECEIPTS: 40, FLOW: 3}
    await roads.ask(kafka)
    assert look(bench, roads).leases == T
    read(RECEIPTS, 40)
    assert look(bench, roads).leases == T + timedelta(hours=1)


async def test_while_kafka_is_away_no_lease_ends_and_somebody_is_told_to_ring_after_a_minute(
    bench: Bench, clock: Clock, read: Any
) -> None:
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    read(RECEIPTS, 7)
    read(FLOW, 3)
    await roads.ask(kafka)
    assert look(bench, roads) == Upto(T, T)
    kafka.away = True
    for second in range(1, 60):
        clock.seconds = second
        await roads.ask(kafka)
        assert look(bench, roads) == Upto(T, T)
    clock.seconds = 3600
    await roads.ask(kafka)
    assert look(bench, roads) == Upto(T, T + timedelta(hours=1), unread=True)


async def test_when_kafka_is_back_edge_has_time_to_tell_what_it_could_not(
    bench: Bench, clock: Clock, read: Any
) -> None:
    """The first answer may come a moment after Kafka does: it says nothing of what edge still has."""
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    read(RECEIPTS, 7)
    read(FLOW, 3)
    kafka.away, clock.seconds = True, 3600
    await roads.ask(kafka)
    kafka.away = False
    for second in range(3601, 3620):
        clock.seconds = second
        await roads.ask(kafka)
        assert look(bench, roads).leases == NEVER
    clock.seconds, kafka.ends = 3620, {RECEIPTS: 9, FLOW: 3}
    await roads.ask(kafka)
    assert look(bench, roads).leases == NEVER
    read(RECEIPTS, 9)
    back = T + timedelta(seconds=3620)
    assert look(bench, roads) == Upto(back, back)


async def test_after_a_minute_of_backlog_it_is_judged_all_the_same_and_told_once(
    bench: Bench, clock: Clock, read: Any
) -> None:
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    read(RECEIPTS, 7)
    await roads.ask(kafka)
    clock.seconds = 59
    assert look(bench, roads) == Upto(T, NEVER)
    clock.seconds = 61
    upto = look(bench, roads)
    assert upto == Upto(T, T + timedelta(seconds=61), unread=True)
    bench.do(lambda work: _told(work, upto), clock.machine())
    bench.do(lambda work: _told(work, upto), clock.machine())
    assert _incidents(bench) == [(1, None)]
    await roads.ask(kafka)
    read(FLOW, 3)
    for second in (62, 63, 120):
        clock.seconds = second
        upto = look(bench, roads)
        assert not upto.unread
        bench.do(partial(_told, upto=upto), clock.machine())
        await roads.ask(kafka)
    assert _incidents(bench) == [(1, None)], "not for a minute so far"
    clock.seconds = 125
    upto = look(bench, roads)
    bench.do(lambda work: _told(work, upto), clock.machine())
    assert _incidents(bench) == [(1, "everything is read again")]


@pytest.mark.parametrize("lag", [61, 90])
async def test_a_lag_that_stays_as_it_is_is_one_incident(
    bench: Bench, clock: Clock, read: Any, lag: int
) -> None:
    """Each end that was asked for is read in the end, and then there is another one."""
    kafka, roads = Kafka(), Horizons("c", [RECEIPTS, FLOW])
    read(RECEIPTS, 7)
    for second in range(600):
        clock.seconds, kafka.ends[FLOW] = second, 1000 + second
        await roads.ask(kafka)
        if second % 5 == 1:
            read(FLOW, max(0, 1000 + second - lag))
        upto = look(bench, roads)
        if upto.unread or second % 5 == 1:
            bench.do(partial(_told, upto=upto), clock.machine())
    assert _incidents(bench) == [(1, None)]


async def test_one_core_does_not_end_what_another_cannot_read(bench: Bench) -> None:
    bench.do(lambda work: work.incident("unread", "core-2", "of another"), T)
    bench.do(lambda work: _told(work, Upto(T, T)), T + timedelta(hours=1))
    assert _incidents(bench) == [(1, None)]


def _told(work: Work, upto: Upto) -> None:
    work.upto = upto
    unread(work, "core-1", at_start=False)


def _incidents(bench: Bench) -> list[tuple[int, str | None]]:
    found = bench.all("select count, closed_why from incident where kind = 'unread'")
    return [(row[0], row[1]) for row in found]


def judged(bench: Bench, upto: Upto, at: datetime) -> None:
    """One round of what falls due, at an instant, with the roads read so far."""

    def due(work: Work) -> None:
        work.upto = upto
        fall_due(work)

    bench.do(due, at=at)


def test_a_lease_that_ended_beyond_it_is_not_judged(bench: Bench) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)), at=T)
    late = T + timedelta(hours=1)
    judged(bench, Upto(T, late), late)
    assert bench.all("select outcome from attempt") == []
    judged(bench, Upto(late, NEVER), late)
    assert [row.outcome for row in bench.all("select outcome from attempt")] == ["unknown"]


def test_an_acceptance_that_is_owed_beyond_it_is_not_overdue(bench: Bench) -> None:
    bench.record(an_arrival("edt.handover", a_handover(1), "edt"), at=T)
    late = T + timedelta(days=9)
    judged(bench, Upto(late, T), late)
    assert bench.all("select 1 from incident where kind = 'overdue'") == []
    judged(bench, Upto(NEVER, late), late)
    assert len(bench.all("select 1 from incident where kind = 'overdue'")) == 1
