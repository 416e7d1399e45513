"""Moving the civil clock neither ends a lease nor keeps a retry waiting."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub import clock
from hub.clock import now
from hub.core.due import fall_due
from hub.edge.orders import Memory, Order
from hub.ledger.read.sentences import delivery
from hub.ledger.write import at, run
from hub.wire import Record
from tests.kit.deeds import settle, told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival

Shift = Callable[[float], None]
SHIFTS = pytest.mark.parametrize(("first", "then"), [(0, 30), (30, 0), (-30, 0), (0, -30)])
"""Days before and after a restart."""


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Starts the processes anew, so many days from the machines' time."""
    return lambda days: monkeypatch.setattr(clock, "SHIFT", timedelta(days=days))


def an_order(bench: Bench) -> dict[str, Any]:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    return dict(bench.orders()[-1])


def state(bench: Bench) -> str:
    [row] = bench.all("select state from delivery where transport <> 'call'")
    return str(row.state)


def after(bench: Bench, seconds: float) -> None:
    bench.do(fall_due, now() + timedelta(seconds=seconds))


@SHIFTS
def test_a_lease_lasts_as_long_as_it_lasts(
    bench: Bench, shift: Shift, first: float, then: float
) -> None:
    shift(first)
    an_order(bench)
    shift(then)
    after(bench, 5)
    assert state(bench) == "under_way"
    after(bench, 31)
    assert state(bench) == "waiting"


@SHIFTS
def test_a_retry_comes_when_its_wait_is_over(
    bench: Bench, shift: Shift, first: float, then: float
) -> None:
    shift(first)
    settle(bench, told(an_order(bench), "try_again"))
    shift(then)
    after(bench, 2)
    assert bench.orders() == []
    after(bench, 7)
    assert [order["attempt"] for order in bench.orders()] == [2]


@SHIFTS
def test_a_partner_that_is_down_is_probed_in_time(
    bench: Bench, shift: Shift, first: float, then: float
) -> None:
    shift(first)
    settle(bench, told(an_order(bench), "try_again", connection=True))
    shift(then)
    after(bench, 7)
    assert len(bench.orders()) == 1


@pytest.mark.parametrize("days", [-30, 30])
def test_an_edge_of_another_hour_sends_what_has_time_left(
    bench: Bench, shift: Shift, days: float
) -> None:
    shift(days)
    meta = an_order(bench)
    shift(0)
    order = Order.of(Record("order", "id", meta, b"{}", {"partner": "team"}))
    assert Memory().instead(order, clock.machine()) is None
    assert Memory().instead(order, clock.machine() + timedelta(seconds=30)) is not None


@pytest.mark.parametrize(("seconds", "sheets"), [(2, 1), (60, 0)])
def test_whether_somebody_must_ring_is_judged_in_civil_time(
    bench: Bench, shift: Shift, seconds: float, sheets: int
) -> None:
    shift(30)
    order = an_order(bench)
    due = now() + timedelta(seconds=seconds)
    bench.do(lambda work: run(work.conn, "update delivery set due_at = :due", due=due))
    settle(bench, told(order, "try_again"))
    assert len(bench.all("select 1 from delivery where transport = 'call'")) == sheets


def test_people_are_told_the_civil_hour_of_the_next_try(bench: Bench, shift: Shift) -> None:
    shift(30)
    settle(bench, told(an_order(bench), "try_again"))
    [row] = bench.all("select * from delivery")
    shown = row._replace(next_at=at(row.next_at))
    moment = delivery(shown, str)[-1]
    assert isinstance(moment, datetime)
    assert abs(moment - now()) < timedelta(minutes=1)
