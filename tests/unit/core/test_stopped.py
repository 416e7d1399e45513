"""What stopped for one cause is one incident with a count, and a lane is blocked where something waits in it."""

from collections.abc import Callable

import pytest

from hub.partners import Partner, Receives, Role
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.lasting import after, cause, sweep, told_of
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]
MANY = 12


@pytest.fixture
def refused(a_bench: Benches) -> Bench:
    """Twelve children's attendances, each refused in other numbers for the same cause."""
    bench = a_bench(
        [
            a_partner("hospital", Role.HEALTH, sends=("health.attendance",)),
            a_partner(
                "team",
                Role.ASSESSMENT_TEAM,
                receives=(Receives(type="health.attendance"),),
                window=MANY,
            ),
        ]
    )
    for n in range(MANY):
        says(bench, n)
    orders = bench.orders()
    answers = [told(o, "refused", detail=f"no ward {n}") for n, o in enumerate(orders)]
    settle(bench, *answers, at=after(0))
    return bench


def says(bench: Bench, child: int, reference: str = "") -> None:
    bench.record(
        an_arrival("health.attendance", an_attendance(child), reference=reference or str(child))
    )


def test_what_stopped_for_one_cause_is_one_incident_with_its_count(refused: Bench) -> None:
    sweep(refused, after(1))
    sweep(refused, after(2))
    assert incidents(refused) == {"stopped": MANY}
    assert len(told_of(refused)) == 1
    assert cause(refused, "stopped").startswith("no ward ")


def test_only_the_lane_with_something_behind_is_blocked(refused: Bench) -> None:
    says(refused, 3, "later")
    sweep(refused, after(1))
    assert incidents(refused) == {"stopped": MANY, "lane_blocked": 1}
    assert cause(refused, "lane_blocked").endswith("no ward 3; 1 waits behind it")


def test_both_are_over_a_minute_after_they_are(refused: Bench) -> None:
    says(refused, 3, "later")
    sweep(refused, after(1))
    for row in refused.all("select delivery_id from delivery where state = 'needs_person'"):
        done = act(refused, "delivery.abandoned", row.delivery_id, name="R", reason="by hand")
        assert done[0] == "done"
    sweep(refused, after(1, 30))
    assert set(incidents(refused)) == {"stopped", "lane_blocked"}
    sweep(refused, after(3))
    assert incidents(refused) == {}


def test_what_is_tried_again_and_fails_again_is_the_same_incident(refused: Bench) -> None:
    sweep(refused, after(1))
    for row in refused.all("select delivery_id from delivery where state = 'needs_person'"):
        assert act(refused, "delivery.retried", row.delivery_id, reason="mended")[0] == "done"
    sweep(refused, after(1, 20))
    settle(refused, *[told(order, "refused", detail="no ward 9") for order in refused.orders()])
    sweep(refused, after(1, 40))
    assert [(one.kind, one.times, one.over) for one in told_of(refused)] == [
        ("stopped", MANY, None)
    ]


def test_another_cause_is_another_incident(refused: Bench) -> None:
    says(refused, 50)
    [order] = refused.orders()
    settle(refused, told(order, "refused", detail="the account is locked"))
    sweep(refused, after(1))
    assert sorted(one.times for one in told_of(refused)) == [1, MANY]
