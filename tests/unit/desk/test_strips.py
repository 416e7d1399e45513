"""A strip says in a sentence and in bars what came and what went, and never more than happened."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.desk.shown import words
from hub.desk.shown.strips import TALL, WIDE, ages, of_flows, of_partner, strip
from hub.ledger.read.partners import Waiting
from hub.ledger.read.traffic import (
    BOUNDS,
    SLOTS,
    Flow,
    Traffic,
    by_hours,
    slots_of,
    together,
    within,
)

NOW = datetime(2026, 11, 27, 16, 7, tzinfo=UTC)


def slots(**counts: int) -> tuple[int, ...]:
    """Counts by `n<slots ago>`."""
    found = [0] * SLOTS
    for name, count in counts.items():
        found[SLOTS - 1 - int(name[1:])] = count
    return tuple(found)


def test_slots_are_those_of_the_wall_and_reach_a_day_back() -> None:
    found = slots_of(NOW)
    assert found[-1] == NOW.replace(minute=0)
    assert found[0] <= NOW - timedelta(hours=24) < found[1]
    assert len(found) == SLOTS


def test_hours_hold_all_that_the_slots_hold() -> None:
    counts = tuple(range(1, SLOTS + 1))
    hours = by_hours(counts)
    assert len(hours) == 24
    assert sum(hours) == sum(counts)
    assert hours[-1] == sum(counts[-4:])
    assert by_hours(slots(n0=2), slots(n3=3))[-1] == 5


def test_a_strip_says_how_much_and_since_when_it_is_quiet() -> None:
    flow = Flow(slots(n4=412), slots(n5=409))
    said = strip("Police", flow, NOW)
    assert said.says == "Police: 412 in, 409 delivered in the last 24 hours; quiet since 15:15"
    at = NOW - timedelta(minutes=53)
    assert strip("Police", flow, NOW, at).says.endswith("; quiet since 15:14")
    busy = strip("Police", Flow(slots(n0=1)), NOW)
    assert busy.says == "Police: 1 in, 0 delivered in the last 24 hours"
    nothing = strip("Police", Flow(), NOW)
    assert nothing.says == "Police: nothing in the last 24 hours"
    assert (nothing.up, nothing.down) == ("", "")


def test_bars_stand_above_the_line_and_hang_below_it_and_stay_in_the_drawing() -> None:
    one = strip("x", Flow(slots(n0=1000, n95=1), slots(n0=500)), NOW)
    assert one.up == "M0 12v-1h3v1zM92 12v-11h3v11z"
    assert one.down == "M92 12v6h3v-6z"
    assert WIDE >= 92 + 3
    assert TALL == 24


def test_a_partner_is_quiet_since_the_last_word_either_way() -> None:
    flows = {"police": Flow(slots(n8=1), slots(n4=1))}
    last = NOW - timedelta(minutes=55)
    traffic = Traffic(1, 1, NOW - timedelta(hours=2), last, flows)
    assert of_partner("Police", traffic, NOW).says.endswith("quiet since 15:12")


def test_flows_of_several_partners_are_one_strip_each_in_a_settled_order() -> None:
    one = Traffic(flows={"police": Flow(slots(n0=1)), "other": Flow(slots(n1=1))})
    two = Traffic(flows={"police": Flow(slots(n2=2)), "contact": Flow((0,) * SLOTS, slots(n0=4))})
    found = of_flows([one, two], NOW)
    assert [(one.title, one.came, one.went) for one in found] == [
        ("Contacts", 0, 4),
        ("Police notifications", 3, 0),
        ("Other", 1, 0),
    ]
    assert together([]) == Flow()


@pytest.mark.parametrize(
    ("took", "share", "seconds"),
    [
        ({}, 0.5, None),
        ({0: 1}, 0.5, 0.1),
        ({0: 50, 5: 50}, 0.5, 0.1),
        ({0: 49, 5: 51}, 0.5, 5),
        ({0: 95, 9: 5}, 0.95, 0.1),
        ({0: 94, 9: 6}, 0.95, 120),
        ({len(BOUNDS): 1}, 0.5, float("inf")),
    ],
)
def test_within_what_time_a_share_was_delivered(
    took: dict[int, int], share: float, seconds: float | None
) -> None:
    assert within(took, share) == seconds


def test_seconds_are_read_as_people_say_them() -> None:
    said = [words.seconds(one) for one in (None, 0.1, 20, 60, 14400, float("inf"))]
    assert said == ["", "0.1 s", "20 s", "1 min", "4 h", "over a day"]


def test_ages_are_bars_of_which_none_that_waits_is_too_small_to_see() -> None:
    found = ages(Waiting("x", young=1000, middle=1))
    assert [(one.number, one.tenths) for one in found] == [(1000, 10), (1, 1), (0, 0)]
    assert [one.tenths for one in ages(Waiting("x"))] == [0, 0, 0]
