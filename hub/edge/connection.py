"""One connection sends one thing at a time, commits before it sends, and lets what is immediate go first."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from hub import clock, wire
from hub.edge import traced_out
from hub.edge.attempt import Mouth
from hub.edge.orders import Memory, Order, Outcome, told
from hub.edge.probe import asks
from hub.edge.receipts import AHEAD, Receipts
from hub.seal import Keyring

COMMIT_WITHIN = 5.0
"""Seconds; aiokafka retries for ever, and a commit that lands later only makes an attempt unknown."""

log = structlog.get_logger("hub.edge.connection")


class Displaced(Exception):
    """The partition may be somebody else's: nothing that was read from it is sent."""


@dataclass(slots=True)
class Queue:
    """What was fetched from one partition and is not committed yet."""

    spot: TopicPartition
    receipts: Receipts
    records: deque[ConsumerRecord] = field(default_factory=deque)
    size: int = 0

    def put(self, records: list[ConsumerRecord]) -> None:
        """Takes what was fetched."""
        self.records += records
        self.size += sum(len(record.value or b"") for record in records)

    def pop(self) -> ConsumerRecord:
        """Gives the oldest."""
        record = self.records.popleft()
        self.size -= len(record.value or b"")
        return record


@dataclass(slots=True)
class Line:
    """What all connections to one partner share."""

    mouth: Mouth
    keys: Keyring
    memory: Memory
    one_by_one: bool
    consumer: AIOKafkaConsumer
    generation: Callable[[], int]
    """Counts assignments: what was committed across a change of it is not sent."""


class Connection:
    """One numbered connection: a partition and its immediate twin, where both are ours.

    `now` is the twin's queue, looked at before each send.
    """

    def __init__(self, line: Line, number: int, now: Queue | None, later: Queue | None):
        self.number = number
        self._line = line
        self._now = now
        self._later = later
        self._generation = line.generation()
        self._wake = asyncio.Event()
        self.stopping = False

    @property
    def queues(self) -> list[Queue]:
        """The queues of this connection."""
        return [queue for queue in (self._now, self._later) if queue is not None]

    def put(self, spot: TopicPartition, records: list[ConsumerRecord]) -> None:
        """Takes what was fetched from one of its partitions."""
        for queue in self.queues:
            if queue.spot == spot:
                queue.put(records)
        self._wake.set()

    def held(self, spot: TopicPartition) -> int:
        """Bytes that one of its partitions holds here."""
        return sum(queue.size for queue in self.queues if queue.spot == spot)

    def stop(self) -> None:
        """Ends `run` after the send in hand."""
        self.stopping = True
        self._wake.set()
        for queue in self.queues:
            queue.receipts.close()

    async def run(self) -> None:
        """Sends until it is stopped; raises `Displaced`."""
        while not self.stopping:
            queue = next((queue for queue in self.queues if queue.records), None)
            if queue is None:
                self._wake.clear()
                await self._wake.wait()
            else:
                await self._carry(queue)

    async def _carry(self, queue: Queue) -> None:
        """Commits a few orders of one partition, then sends them, each at most once."""
        orders = await self._committed(queue)
        cut = ""
        try:
            while orders:
                if queue is self._later:
                    await self._immediate_first()
                if self.stopping or cut:
                    return
                cut = await self._send(queue, orders.popleft())
        finally:
            for order in orders:
                why = cut or "given back unsent"
                queue.receipts.add(told(order, Outcome.NOT_ATTEMPTED, why))

    async def _immediate_first(self) -> None:
        while self._now is not None and self._now.records and not self.stopping:
            await self._carry(self._now)

    async def _committed(self, queue: Queue) -> deque[Order]:
        most = await queue.receipts.room(1 if self._line.one_by_one else AHEAD)
        records = [queue.records[at] for at in range(min(most, len(queue.records)))]
        if not records:
            return deque()
        try:
            async with asyncio.timeout(COMMIT_WITHIN):
                await self._line.consumer.commit({queue.spot: records[-1].offset + 1})
        except (KafkaError, TimeoutError) as error:
            raise Displaced(f"the commit failed: {type(error).__name__}") from error
        if self._generation != self._line.generation():
            raise Displaced("partitions were assigned anew during the commit")
        queue.receipts.opened(len(records))
        read = [self._read(queue.pop()) for _ in records]
        orders = deque(order for order in read if order is not None)
        queue.receipts.forgotten(len(records) - len(orders))
        return orders

    def _read(self, record: ConsumerRecord) -> Order | None:
        """The order in a record; one that nobody can read is left to its lease, and logged."""
        if asks(record):
            return None
        try:
            headers = dict(record.headers)
            return Order.of(wire.read(self._line.keys, record.topic, headers, record.value))
        except (wire.Foreign, KeyError, ValueError, TypeError) as error:
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            log.error("an order cannot be read", exc_info=error, **where)
            return None

    async def _send(self, queue: Queue, order: Order) -> str:
        """One receipt for one order; says why the rest need not be tried, where that is so."""
        memory = self._line.memory
        receipt = memory.instead(order, clock.machine())
        if receipt is None:
            receipt = await traced_out.attempt(self._line.mouth, order, self.number)
        memory.note(receipt)
        queue.receipts.add(receipt)
        return f"not tried: {receipt.detail}" if receipt.connection else ""
