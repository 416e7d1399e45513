"""What lasts is one incident: opened once, not counted while it goes on, closed once when it is over."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.core.incidents import disk, silence, sweep
from hub.core.incidents.behind import reading_behind
from hub.core.incidents.disk import Disk
from hub.core.incidents.queues import old_queues
from hub.core.incidents.silence import Silence
from hub.core.incidents.sweep import Sweep
from hub.ledger.write import run
from hub.partners import Partner, Patience, Receives, Role
from hub.settings import Settings
from tests.kit.deeds import act, settle, told
from tests.kit.lasting import MONDAY, after, cause, look, speaks, told_of
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

Make = Callable[[list[Partner]], Bench]


class Clock:
    """Our own clock, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (silence, sweep, disk):
        monkeypatch.setattr(module, "monotonic", made)
    return made


# Queues


@pytest.fixture
def queue(a_bench: Make) -> Bench:
    """A team whose patience for what is routine is an hour, and a delivery that it did not take."""
    team = a_partner(
        "team",
        Role.ASSESSMENT_TEAM,
        receives=(Receives(type="health.attendance"),),
        patience=Patience(routine=timedelta(hours=1)),
    )
    bench = a_bench([a_partner("hospital", Role.HEALTH, sends=("health.attendance",)), team])
    for number in (1, 2, 3):
        said = an_arrival("health.attendance", an_attendance(number), reference=str(number))
        bench.record(said, at=MONDAY)
    return bench


def test_an_old_queue_is_one_incident_of_its_partner_however_many_wait(queue: Bench) -> None:
    look(queue, old_queues, after(59))
    assert told_of(queue) == []
    for minute in (61, 62, 90):
        look(queue, old_queues, after(minute))
    assert told_of(queue) == [("queue_old", "team", 1, None)]
    assert (
        cause(queue, "queue_old") == "what waits longest (routine) does so since Mon 23 Nov 09:30"
    )
    settle(queue, *[told(order) for order in queue.orders()], at=after(91))
    for minute in (91, 92, 93, 200):
        look(queue, old_queues, after(minute))
    why = "nothing waits longer than its patience any more"
    assert told_of(queue) == [("queue_old", "team", 1, why)]


def test_a_queue_about_its_patience_does_not_open_and_close_all_day(queue: Bench) -> None:
    for number in range(4, 10):
        minute = 61 + number
        look(queue, old_queues, after(minute))
        settle(queue, *[told(order) for order in queue.orders()], at=after(minute, 1))
        look(queue, old_queues, after(minute, 20))
        said = an_arrival("health.attendance", an_attendance(number), reference=str(number))
        queue.record(said, at=after(minute - 60))
    assert [(one.times, one.over) for one in told_of(queue)] == [(1, None)]


def test_of_a_queue_that_somebody_paused_it_says_who(queue: Bench) -> None:
    at, reason = after(5), "their upgrade"
    paused = act(
        queue, "partner.paused", "team", "O. Penhaligon", "operations", at=at, reason=reason
    )
    assert paused[0] == "done"
    look(queue, old_queues, after(61))
    assert "paused since Mon 23 Nov 09:35 by O. Penhaligon, operations" in cause(queue, "queue_old")


def test_what_came_in_time_is_read_before_a_queue_is_called_old(queue: Bench) -> None:
    look(queue, old_queues, after(61), clocks=after(59))
    assert told_of(queue) == []


# Reading


def test_a_road_that_is_behind_is_one_incident_until_it_is_read_in_time(bench: Bench) -> None:
    for at, seconds in enumerate((59, 61, 90, 30, 59, 70)):
        look(bench, reading_behind, after(at), behind={"flows.health": seconds, "acts": 0.1})
    assert told_of(bench) == [("behind", "flows.health", 1, None)]
    look(bench, reading_behind, after(6), behind={})
    assert told_of(bench)[0].over is None, "a core that has just begun knows nothing of it"
    look(bench, reading_behind, after(6), behind={"flows.health": 0.4})
    assert told_of(bench) == [("behind", "flows.health", 1, None)], "not for a minute so far"
    look(bench, reading_behind, after(8), behind={"flows.health": 0.4})
    assert told_of(bench)[0].over == "what comes is recorded at once again"


# Roles


def test_a_role_that_is_silent_is_one_incident_until_it_speaks(bench: Bench, clock: Clock) -> None:
    ear = Silence()
    speaks(bench, MONDAY, "edge-1", "edge-2")
    look(bench, ear.look, MONDAY)
    for second in (10, 20, 31, 40, 120):
        clock.seconds = 1000 + second
        speaks(bench, after(0, second), "edge-1")
        look(bench, ear.look, after(0, second))
    assert told_of(bench) == [("silent", "edge-2", 1, None)]
    for second in (121, 190):
        clock.seconds = 1000 + second
        speaks(bench, after(0, second), "edge-1", "edge-2")
        look(bench, ear.look, after(0, second))
    assert told_of(bench) == [("silent", "edge-2", 1, "it speaks again")]


def test_a_core_that_has_just_begun_neither_calls_anybody_silent_nor_heard(
    bench: Bench, clock: Clock
) -> None:
    speaks(bench, MONDAY, "edge-1")
    bench.do(lambda work: work.incident("silent", "edge-2", "of before"), MONDAY)
    speaks(bench, MONDAY, "edge-2")
    ear = Silence()
    for second in (0, 10, 29):
        clock.seconds = 1000 + second
        look(bench, ear.look, after(600, second))
    assert told_of(bench) == [("silent", "edge-2", 1, None)]


