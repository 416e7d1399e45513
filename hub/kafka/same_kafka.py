"""Who works with one Kafka hears within seconds that another one stands in its place."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from hub.kafka.security import kafka_security
from hub.running.stopping import to_its_end
from hub.settings import Settings

EVERY = 5.0
"""Seconds between two questions."""
WITHIN = 5.0
"""Seconds for an answer."""


class AnotherKafka(Exception):
    """Another Kafka stands where the one was that a role read; its next life begins with it."""


async def cluster_now(settings: Settings, bootstrap: str) -> str | None:
    """The id of the cluster that answers at this address now; none where none does.

    Asked over a connection of its own: one that was made before knows only where the old one stood.
    """
    client = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap,
        request_timeout_ms=int(WITHIN * 1000),
        **kafka_security(settings),
    )
    try:
        async with asyncio.timeout(WITHIN):
            await to_its_end(client.start())
            return str((await client.describe_cluster())["cluster_id"])
    except (KafkaError, OSError, TimeoutError):
        return None
    finally:
        await client.close()


async def another(settings: Settings, bootstrap: str, known: str) -> str:
    """Returns the id of the other one, when there is one."""
    while True:
        await asyncio.sleep(EVERY)
        found = await cluster_now(settings, bootstrap)
        if found not in (None, known):
            return str(found)
