"""After a start nothing is sent again before its receipts are read, from an older copy nothing at all.

New deliveries flow at once; repeats wait until `receipts` is read to the end seen at the start.
Where the ledger lies behind what Kafka knows was recorded, an older copy is back: then messages
are read again first, receipts after them (so that none finds its delivery missing), and only then
is anything handed out.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import Connection

from hub import topics
from hub.broker import partitions_told
from hub.clock import monotonic
from hub.kafka.consumer import plain_consumer
from hub.kafka.security import kafka_security
from hub.kafka.told import Positions, told
from hub.ledger.write import rows
from hub.settings import Settings

LONGEST = 60.0
"""Seconds after which we go on all the same; from an older copy, seconds without progress."""

_READ_TOGETHER = (topics.RECEIPTS, topics.PARCELS)


class Hold(IntEnum):
    """What is not handed out now."""

    NOTHING = 0
    REPEATS = 1
    ALL = 2


class CatchingUp:
    """What was unread when this core started, until it is read."""

    def __init__(self, cluster: str, ends: Positions, committed: Mapping[TopicPartition, int]):
        self.cluster = cluster
        self.hold = Hold.REPEATS
        self._gave_up = False
        self._ends = ends
        self._committed = committed
        self._restored = False
        self._messages_read = False
        self._read = -1
        self._until = monotonic() + LONGEST
        self.unread = 0
        """Records of before the start (or of before the older copy) that are waited for."""

    @property
    def spots(self) -> list[TopicPartition]:
        """Every partition of what core reads, but reports."""
        return list(self._ends)

    def gives_up(self) -> bool:
        """True once, where it was not read in time."""
        gave_up, self._gave_up = self._gave_up, False
        return gave_up

    @property
    def receipts_wait(self) -> bool:
        """True while receipts would be read before the messages they are about."""
        return self.hold is Hold.ALL and not self._messages_read

    def again(self, conn: Connection, upto: Mapping[TopicPartition, int]) -> None:
        """An older copy came back while we ran: everything up to `upto` is to be read again.

        But reports: they are read with the receipts, which would wait for themselves; and of old
        ones Kafka keeps nothing that could be read.
        """
        upto = {spot: end for spot, end in upto.items() if spot.topic != topics.REPORTS}
        self._ends |= {spot: max(end, self._ends.get(spot, 0)) for spot, end in upto.items()}
        self._committed = upto
        self._read = -1
        self.hold = Hold.ALL
        self.look(conn)

    def look(self, conn: Connection) -> None:
        """Compares the ledger with the ends; what is read is no longer waited for."""
        if self.hold is Hold.NOTHING:
            self.unread = 0
            return
        sql = 'select topic, partition, next from "offset" where cluster = :c'
        at = {
            TopicPartition(row.topic, row.partition): row.next
            for row in rows(conn, sql, c=self.cluster)
        }
        # A ledger that never read this cluster is new, or its cluster is: no copy of an older one.
        behind = [spot for spot, end in self._committed.items() if 0 <= at.get(spot, end) < end]
        if behind and not self._restored:
            self._restored, self.hold = True, Hold.ALL
        unread = [spot for spot, end in self._ends.items() if at.get(spot, 0) < end]
        self._messages_read = all(spot.topic in _READ_TOGETHER for spot in unread)
        waiting = unread if self._restored else [s for s in unread if s.topic == topics.RECEIPTS]
        self.unread = sum(self._ends[spot] - at.get(spot, 0) for spot in waiting)
        if not waiting:
            self.hold, self._restored = Hold.NOTHING, False
            return
        read = sum(at.values())
        if self._restored and read != self._read:
            self._read, self._until = read, monotonic() + LONGEST
        if monotonic() > self._until:
            self.hold, self._restored, self._gave_up = Hold.NOTHING, False, True


async def catching_up(
    settings: Settings, bootstrap: str, roads: Mapping[str, Iterable[str]]
) -> CatchingUp:
    """What Kafka has, and what it knows to be recorded, by consumer group and its topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **kafka_security(settings))
    consumer = plain_consumer(settings, bootstrap)
    try:
        await admin.start()
        cluster = str((await admin.describe_cluster())["cluster_id"])
        wanted = sorted({name for names in roads.values() for name in names} - {topics.REPORTS})
        spots = [
            spot
            for found in await admin.describe_topics(wanted)
            for spot in partitions_told(
                found["topic"],
                [TopicPartition(found["topic"], one["partition"]) for one in found["partitions"]],
            )
        ]
        committed: Positions = {}
        for group in roads:
            committed |= await told(admin, settings.kafka_prefix + group, cluster)
        await consumer.start()
        consumer.assign(spots)
        ends = await consumer.end_offsets(spots)
    finally:
        await consumer.stop()
        await admin.close()
    return CatchingUp(cluster, ends, {s: n for s, n in committed.items() if s in ends})