def test_who_was_gone_long_before_we_began_is_not_missed_and_who_is_not_back_is(
    bench: Bench, clock: Clock
) -> None:
    speaks(bench, MONDAY - timedelta(days=30), "edge-retired", "core-retired")
    speaks(bench, MONDAY - timedelta(hours=1), "edge-not-back")
    speaks(bench, MONDAY, "core-1", "edge-1")
    # The whole hub stood still over a weekend, and begins again.
    ear, began = Silence(), MONDAY + timedelta(days=3)
    for second in (0, 10, 31, 40):
        clock.seconds = 1000 + second
        speaks(bench, began + timedelta(seconds=second), "core-1", "edge-1")
        look(bench, ear.look, began + timedelta(seconds=second))
    assert told_of(bench) == [("silent", "edge-not-back", 1, None)]
    for second in (50, 60, 85):
        clock.seconds = 1000 + second
        speaks(bench, began + timedelta(seconds=second), "core-1", "edge-1")
        if second == 50:
            speaks(bench, began + timedelta(seconds=second), "edge-retired")
        look(bench, ear.look, began + timedelta(seconds=second))
    assert [one.subject for one in told_of(bench)] == ["edge-not-back", "edge-retired"]


def test_nobody_is_silent_because_core_does_not_read_or_a_clock_was_set(
    bench: Bench, clock: Clock
) -> None:
    ear = Silence()
    speaks(bench, MONDAY, "edge-1")
    look(bench, ear.look, MONDAY)
    clock.seconds += 100
    look(bench, ear.look, after(2), leases=after(0))
    clock.seconds += 20
    look(bench, ear.look, after(3))
    assert told_of(bench) == [], "its words lay on the road"
    clock.seconds += 5
    look(bench, ear.look, after(60 * 24))
    assert told_of(bench) == [], "a day passed on the civil clock alone"


def test_who_takes_a_role_away_on_purpose_says_so_and_it_is_not_waited_for(
    bench: Bench, clock: Clock
) -> None:
    ear = Silence()
    speaks(bench, MONDAY, "edge-2")
    look(bench, ear.look, MONDAY)
    clock.seconds += 31
    look(bench, ear.look, after(1))
    [row] = bench.all("select incident_id from incident")
    reason = "moved to the new machine"
    done = act(bench, "incident.closed", row.incident_id, at=after(2), reason=reason)
    assert done == ("done", "closed")
    clock.seconds += 100
    look(bench, ear.look, after(4))
    assert [one.over is not None for one in told_of(bench)] == [True]
    speaks(bench, after(5), "edge-2")
    look(bench, ear.look, after(5))
    clock.seconds += 100
    look(bench, ear.look, after(7))
    assert [one.over is not None for one in told_of(bench)] == [True, False]


# The disk


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_disk_that_is_nearly_full_is_one_incident_until_there_is_room_to_spare(
    bench: Bench, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eye = Disk("core-1", tmp_path, 2_000)
    for at, free in enumerate((2_001, 1_999, 1_500, 2_100, 1_999)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(9_000, 0, free))
        look(bench, eye.look, after(at * 5))
        clock.seconds += 300
    bench.do(lambda work: work.incident("disk", "core-2", "another's"), MONDAY)
    assert [one for one in told_of(bench) if one.subject == "core-1"] == [
        ("disk", "core-1", 1, None)
    ]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9_000, 0, 2_201))
    look(bench, eye.look, after(60))
    found = {one.subject: one.over for one in told_of(bench)}
    assert found == {"core-1": "there is room again", "core-2": None}


def test_what_the_disk_holds_is_told_in_words(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(2_000_000))
    look(bench, Disk("core-1", tmp_path, 10**15).look, MONDAY)
    said = cause(bench, "disk")
    assert "are free where the hub keeps its data" in said
    assert "HUB_DISK_FREE_MIN is 1000000.0 GB" in said


# All of it


def test_after_a_start_and_after_a_clock_was_set_what_waits_may_go_out_first(
    queue: Bench, clock: Clock, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, instance="1", disk_free_min=1)
    rounds = Sweep(settings)

    def pass_by(seconds: int, at: datetime) -> datetime:
        for _ in range(seconds // 5):
            clock.seconds += 5
            at += timedelta(seconds=5)
            look(queue, rounds.look, at)
        return at

    at = pass_by(115, after(120))
    assert told_of(queue) == []
    at = pass_by(20, at)
    assert [one.kind for one in told_of(queue)] == ["queue_old"]
    settle(queue, *[told(order) for order in queue.orders()], at=at)
    said = an_arrival("health.attendance", an_attendance(7), reference="7")
    queue.record(said, at=at)
    at = pass_by(300, at)
    assert [one.over is not None for one in told_of(queue)] == [True]
    at = pass_by(100, at + timedelta(days=1))
    assert len(told_of(queue)) == 1, "it has not waited a day: the clock was set"


def test_a_round_looks_for_all_of_it(
    queue: Bench, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = Sweep(Settings(data=tmp_path, instance="1", disk_free_min=10**15))
    speaks(queue, MONDAY, "edge-1")
    for second in range(0, 200, 5):
        look(queue, rounds.look, after(120, second), behind={"acts": 99.0})
        clock.seconds += 5
    assert {one.kind for one in told_of(queue)} == {"behind", "silent", "disk", "queue_old"}
    assert {one.times for one in told_of(queue)} == {1}


def test_the_oldest_of_a_queue_is_found_by_its_index(queue: Bench) -> None:
    """However many were delivered: the plan names no table without an index of its own."""
    from hub.core.incidents.queues import _OLDEST
    from hub.ledger.session import is_sqlite

    with queue.engine.connect() as conn:
        cursor: Any = conn.connection.cursor()
        cursor.execute(("explain query plan " if is_sqlite(conn) else "explain ") + _OLDEST)
        plan = "\n".join(str(row) for row in cursor.fetchall())
        run(conn, "select 1")
    assert "delivery_patience" in plan, plan
