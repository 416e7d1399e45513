"""Two edges share a partner without both speaking at once, and a source is collected by one of them."""

import asyncio
from typing import Any

from aiokafka import TopicPartition

from connectors.base import Accept, Pushed
from hub.broker import make_broker
from hub.edge.deliver import Deliverer, Road
from hub.edge.pull import Puller
from tests.flow.edge_kit import Bench, Peer, bench, takes
from tests.kit.waiting import eventually
from tests.unit.edge.speaks import KEYS


def spots(deliverer: Deliverer) -> set[TopicPartition]:
    return set(deliverer._by_spot)


async def test_two_edges_share_the_connections_and_twins_stay_together(kafka: str) -> None:
    async with bench(kafka, connections=3) as b:
        other = make_broker(b.settings("2"))
        await other.connect()
        stop = asyncio.Event()
        first, second = b.deliverer(), b.deliverer(other, "2")
        tasks = [asyncio.create_task(first.run(stop))]
        await eventually(lambda: len(spots(first)) == 6)
        tasks.append(asyncio.create_task(second.run(stop)))
        try:
            await eventually(lambda: {len(spots(first)), len(spots(second))} == {4, 2}, 30)
            assert not spots(first) & spots(second)
            for each in (first, second):
                assert len(spots(each)) == 2 * len({spot.partition for spot in spots(each)})
            await b.hand_out(*(b.order(f"{n}") for n in range(20)))
            await eventually(lambda: len(b.receipts()) == 20)
            assert sorted(b.peer.sent) == sorted(f"{n}" for n in range(20))
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await other.stop()


async def test_a_send_in_hand_is_answered_for_before_its_partition_goes(kafka: str) -> None:
    async with bench(kafka, connections=1) as b:
        gate = asyncio.Event()

        async def slowly(reference: str, text: str) -> Pushed:
            await gate.wait()
            return await takes(reference, text)

        b.peer.behave = slowly
        other = make_broker(b.settings("0"))
        await other.connect()
        stop = asyncio.Event()
        first, second = b.deliverer(), b.deliverer(other, "0")
        tasks = [asyncio.create_task(first.run(stop))]
        try:
            await b.hand_out(b.order("a"), b.order("b"), b.order("c"))
            await eventually(lambda: b.peer.sent == ["a"])
            tasks.append(asyncio.create_task(second.run(stop)))
            await eventually(lambda: not spots(first), 10)
            assert b.receipts() == []
            gate.set()
            await eventually(lambda: spots(first) or spots(second), 20)
            kinds = [out.headers["ce_type"].rpartition(".")[2] for out in b.said]
            # Answered for first; only then does anybody take over.
            assert kinds[:4] == ["takeover", "takeover", "receipts", "takeover"]
            assert [told["outcome"] for told in b.receipts()] == [
                "delivered",
                "not_attempted",
                "not_attempted",
            ]
            assert b.peer.sent == ["a"]
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await other.stop()


class Mailbox(Peer):
    """A source that notes who collects it, and when."""

    pulls = True

    def __init__(self, log: list[str], who: str) -> None:
        super().__init__()
        self.log = log
        self.who = who

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        self.log.append(f"{self.who} begins")
        await stop.wait()
        self.log.append(f"{self.who} ends")


async def test_a_source_is_collected_by_one_edge_at_a_time(kafka: str) -> None:
    async with bench(kafka) as b:
        log: list[str] = []

        async def accept(parcel: Any) -> Any:
            raise AssertionError(parcel)

        async def puller(b: Bench, who: str) -> tuple[asyncio.Event, asyncio.Task[None], Any]:
            broker = make_broker(b.settings(who))
            await broker.connect()
            road = Road(broker, b.settings(who), KEYS, b.publish)
            stop = asyncio.Event()
            mailbox = Mailbox(log, who)
            pulling = Puller(road, b.partner.partner, mailbox, accept)
            return stop, asyncio.create_task(pulling.run(stop)), broker

        one = await puller(b, "1")
        await eventually(lambda: log == ["1 begins"])
        two = await puller(b, "2")
        await asyncio.sleep(4)
        working = 0
        for line in log:
            working += 1 if line.endswith("begins") else -1
            assert working in (0, 1), log
        assert working == 1, log
        for stop, task, broker in (one, two):
            stop.set()
            await task
            await broker.stop()
        assert log.count("1 begins") == log.count("1 ends")
        assert log.count("2 begins") == log.count("2 ends")
