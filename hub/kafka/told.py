"""What Kafka is told to be recorded names its cluster, and none believes what another one was told.

A commit that is on its way when a Kafka is lost is taken by the one that stands in its place
(aiokafka repeats it, by then without a membership): it would look like an older copy of the ledger.
Positions that nobody's hub wrote, as `kafka-consumer-groups.sh --reset-offsets` leaves them, tell
nothing of a ledger either.
"""

from collections.abc import Mapping

import stamina
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from hub.kafka.security import kafka_security
from hub.running.stopping import to_its_end
from hub.settings import Settings

Positions = dict[TopicPartition, int]


def stamped(upto: Mapping[TopicPartition, int], cluster: str) -> dict[TopicPartition, object]:
    """What a consumer commits: positions, and whose they are (as the offsets' metadata)."""
    return {spot: (end, cluster) for spot, end in upto.items()}


@stamina.retry(on=KafkaError, timeout=30, wait_initial=0.1, wait_max=1.0, attempts=None)
async def told(admin: AIOKafkaAdminClient, group: str, cluster: str) -> Positions:
    """Up to where a group has recorded this cluster, by partition.

    A Kafka that has just been set up has no coordinator of groups for a moment.
    """
    found = await admin.list_consumer_group_offsets(group)
    return {spot: one.offset for spot, one in found.items() if one.metadata == cluster}


async def told_now(settings: Settings, bootstrap: str, group: str, cluster: str) -> Positions:
    """The same, over a connection of its own: a consumer tells positions, but not whose they are."""

    async def asked() -> Positions:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **kafka_security(settings))
        try:
            await admin.start()
            return await told(admin, group, cluster)
        finally:
            await admin.close()

    return await to_its_end(asked())
