"""In a lane first arrivals stay in order, nothing else waits for it, and what is pressing goes past."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.ledger.read.journey import message_way
from hub.ledger.read.outbox import offered
from hub.ledger.read.timeline import timeline
from hub.partners import Partner, Receives, Role
from schemas.envelope import Priority
from tests.kit.deeds import act, incidents, settle, states, told
from tests.kit.lasting import sweep
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]


def partners(order: str = "case", **more: Any) -> list[Partner]:
    takes = (Receives(type="health.attendance"),)
    return [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, order=order, **more),
    ]


def says(bench: Bench, child: int, reference: str, how: Priority = Priority.ROUTINE) -> str:
    """An attendance of a child; returns the delivery's id."""
    arrival = an_arrival(
        "health.attendance", an_attendance(child), reference=reference, priority=how
    )
    bench.record(arrival)
    sql = "select delivery_id from delivery where message_id = :id"
    return str(bench.all(sql, id=arrival.message_id)[0].delivery_id)


def later(bench: Bench, **after: float) -> None:
    """What falls due after a while."""
    bench.do(fall_due, now() + timedelta(**after))


def test_a_run_is_handed_out_and_each_names_its_predecessor(bench: Bench) -> None:
    ids = [says(bench, 1, str(n)) for n in range(3)]
    orders = bench.orders()
    assert [order["delivery_id"] for order in orders] == ids
    assert [order["predecessor"] for order in orders] == [None, *ids[:-1]]
    assert len({order["lane"] for order in orders}) == 1


def test_what_was_not_attempted_is_handed_out_again_in_order(bench: Bench) -> None:
    ids = [says(bench, 1, str(n)) for n in range(3)]
    orders = bench.orders()
    settle(
        bench,
        told(orders[0], "try_again"),
        told(orders[1], "not_attempted"),
        told(orders[2], "not_attempted"),
    )
    assert bench.orders() == [], "the first waits for its time, the others for the first"
    later(bench, seconds=20)
    again = bench.orders()
    assert [order["delivery_id"] for order in again] == ids
    assert [order["attempt"] for order in again] == [2, 2, 2]
    assert [row.tries for row in bench.all("select tries from delivery order by lane_no")] == [
        1,
        0,
        0,
    ]


def test_a_blocked_lane_is_one_incident_and_no_other_lane_waits(bench: Bench) -> None:
    says(bench, 1, "a")
    settle(bench, told(bench.orders()[0], "refused"))
    says(bench, 1, "b")
    free = says(bench, 3, "c")
    assert [order["delivery_id"] for order in bench.orders()] == [free]
    sweep(bench)
    assert incidents(bench) == {"stopped": 1, "lane_blocked": 1}
    assert sorted(states(bench)) == ["needs_person", "offered", "under_way", "waiting"]


def test_a_person_unblocks_the_lane(bench: Bench) -> None:
    first = says(bench, 1, "a")
    settle(bench, told(bench.orders()[0], "refused"))
    second = says(bench, 1, "b")
    done = act(bench, "delivery.abandoned", first, reason="sent by hand", name="Rosalind Example")
    assert done[0] == "done"
    assert [order["delivery_id"] for order in bench.orders()] == [second]
    assert incidents(bench) == {}


def test_urgent_passes_routine_but_never_an_earlier_urgent_one(a_bench: Benches) -> None:
    bench = a_bench(partners(window=1))
    says(bench, 1, "first")
    [first] = bench.orders()
    routine = says(bench, 1, "routine")
    one, two = (says(bench, 1, name, Priority.URGENT) for name in ("one", "two"))
    said = []
    settle(bench, told(first))
    for _ in range(3):
        [order] = bench.orders()
        said.append(order["delivery_id"])
        settle(bench, told(order))
    assert said == [one, two, routine]


def test_immediate_waits_for_nothing_and_says_what_it_overtook(bench: Bench) -> None:
    stuck = says(bench, 1, "a")
    settle(bench, told(bench.orders()[0], "refused"))
    waits = says(bench, 1, "b")
    pressing = says(bench, 1, "c", Priority.IMMEDIATE)
    [order] = bench.orders()
    assert (order["delivery_id"], order["topic"]) == (pressing, "deliveries.team.immediate")
    assert order["predecessor"] is None
    sql = "select overtook from delivery where delivery_id = :id"
    assert orjson.loads(bench.all(sql, id=pressing)[0].overtook) == [stuck, waits]
    assert "It went past health.attendance a, health.attendance b" in told_of(bench, "c")


