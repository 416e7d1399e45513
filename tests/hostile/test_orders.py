"""Whatever stands where orders are handed out, edge says what it could not read and delivers the next good order."""

from dataclasses import replace
from typing import Any

import pytest

from hub import topics
from hub.wire import Outbound
from tests.flow.edge_kit import Bench, bench
from tests.flow.marked import ALL, marks_in
from tests.kit.log_lines import logged_as
from tests.kit.waiting import eventually

ODD: list[dict[str, Any]] = [
    {"not_after": "2026-01-01T00:00:00"},
    {"not_after": 7},
    {"not_after": None},
    {"predecessor": {"a": 1}},
    {"delivery_id": ["x"]},
    {"attempt": "many"},
    {"attempt": None},
    {"reference": {}},
    {"address": 5},
    {"envelope": "none"},
    {"envelope": {}},
    {"answers": []},
]


@pytest.mark.parametrize("immediate", [False, True])
async def test_what_is_no_order_is_said_and_passed_over(kafka: str, immediate: bool) -> None:
    async with bench(kafka) as b:
        name = b.partner.partner
        topic = (topics.deliveries_now if immediate else topics.deliveries)(name)
        good = [b.order(f"good-{n}", immediate=immediate) for n in range(3)]
        foreign = [
            Outbound(topic, None, b"not ours", {"ce_id": "x"}),
            Outbound(topic, b"\xff" * 2000, ALL.encode(), {"ce_id": ALL}),
            Outbound(topic, None, None, {"ce_id": "gone"}),
            replace(b.order("changed", immediate=immediate), value=b"\0" * 500),
        ]
        odd = [b.order(f"odd-{n}", immediate=immediate, **each) for n, each in enumerate(ODD)]
        with logged_as("edge") as log:
            async with b.delivering():
                await b.hand_out(good[0], *foreign, good[1], *odd, good[2])
                wanted = {"good-0": "delivered", "good-1": "delivered", "good-2": "delivered"}
                await eventually(lambda: wanted.items() <= b.outcomes().items(), 20)
        events = [line["event"] for line in log.worst()]
        assert set(events) <= {"an order cannot be read", "an attempt failed"}, events
        assert events.count("an order cannot be read") >= len(foreign) + 8
        assert marks_in(log.getvalue()) == []
        assert_said(b)


def assert_said(b: Bench) -> None:
    """Nothing that could not be read was sent."""
    assert b.peer.sent == ["good-0", "good-1", "good-2"]
