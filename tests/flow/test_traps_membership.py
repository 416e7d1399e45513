"""Who is no longer a member sends nothing and loses nothing, and is a member again within seconds."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import LeaveGroupRequest

from connectors.base import Pushed
from hub.broker import make_broker
from hub.edge.deliver import Deliverer
from tests.flow.edge_kit import Peer, bench, takes
from tests.flow.reader_kit import shelf
from tests.kit.waiting import eventually

UNKNOWN_MEMBER = 25
AGAIN_WITHIN = 3.0
"""Seconds; less than the session of these tests, after which a member without a name is forgotten."""


def deaf(coordinator: Any) -> None:
    """It hears nothing from its group: its process stood still, or its heartbeats were lost."""

    async def heartbeat() -> bool:
        return True

    coordinator._do_heartbeat = heartbeat


async def forgotten(coordinator: Any) -> None:
    """Kafka forgets the member, as after a session that ended, and tells nobody."""
    deaf(coordinator)
    leave = LeaveGroupRequest(coordinator.group_id, coordinator.member_id)
    answer = await coordinator._send_req(leave)
    assert answer.error_code == 0


async def denied(coordinator: Any) -> None:
    """Kafka still has the member, and answers its next commit as if it had not."""
    deaf(coordinator)
    real = coordinator._send_req

    async def send(request: Any) -> Any:
        if not isinstance(request, OffsetCommitRequest):
            return await real(request)
        coordinator._send_req = real
        answers = [
            (topic, [(number, UNKNOWN_MEMBER) for number, *_ in partitions])
            for topic, partitions in request._topics
        ]
        return SimpleNamespace(topics=answers)

    coordinator._send_req = send


UNKNOWN = pytest.mark.parametrize("unknown", [forgotten, denied])


def consumer_of(deliverer: Deliverer) -> AIOKafkaConsumer:
    return next(iter(deliverer._running))._line.consumer


async def test_who_was_displaced_does_not_send_what_it_had_fetched(kafka: str) -> None:
    """The other one has it: the one that stood still finds out when it commits, before it sends."""
    async with bench(kafka, outcome_unknown="ask") as b:
        gate, quick = asyncio.Event(), Peer()

        async def slowly(reference: str, text: str) -> Pushed:
            await gate.wait()
            return await takes(reference, text)

        b.peer.behave = slowly
        other = make_broker(b.settings("2"))
        await other.connect()
        stop = asyncio.Event()
        first, second = b.deliverer(), replace(b, peer=quick).deliverer(other, "2")
        tasks = [asyncio.create_task(first.run(stop))]
        try:
            await b.hand_out(b.order("a"), b.order("b"), b.order("c"))
            await eventually(lambda: b.peer.sent == ["a"])
            await forgotten(consumer_of(first)._coordinator)
            tasks.append(asyncio.create_task(second.run(stop)))
            await eventually(lambda: quick.sent == ["b", "c"])
            gate.set()
            await eventually(lambda: not first._running or first._stale)
            await eventually(lambda: len(b.receipts()) >= 3)
            await asyncio.sleep(0.5)
            assert (b.peer.sent, quick.sent) == (["a"], ["b", "c"])
            told = sorted(receipt["delivery_id"] for receipt in b.receipts())
            assert told == ["d-a", "d-b", "d-c"]
            # Whoever took over said what it could not know.
            (third, *_) = [t for t in b.records("takeover") if t["attempts"]]
            assert (third["edge"], third["attempts"]) == ("2", [["d-a", 1]])
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await other.stop()


@UNKNOWN
async def test_an_edge_that_its_group_does_not_know_takes_over_before_it_sends(
    kafka: str, unknown: Callable[[Any], Any]
) -> None:
    async with bench(kafka) as b, b.delivering() as deliverer:
        await b.hand_out(b.order("a"))
        await eventually(b.receipts)
        await unknown(consumer_of(deliverer)._coordinator)
        began = time.monotonic()
        await b.hand_out(b.order("b"), b.order("c"))
        await eventually(lambda: len(b.receipts()) == 3)
        assert time.monotonic() - began < AGAIN_WITHIN
        assert b.peer.sent == ["a", "b", "c"]
        kinds = [out.headers["ce_type"].rpartition(".")[2] for out in b.said]
        assert kinds[:5] == ["takeover", "takeover", "receipts", "takeover", "takeover"]


@UNKNOWN
async def test_a_core_that_its_group_does_not_know_goes_on_where_the_ledger_is(
    kafka: str, tmp_path: Path, unknown: Callable[[Any], Any]
) -> None:
    async with shelf(kafka, tmp_path, partitions=2) as s, s.reading() as reader:
        values = [f"{n}" for n in range(200)]
        await s.publish([value.encode() for value in values[:50]])
        await eventually(lambda: len(s.effects()) == 50)
        coordinator = reader.consumer._coordinator
        member = coordinator.member_id
        await unknown(coordinator)
        began = time.monotonic()
        # Kafka is told once a second how far we are, and says then that it does not know us.
        for start in range(50, 200, 50):
            await asyncio.sleep(0.6)
            await s.publish([value.encode() for value in values[start : start + 50]])
        await eventually(lambda: coordinator.member_id not in ("", member))
        await eventually(lambda: len(s.effects()) >= 200)
        assert time.monotonic() - began < 1.8 + AGAIN_WITHIN
        assert sorted(s.effects(), key=int) == values
