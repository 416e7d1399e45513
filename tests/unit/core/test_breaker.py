"""A partner that cannot be reached is probed, not flooded; when it answers, everything goes out by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.breaker import FIRST, LONGEST, until_probe
from hub.core.due import fall_due
from hub.partners import Partner, Receives, Retry, Role
from schemas.envelope import Priority
from tests.kit.deeds import incidents, settle, states, told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

NIGHT = datetime(2026, 11, 23, 22, tzinfo=UTC)
Order = dict[str, Any]


@pytest.fixture
def bench(a_bench: Callable[[list[Partner]], Bench]) -> Bench:
    """A hospital and a team that decides on nothing itself: few tries, each child for itself."""
    team = a_partner(
        "team",
        Role.ASSESSMENT_TEAM,
        receives=(Receives(type="health.attendance"),),
        retry=Retry(tries=4),
    )
    return a_bench([a_partner("hospital", Role.HEALTH, sends=("health.attendance",)), team])


def says(bench: Bench, number: int, at: datetime, priority: Priority = Priority.ROUTINE) -> None:
    said = an_arrival(
        "health.attendance", an_attendance(number), reference=str(number), priority=priority
    )
    bench.record(said, at=at)


def cut(order: Order) -> Order:
    return told(order, "try_again", connection=True, detail="connection refused")


def probes(bench: Bench, seconds: int, at: datetime) -> tuple[list[int], datetime]:
    """The seconds at which something was handed out, each of it cut."""
    found = []
    for second in range(1, seconds + 1):
        moment = at + timedelta(seconds=second)
        bench.do(fall_due, moment)
        orders = bench.orders()
        if orders:
            assert len(orders) == 1, "one probe at a time"
            found.append(second)
            settle(bench, cut(orders[0]), at=moment)
    return found, at + timedelta(seconds=seconds)


def test_it_slows_at_once_and_is_an_incident_after_three_in_a_row(bench: Bench) -> None:
    for number in range(4):
        says(bench, number, NIGHT)
    first, *rest = bench.orders()
    settle(bench, cut(first), at=NIGHT)
    assert incidents(bench) == {}, "one refused connection is no outage"
    settle(bench, *[told(order, "not_attempted") for order in rest], at=NIGHT)
    assert bench.orders() == []
    found, _ = probes(bench, 16, NIGHT)
    assert found == [5, 15]
    assert incidents(bench) == {"partner_down": 1}


def test_probes_back_off_to_half_a_minute_and_stay_there(bench: Bench) -> None:
    says(bench, 1, NIGHT)
    settle(bench, cut(bench.orders()[0]), at=NIGHT)
    found, _ = probes(bench, 200, NIGHT)
    gaps = [after - before for before, after in zip([0, *found], found, strict=False)]
    assert gaps[0] in range(5, 8)
    assert gaps[-3:] == pytest.approx([31, 31, 31], abs=6)
    assert all(gap <= 37 for gap in gaps)


@given(st.integers(1, 10_000))
def test_the_wait_doubles_up_to_the_longest(failures: int) -> None:
    wait = until_probe(None, failures)
    assert wait == min(FIRST * 2 ** min(failures - 1, 20), LONGEST)


def test_however_long_it_is_away_nobody_is_asked_about_each_message(bench: Bench) -> None:
    for number in range(3):
        says(bench, number, NIGHT)
    settle(bench, *[cut(order) for order in bench.orders()], at=NIGHT)
    _, at = probes(bench, 900, NIGHT)
    assert set(states(bench)) == {"waiting"}
    assert incidents(bench) == {"partner_down": max(incidents(bench).values())}
    bench.do(fall_due, at + timedelta(seconds=40))
    [probe] = bench.orders()
    settle(bench, told(probe), at=at + timedelta(seconds=40))
    assert incidents(bench) == {}
    bench.do(fall_due, at + timedelta(seconds=75))
    assert len(bench.orders()) == 2, (
        "the others go out at once: none waits for a quarter of an hour"
    )


def test_what_it_refuses_itself_is_counted_all_the_same(bench: Bench) -> None:
    says(bench, 1, NIGHT)
    settle(bench, cut(bench.orders()[0]), at=NIGHT)
    _, at = probes(bench, 300, NIGHT)
    for minutes in (20, 40):
        moment = at + timedelta(minutes=minutes)
        bench.do(fall_due, moment)
        [order] = bench.orders()
        settle(bench, told(order, "try_again", code="503"), at=moment)
    assert "needs_person" in states(bench)


def test_something_immediate_is_a_probe_of_its_own(bench: Bench) -> None:
    says(bench, 1, NIGHT)
    settle(bench, cut(bench.orders()[0]), at=NIGHT)
    _, at = probes(bench, 100, NIGHT)
    says(bench, 2, at, Priority.ROUTINE)
    assert bench.orders() == []
    says(bench, 3, at, Priority.IMMEDIATE)
    [now] = bench.orders()
    assert now["priority"] == "immediate"
    says(bench, 4, at, Priority.IMMEDIATE)
    assert bench.orders() == [], "one probe at a time"
    settle(bench, cut(now), at=at)
    assert [order["priority"] for order in bench.orders()] == ["immediate"]


def test_a_partner_that_takes_connections_and_says_nothing_is_down_after_three(
    bench: Bench,
) -> None:
    for number in range(8):
        says(bench, number, NIGHT)
    orders = bench.orders()
    for order in orders[:2]:
        settle(bench, told(order, "unknown", detail="no answer in 30 s"), at=NIGHT)
    assert incidents(bench) == {}
    says(bench, 12, NIGHT)
    assert len(bench.orders()) == 1, "two may be chance: it goes on"
    settle(bench, told(orders[2], "unknown", detail="no answer in 30 s"), at=NIGHT)
    assert incidents(bench) == {"partner_down": 1}
    [row] = bench.all("select cause from incident")
    assert row.cause == "no answer in 30 s"
    says(bench, 20, NIGHT)
    assert bench.orders() == []


@pytest.mark.parametrize("ours", [{"ours": True}, {"lease": True}, {"misdirected": True}])
def test_what_was_lost_on_our_side_says_nothing_of_the_partner(
    bench: Bench, ours: dict[str, bool]
) -> None:
    for number in range(4):
        says(bench, number, NIGHT)
    lost = [told(order, "unknown", **ours) for order in bench.orders()]
    settle(bench, *lost, at=NIGHT)
    assert "partner_down" not in incidents(bench)


def test_an_answer_before_the_connection_was_cut_does_not_hide_that_it_was(bench: Bench) -> None:
    for number in range(4):
        says(bench, number, NIGHT)
    first, *rest = bench.orders()
    settle(bench, told(first), *[cut(order) for order in rest], at=NIGHT)
    assert incidents(bench) == {"partner_down": 1}
    says(bench, 12, NIGHT)
    assert bench.orders() == []


def test_an_answer_after_it_was_cut_ends_it(bench: Bench) -> None:
    for number in range(4):
        says(bench, number, NIGHT)
    *rest, last = bench.orders()
    settle(bench, *[cut(order) for order in rest], told(last, "refused", code="AR"), at=NIGHT)
    assert "partner_down" not in incidents(bench)
    says(bench, 12, NIGHT)
    assert len(bench.orders()) == 1, "what was cut waits its five seconds, new ones go"
