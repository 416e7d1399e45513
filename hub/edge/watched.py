"""A feed of everyone is kept only for children somebody watches, known to edge as keyed tokens and nothing else."""

from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from hub import clock, ids, topics
from hub.broker import Unable, partitions_told
from hub.kafka.consumer import plain_consumer
from hub.kafka.same_kafka import AnotherKafka, another, cluster_now
from hub.seal import Keyring
from hub.settings import Settings
from schemas.envelope import Subject


class Watched:
    """The tokens of this edge's partners: sixteen bytes a child, read before anyone listens.

    A record is its key; what it carries sealed says no more, and a token cannot be made without
    the partner's watch key.
    """

    def __init__(self, keys: Keyring, partners: Iterable[str]):
        self._keys = keys
        self._tokens: dict[str, set[bytes]] = {name: set() for name in partners}
        self._consumer: AIOKafkaConsumer | None = None
        self._whole = False
        self._place: tuple[Settings, str] | None = None
        self._cluster: str | None = None

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
        if not found and not self._whole:
            raise Unable("core has not told yet whom to keep")
        return found

    def take(self, record: ConsumerRecord) -> None:
        """Notes what one record says; what is not ours, or not written by core, says nothing."""
        if record.key == topics.WHOLE.encode():
            self._whole = True
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
        consumer = plain_consumer(settings, bootstrap)
        try:
            consumer.subscribe([topics.WATCHED])
            await consumer.start()
            # Asked before the list is read: where another one comes between, its list is read anew.
            self._place = settings, bootstrap
            self._cluster = await cluster_now(settings, bootstrap)
            await self._read_to_end(consumer)
        except BaseException:
            await consumer.stop()
            raise
        self._consumer = consumer

    async def _read_to_end(self, consumer: AIOKafkaConsumer) -> None:
        spots = partitions_told(topics.WATCHED, consumer.assignment())
        ends = await consumer.end_offsets(spots)
        while any([await consumer.position(spot) < ends[spot] for spot in spots]):
            await self._turn(consumer)

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                self.take(record)

    async def of_one_kafka(self) -> None:
        """Raises `AnotherKafka` once another one is there: whom it watches is read from its beginning.

        Else a position in the old list would be looked for in the new, and what stands before it missed.
        """
        if self._place is None or self._cluster is None:
            return
        found = await another(*self._place, self._cluster)
        raise AnotherKafka(
            f"Kafka is another one than before ({found}, not {self._cluster}): edge ends, and reads"
            " whom to keep from the beginning when it is started again"
        )

    async def follow(self) -> None:
        """Keeps up with the topic until it is cancelled."""
        consumer = self._consumer
        if consumer is None:
            return
        try:
            while True:
                try:
                    await self._turn(consumer)
                except KafkaError:
                    await clock.sleep(1)
        finally:
            await consumer.stop()
