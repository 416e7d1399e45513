"""A record takes effect in the same transaction that moves its partition's offset, or not at all.

The rebalance listener only pauses what was assigned and says *stale*; when stale, the loop reads
the ledger's offsets, seeks and resumes: one path for start, rebalance, failure and restore. In
the transaction the first offset of each partition must equal the ledger's (gap check) and the
row is moved by compare-and-set, so a displaced worker's transaction fails.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import Connection

from hub.clock import monotonic
from hub.kafka.told import Positions, stamped
from hub.ledger.session import AWAY, away
from hub.ledger.tables import Offset
from hub.ledger.thread import Ledger
from hub.ledger.write import insert, rows, run
from hub.running.member import Member
from hub.telemetry.vitals import VITALS

log = structlog.get_logger("core")

Batch = dict[TopicPartition, list[ConsumerRecord]]
Records = Sequence[ConsumerRecord]

BUSY = 10
"""Records at once that tell of a backlog: then a transaction for many costs each a third less."""

EACH_GATHERS, BUSY_GATHER = 0.002, 0.05
"""Seconds a record, and the most: as long as half of what a batch may take.

By the record, because a fixed wait would keep a road of the usual load busy for ever: what comes
meanwhile would always be a backlog again.
"""


WORK = 0.1
"""Seconds that one transaction may take, so that what is immediate waits for no longer one."""
FEWEST = 10


class Displaced(Exception):
    """The ledger is not where this worker thought: somebody else recorded, or a copy came back."""


@dataclass(frozen=True)
class Restored:
    """A partition whose ledger lies behind what Kafka knows was recorded: an older copy is back."""

    spot: TopicPartition
    ledger: int
    committed: int


class Stale(ConsumerRebalanceListener):  # type: ignore[misc]
    """Pauses what is assigned, and says that positions must be read anew."""

    def __init__(self) -> None:
        self.now = True
        self.member = Member()
        self.consumer: Any = None

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.now = True

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        if self.consumer is not None and assigned:
            self.consumer.pause(*assigned)
        self.now = True
        self.member.assigned(self.consumer)


class Reader:
    """Drives one handler-less subscriber: fetch, record, tell what is to be published."""

    def __init__(
        self,
        ledger: Ledger,
        name: str,
        worker: str,
        cluster: str,
        record: Callable[[Connection, Records, bool], Any],
        after: Callable[[Any], Awaitable[None]],
        told_before: Callable[[], Awaitable[Positions]],
        on_restored: Callable[[list[Restored]], Awaitable[None]],
        on_lost: Callable[[dict[TopicPartition, int]], Awaitable[None]],
        most: int = 500,
        waits: Callable[[], bool] = lambda: False,
        first: bool = False,
    ):
        self.ledger = ledger
        self.name = name
        self.worker = worker
        self.cluster = cluster
        self.record = record
        self.after = after
        self.told_before = told_before
        self.on_restored = on_restored
        self.on_lost = on_lost
        self.most = most
        self.waits = waits
        self.first = first
        self.each = 0.0
        """Seconds that a record took in the last batch that was one."""
        self.stale = Stale()
        self.consumer: Any = None
        self.positions: Positions = {}
        self._told: Positions = {}
        self._told_at = 0.0

    def attach(self, subscriber: Any) -> None:
        """Takes the consumer of a started subscriber."""
        self.consumer = self.stale.consumer = subscriber.consumer

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: batch after batch. A ledger that is away is waited for."""
        pause = 0.05
        while not stop.is_set():
            try:
                if self.stale.now:
                    await self._settle_positions()
                if self.waits():
                    await asyncio.sleep(0.05)
                    continue
                most = as_many(self.most, self.each)
                batch = await self.consumer.getmany(timeout_ms=200, max_records=most)
                if not batch or self.stale.now:
                    self._tell_kafka({})
                    continue
                if gather := self._gather(batch):
                    await asyncio.sleep(gather)
                    if left := most - sum(map(len, batch.values())):
                        batch = self._more(batch, await self.consumer.getmany(max_records=left))
                    if self.stale.now:
                        continue
                await self._record(batch)
                pause = 0.05
            except Displaced as error:
                log.warning("displaced", reader=self.name, why=str(error))
                self.stale.now = True
            except AWAY as error:
                log.warning("ledger away", reader=self.name, why=type(error).__name__)
                self.stale.now = True
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
            except KafkaError as error:
                log.warning("kafka away", reader=self.name, why=repr(error))
                self.stale.now = True
                await asyncio.sleep(pause)

    def _gather(self, batch: Batch) -> float:
        """Seconds that more is waited for: none where a message is alone and somebody waits for it."""
        count = sum(map(len, batch.values()))
        return min(count * EACH_GATHERS, BUSY_GATHER) if count >= BUSY else 0.0

    def _more(self, batch: Batch, more: Batch) -> Batch:
        return {spot: batch.get(spot, []) + more.get(spot, []) for spot in batch | more}

    async def _settle_positions(self) -> None:
        assigned = self.consumer.assignment()
        self.stale.now = False
        if not assigned:
            return
        begins = await self.consumer.beginning_offsets(list(assigned))
        at, lost = await self.ledger.transaction(
            lambda conn: claim_offsets(conn, begins, self.cluster, self.worker)
        )
        if lost:
            await self.on_lost(lost)
        behind = []
        told = await self.told_before()
        for spot in assigned:
            self.positions[spot] = at[spot]
            known = told.get(spot, 0)
            if at[spot] < known:
                behind.append(Restored(spot, at[spot], known))
            elif at[spot] > known:
                # Nothing may come for long, and whoever asks Kafka meanwhile should not hear less.
                self._told[spot] = at[spot]
            self.consumer.seek(spot, at[spot])
        if behind:
            await self.on_restored(behind)
        self.consumer.resume(*assigned)

    async def _record(self, batch: Batch) -> None:
        for spot, records in batch.items():
            if records[0].offset != self.positions.get(spot, records[0].offset):
                raise Displaced(f"{spot}: read {records[0].offset}, want {self.positions[spot]}")
        ends = {spot: (found[0].offset, found[-1].offset + 1) for spot, found in batch.items()}
        records = [record for spot in sorted(batch) for record in batch[spot]]

        began = monotonic()

        def work(conn: Connection, hopeful: bool) -> Any:
            nonlocal began
            began = monotonic()
            move_offsets(conn, ends, self.cluster, self.worker)
            return self.record(conn, records, hopeful)

        try:
            done = await self.ledger.transaction(partial(work, hopeful=True), first=self.first)
            if len(records) >= FEWEST:
                self.each = (monotonic() - began) / len(records)
        except Exception as error:
            if isinstance(error, Displaced) or away(error):
                raise
            done = await self.ledger.transaction(partial(work, hopeful=False), first=self.first)
        for spot, (_, end) in ends.items():
            self.positions[spot] = end
        VITALS.recorded += len(records)
        await self.after(done)
        self._tell_kafka({spot: end for spot, (_, end) in ends.items()})

    def _tell_kafka(self, ends: Positions) -> None:
        """Kafka's own commit only feeds lag metrics and tells a restored ledger from a live one."""
        self._told |= ends
        if not self._told or monotonic() - self._told_at < 1.0:
            return
        self._told_at, told, self._told = monotonic(), self._told, {}
        task = asyncio.ensure_future(self.consumer.commit(stamped(told, self.cluster)))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())