def told_of(bench: Bench, reference: str) -> list[str]:
    """What the journey of a message says."""
    [row] = bench.all("select message_id from message where reference = :r", r=reference)
    with bench.engine.connect() as conn:
        way = message_way(conn, row.message_id)
    assert way is not None
    return [event.said for event in timeline(way, str, words=None)]


def test_an_immediate_one_that_is_held_says_so_too(a_bench: Benches) -> None:
    hospital, team = partners()
    bench = a_bench([hospital, team.model_copy(update={"transport": {"kind": "outbox"}})])
    says(bench, 1, "a")
    says(bench, 2, "of another child")
    says(bench, 1, "c", Priority.IMMEDIATE)
    assert "It went past health.attendance a" in told_of(bench, "c")
    with bench.engine.connect() as conn:
        first, *_ = offered(conn, "team", "outbox", 10)
    assert first.priority == "immediate"


def test_a_later_one_follows_the_end_of_the_run_not_what_was_handed_out_last(
    a_bench: Benches,
) -> None:
    """The first's second attempt is on the road behind the others' first; edge would send past them."""
    bench = a_bench(partners(window=4))
    ids = [says(bench, 1, str(n)) for n in range(3)]
    says(bench, 2, "another child's")
    last = says(bench, 1, "waits for room")
    orders = bench.orders()
    settle(bench, told(orders[0], "not_attempted"), told(orders[3]))
    again, after = bench.orders()
    assert (again["delivery_id"], again["attempt"], again["predecessor"]) == (ids[0], 2, None)
    assert (after["delivery_id"], after["predecessor"]) == (last, ids[2])


def test_no_run_is_handed_out_that_one_predecessor_cannot_keep_in_order(bench: Bench) -> None:
    """Routine, then urgent, then routine: the last would follow the urgent one alone."""
    first = says(bench, 1, "a")
    urgent = says(bench, 1, "b", Priority.URGENT)
    last = says(bench, 1, "c")
    handed = bench.orders()
    assert [order["delivery_id"] for order in handed] == [first, urgent]
    settle(bench, told(handed[1]))
    [order] = bench.orders()
    assert (order["delivery_id"], order["predecessor"]) == (last, first)


@pytest.mark.parametrize(
    ("order", "lanes"), [("case", 2), ("partner", 1), ("none", 4)], ids=["case", "partner", "none"]
)
def test_lanes_are_as_the_partner_asks(a_bench: Benches, order: str, lanes: int) -> None:
    bench = a_bench(partners(order))
    for number in range(4):
        says(bench, 1 + number % 2, str(number))
    orders = bench.orders()
    assert len({one["lane"] for one in orders}) == lanes
    assert sum(one["predecessor"] is None for one in orders) == lanes


def test_no_more_than_the_window_is_outstanding(a_bench: Benches) -> None:
    bench = a_bench(partners(window=2))
    for number in range(5):
        says(bench, number, str(number))
    first = bench.orders()
    assert len(first) == 2
    settle(bench, told(first[0]))
    assert len(bench.orders()) == 1


def test_a_paused_partner_gets_nothing_and_loses_nothing(bench: Bench) -> None:
    assert act(bench, "partner.paused", "team", reason="their upgrade")[0] == "done"
    ids = [says(bench, 1, str(n)) for n in range(3)]
    later(bench, hours=1)
    assert bench.orders() == []
    assert act(bench, "partner.resumed", "team")[0] == "done"
    assert [order["delivery_id"] for order in bench.orders()] == ids
    assert act(bench, "partner.paused", "nobody", reason="x")[0] == "refused"


def test_a_partner_that_is_down_gets_one_probe(bench: Bench) -> None:
    for number in range(4):
        says(bench, number, str(number))
    cut = [told(order, "try_again", connection=True) for order in bench.orders()]
    settle(bench, *cut)
    assert incidents(bench) == {"partner_down": 1}
    says(bench, 9, "new")
    assert bench.orders() == []
    later(bench, seconds=30)
    [probe] = bench.orders()
    settle(bench, told(probe), at=now() + timedelta(seconds=31))
    later(bench, seconds=32)
    assert len(bench.orders()) == 4
    assert incidents(bench) == {}


def test_who_numbers_later_is_not_the_older_one(bench: Bench) -> None:
    """Of two cores that wait for one lane, the one that began earlier may come second."""
    moment = now()
    first = an_arrival("health.attendance", an_attendance(1), reference="1")
    bench.record(first, at=moment)
    second = an_arrival("health.attendance", an_attendance(1), reference="2")
    bench.record(second, at=moment - timedelta(seconds=1))
    found = bench.all("select lane, lane_no, created_at from delivery order by lane_no")
    assert [row.lane_no for row in found] == [1, 2]
    assert found[0].created_at <= found[1].created_at
