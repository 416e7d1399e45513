"""Each partner is delivered to by a task of its own, so that a slow one keeps nobody else waiting."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from hub import clock
from hub.broker import Unable, road
from hub.edge.attempt import Mouth
from hub.edge.bound import Publish
from hub.edge.connection import Connection, Displaced, Line, Queue
from hub.edge.orders import Memory
from hub.edge.probe import Probes, asks
from hub.edge.receipts import Receipts
from hub.edge.takeover import resume
from hub.kafka.consumer import join
from hub.partners import Partner
from hub.running.member import Member
from hub.seal import Keyring
from hub.settings import Settings
from hub.topics import deliveries, deliveries_now, delivering
from hub.wire import Outbound

HELD = 32 * 1024 * 1024
"""Bytes fetched and not sent, a partition, beyond which no more is fetched for it."""

log = structlog.get_logger("hub.edge.deliver")


@dataclass(frozen=True, slots=True)
class Road:
    """What delivering needs of Kafka, shared by all partners of one edge."""

    broker: KafkaBroker
    settings: Settings
    keys: Keyring
    publish: Publish


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Sends are finished before partitions go; what was assigned is taken over by the loop."""

    def __init__(self, deliverer: "Deliverer"):
        self._deliverer = deliverer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._deliverer.let_go()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._deliverer.assigned(assigned)


class Deliverer:
    """Delivers to one partner until it is told to stop."""

    def __init__(self, kafka: Road, partner: Partner, mouth: Mouth):
        self.says = "waiting for its partitions"
        self.member = Member()
        self._subscriber: Any = None
        self._kafka = kafka
        self._partner = partner
        self._mouth = mouth
        self._memory = Memory()
        self._probes = Probes(
            partner.partner, kafka.settings.instance, mouth.transport, kafka.keys, kafka.publish
        )
        self._generation = 0
        self._stale: set[TopicPartition] = set()
        self._running: dict[Connection, asyncio.Task[None]] = {}
        self._by_spot: dict[TopicPartition, Connection] = {}
        self._paused: set[TopicPartition] = set()
        # A revocation that takes longer would cost this edge its membership.
        self._patience = min(20.0, kafka.settings.kafka_session_timeout * 0.6)

    async def run(self, stop: asyncio.Event) -> None:
        """Takes its partitions, sends what arrives there, and ends after the sends in hand."""
        name = self._partner.partner
        self._subscriber = subscriber = road(
            self._kafka.broker,
            self._kafka.settings,
            deliveries(name),
            deliveries_now(name),
            group=delivering(name),
            listener=_Listener(self),
            together=True,
        )
        try:
            await join(subscriber, stop)
            while not stop.is_set():
                await self._turn(subscriber.consumer)
        finally:
            await self._probes.stop()
            await self.let_go()
            await self._give_up()
            try:
                async with asyncio.timeout(self._patience):
                    await subscriber.stop()
            except TimeoutError:
                log.warning("a consumer did not stop in time", partner=name)

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        """Takes over what is new, and hands what was fetched to its connection."""
        try:
            if self._stale:
                await self._take_over(consumer)
            for spot, records in (await consumer.getmany(timeout_ms=200)).items():
                # Not behind what is being sent: who hangs is tested because of that.
                for record in filter(asks, records):
                    self._probes.begin(record)
                if (connection := self._by_spot.get(spot)) is not None:
                    connection.put(spot, records)
            self._hold_back(consumer)
        except (KafkaError, TimeoutError, Unable) as error:
            self.says = f"waiting for Kafka: {type(error).__name__}"
            log.warning("delivering waits for Kafka", partner=self._partner.partner, exc_info=error)
            await clock.sleep(0.5)

    def assigned(self, spots: Iterable[TopicPartition]) -> None:
        """Notes what is ours now; nothing of it is sent before it was taken over."""
        self._generation += 1
        self.member.assigned(self._subscriber.consumer)
        self._stale = set(spots)
        self._paused.clear()

    async def _take_over(self, consumer: AIOKafkaConsumer) -> None:
        generation, spots = self._generation, frozenset(self._stale)
        name, edge = self._partner.partner, self._kafka.settings.instance
        resumed = await resume(consumer, spots)
        records: list[Outbound] = [each.record(self._kafka.keys, name, edge) for each in resumed]
        await self._kafka.publish(records)
        if generation != self._generation:
            return
        self._stale -= spots
        line = Line(
            self._mouth,
            self._kafka.keys,
            self._memory,
            self._partner.outcome_unknown == "ask",
            consumer,
            lambda: self._generation,
        )
        mine: dict[int, dict[str, Queue]] = defaultdict(dict)
        for spot in spots:
            receipts = Receipts(name, edge, self._kafka.keys, self._kafka.publish)
            mine[spot.partition][spot.topic] = Queue(spot, receipts)
        for number, queues in mine.items():
            now, later = queues.get(deliveries_now(name)), queues.get(deliveries(name))
            self._start(Connection(line, number, now, later))
        self.says = f"ready, {len(mine)} connection{'' if len(mine) == 1 else 's'}"

    def _start(self, connection: Connection) -> None:
        self._running[connection] = asyncio.create_task(self._drive(connection))
        for queue in connection.queues:
            self._by_spot[queue.spot] = connection

    async def _drive(self, connection: Connection) -> None:
        """Runs a connection and its receipts; whatever ends it early, its partitions are taken over."""
        publishing = [asyncio.create_task(queue.receipts.run()) for queue in connection.queues]
        generation = self._generation
        try:
            await connection.run()
        except Displaced as error:
            log.info("a connection lost its place", partner=self._partner.partner, why=str(error))
        except Exception as error:
            log.error("a connection failed", partner=self._partner.partner, exc_info=error)
            await clock.sleep(1)
        finally:
            try:
                await asyncio.gather(*(queue.receipts.drained() for queue in connection.queues))
            finally:
                for task in publishing:
                    task.cancel()
                self._running.pop(connection, None)
            if not connection.stopping and generation == self._generation:
                for queue in connection.queues:
                    self._by_spot.pop(queue.spot, None)
                    self._stale.add(queue.spot)

    async def let_go(self) -> None:
        """Finishes the sends in hand and their receipts, for a bounded time."""
        self._by_spot.clear()
        running = dict(self._running)
        for connection in running:
            connection.stop()
        if running:
            _, late = await asyncio.wait(running.values(), timeout=self._patience)
            if late:
                # They end by themselves; a late receipt still counts.
                log.warning("sends outlast their place", partner=self._partner.partner)

    async def _give_up(self) -> None:
        """Ends what outlasted its time; whoever comes next declares it unknown."""
        while self._running:
            running = list(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=0.5)

    def _hold_back(self, consumer: AIOKafkaConsumer) -> None:
        """Fetches no more for a partition that holds much, until half of it is sent."""
        for spot, connection in self._by_spot.items():
            held = connection.held(spot)
            if held > HELD and spot not in self._paused:
                consumer.pause(spot)
                self._paused.add(spot)
            elif spot in self._paused and held < HELD // 2:
                consumer.resume(spot)
                self._paused.discard(spot)
