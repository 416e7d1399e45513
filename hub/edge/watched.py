"""A feed of everyone is kept only for children somebody watches, known to edge as keyed tokens and nothing else."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaConnectionError, KafkaError

from hub import clock, ids, topics
from hub.broker import Unable, partitions_told
from hub.kafka.consumer import plain_consumer
from hub.kafka.same_kafka import another, cluster_now
from hub.seal import Keyring
from hub.settings import Settings
from schemas.envelope import Subject

log = structlog.get_logger("hub.edge.watched")


class Watched:
    """The tokens of this edge's partners: sixteen bytes a child, read before anyone listens.

    A record is its key; what it carries sealed says no more, and a token cannot be made without
    the partner's watch key.
    """

    def __init__(self, keys: Keyring, feeds: Iterable[tuple[str, str]]):
        """`feeds`: each partner with each of its authorities."""
        self._keys = keys
        self._marks = {topics.whole(*feed).encode(): feed[0] for feed in feeds}
        self._tokens: dict[str, set[bytes]] = {name: set() for name in self._marks.values()}
        self._seen: set[bytes] = set()
        self._read: _Read | None = None

    def __contains__(self, whom: tuple[str, Subject]) -> bool:
        """Whether a partner's subject is watched, by either number.

        Raises `Unable` where it is not on a list of which nobody said that it is whole.
        """
        partner, subject = whom
        tokens = self._tokens[partner]
        key = self._keys.watch(partner)
        numbers = (("nhs", subject.nhs_number), ("own", subject.own_number))
        found = any(
            bytes.fromhex(ids.token(key, kind, number)) in tokens
            for kind, number in numbers
            if number
        )
        if not found and not self._whole(partner):
            raise Unable("core has not told yet whom to keep")
        return found

    def _whole(self, partner: str) -> bool:
        """Whether it was said, for each authority that its children may be known to."""
        return all(mark in self._seen for mark, of in self._marks.items() if of == partner)

    def take(self, record: ConsumerRecord) -> None:
        """Notes what one record says; what is not ours, or not written by core, says nothing."""
        if record.key in self._marks:
            self._seen.add(record.key)
            return
        partner, _, token = (record.key or b"").decode("ascii", "replace").rpartition(".")
        tokens = self._tokens.get(partner)
        try:
            named = bytes.fromhex(token)
        except ValueError:
            return
        if tokens is None:
            return
        if record.value is None:
            tokens.discard(named)
        else:
            tokens.add(named)

    async def open(self, settings: Settings, bootstrap: str) -> None:
        """Reads the topic to the end that it has now; raises `KafkaError` while Kafka is away."""
        if not self._tokens:
            return
        # Asked before the list is read: where another one comes between, the list is read anew.
        cluster = await cluster_now(settings, bootstrap)
        if cluster is None:
            raise KafkaConnectionError(f"{bootstrap} does not say which Kafka it is")
        consumer = plain_consumer(settings, bootstrap)
        try:
            consumer.subscribe([topics.WATCHED])
            await consumer.start()
            await self._read_to_end(consumer)
        except BaseException:
            await consumer.stop()
            raise
        self._read = _Read(settings, bootstrap, cluster, consumer)

    async def _read_to_end(self, consumer: AIOKafkaConsumer) -> None:
        spots = partitions_told(topics.WATCHED, consumer.assignment())
        ends = await consumer.end_offsets(spots)
        while any([await consumer.position(spot) < ends[spot] for spot in spots]):
            await self._turn(consumer)

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                self.take(record)

    async def follow(self) -> None:
        """Keeps up with the topic until it is cancelled; that of another Kafka is read from its beginning.

        A place in the old list says nothing of the new one: what stands before it would be missed.
        """
        while (read := self._read) is not None:
            turns = asyncio.ensure_future(self._turns(read.consumer))
            other = asyncio.ensure_future(another(read.settings, read.bootstrap, read.cluster))
            try:
                await asyncio.wait({turns, other}, return_when="FIRST_COMPLETED")
                if turns.done():
                    turns.result()
            finally:
                turns.cancel()
                other.cancel()
                await asyncio.gather(turns, other, return_exceptions=True)
                await read.consumer.stop()
            log.warning("Kafka is another one: whom to keep is read anew", source=read.bootstrap)
            await self._anew(read)

    async def _turns(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                await self._turn(consumer)
            except KafkaError:
                await clock.sleep(1)

    async def _anew(self, read: "_Read") -> None:
        """Nothing is known until it is read: meanwhile partners hear that nobody is told from anybody."""
        self._read = None
        while self._read is None:
            self._seen.clear()
            for tokens in self._tokens.values():
                tokens.clear()
            try:
                await self.open(read.settings, read.bootstrap)
            except (KafkaError, OSError) as error:
                log.warning("waiting for the list of whom to keep", exc_info=error)
                await clock.sleep(1)


@dataclass(frozen=True, slots=True)
class _Read:
    """Where the list is read, and by which consumer."""

    settings: Settings
    bootstrap: str
    cluster: str
    consumer: AIOKafkaConsumer