def as_many(most: int, each: float) -> int:
    """Records that one transaction takes, where one takes `each` seconds; 0.0 is not known yet. Pure."""
    fit = int(WORK / each) if each else most
    return max(FEWEST, min(most, fit))


def claim_offsets(
    conn: Connection, begins: Positions, cluster: str, worker: str
) -> tuple[Positions, dict[TopicPartition, int]]:
    """Where each partition is recorded up to in this cluster, and how many records retention took.

    A partition seen for the first time, or in another cluster than before, begins at the log's
    beginning; the row is made now, so that every later move is a compare-and-set.
    """
    known = {
        TopicPartition(row.topic, row.partition): (row.cluster, row.next)
        for row in rows(conn, 'select topic, partition, cluster, next from "offset"')
    }
    at: Positions = {}
    lost: dict[TopicPartition, int] = {}
    for spot in sorted(begins):
        begin = begins[spot]
        where = {"t": spot.topic, "p": spot.partition}
        if spot not in known:
            row = {"topic": spot.topic, "partition": spot.partition, "cluster": cluster}
            insert(conn, Offset, [row | {"next": begin, "worker": worker}], new_only=True)
            at[spot] = begin
            continue
        was, ahead = known[spot]
        at[spot] = max(begin, ahead) if was == cluster else begin
        if was == cluster and begin > ahead:
            lost[spot] = begin - ahead
        if at[spot] != ahead or was != cluster:
            moved = (
                'update "offset" set next = :n, cluster = :c where topic = :t and partition = :p'
            )
            run(conn, moved, n=at[spot], c=cluster, **where)
    return at, lost


def move_offsets(
    conn: Connection,
    ends: dict[TopicPartition, tuple[int, int]],
    cluster: str,
    worker: str,
) -> None:
    """Compare-and-set of every partition, in sorted order; raises `Displaced`."""
    for spot in sorted(ends):
        first, end = ends[spot]
        moved = run(
            conn,
            'update "offset" set next = :end, worker = :w where topic = :t and partition = :p'
            " and next = :first and cluster = :c",
            end=end,
            w=worker,
            t=spot.topic,
            p=spot.partition,
            first=first,
            c=cluster,
        )
        if moved.rowcount != 1:
            raise Displaced(f"{spot}: the ledger is not at {first}")
