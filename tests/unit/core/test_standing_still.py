"""Whoever stood still judges no lease before the receipts of that time are read."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition

from hub import topics
from hub.core import catching_up
from hub.core.catching_up import CatchingUp, Hold
from hub.ledger.tables import Offset
from hub.ledger.write import insert, run
from tests.kit.site import Bench

RECEIPTS = TopicPartition(topics.RECEIPTS, 0)


class Consumer:
    """Kafka, of which only the ends are asked."""

    async def end_offsets(self, spots: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(spots, 7)


async def test_leases_wait_for_the_receipts_of_a_standstill(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = 100.0
    monkeypatch.setattr(catching_up, "monotonic", lambda: time)
    watch = CatchingUp("c", {RECEIPTS: 3}, {})
    row = {"topic": topics.RECEIPTS, "partition": 0, "cluster": "c", "next": 3, "worker": "w"}
    with bench.engine.begin() as conn:
        insert(conn, Offset, [row])
        watch.look(conn)
        assert watch.judge() is Hold.NOTHING
        time += 60
        assert watch.stood_still
        assert watch.judge() is Hold.REPEATS
        consumer: Any = Consumer()
        await watch.after_standing_still(consumer)
        assert not watch.stood_still
        watch.look(conn)
        assert watch.judge() is Hold.REPEATS
        run(conn, 'update "offset" set next = 7')
        watch.look(conn)
        assert watch.judge() is Hold.NOTHING


def test_a_core_that_is_always_slow_judges_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    time = 100.0
    monkeypatch.setattr(catching_up, "monotonic", lambda: time)
    watch = CatchingUp("c", {}, {})
    watch.hold = Hold.NOTHING
    found = []
    while time < 200:
        time += 3
        found.append(watch.judge())
    assert Hold.NOTHING in found
    assert found[0] is Hold.REPEATS
