"""Tests speak with a real Kafka, which one worker starts and all share.

From the address in `HUB_TEST_KAFKA_BOOTSTRAP`, else a container, else the embedded one.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from hub.broker import partitions_told
from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from hub.embedded.properties import properties
from hub.embedded.runtime import VERSION
from hub.kafka.consumer import plain_consumer
from hub.settings import Settings
from tests.kit import engine, shared
from tests.kit.waiting import wait_until

_HEAP = "256m"


@pytest.fixture(scope="session")
def kafka() -> str:
    """The address of the session's Kafka. Shared: use names from `fresh`, create your own topics."""
    given = os.environ.get("HUB_TEST_KAFKA_BOOTSTRAP")
    return given or shared.once("kafka", _start)["bootstrap"]


@pytest.fixture(scope="session")
def _own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    name = f"kafka-{uuid4().hex[:8]}"
    home = shared.directory(name)
    facts = shared.once(name, lambda: _embedded(home))
    yield facts["bootstrap"]
    EmbeddedKafka(home).stop()


@pytest.fixture
def empty_kafka(_own_kafka: str) -> str:
    """A Kafka of this worker alone without topics: for a whole hub, whose topics have fixed names."""
    empty(_own_kafka)
    return _own_kafka


@pytest.fixture
def kafka_node(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A node of this test alone, not started: for tests that stop or kill it."""
    node = EmbeddedKafka(tmp_path, _HEAP, brief=True)
    name = f"kafka-{uuid4().hex[:8]}"
    shared.once(name, lambda: {"data": str(tmp_path)})
    yield node
    node.kill()


def fresh(prefix: str = "test") -> str:
    """A name that nobody else has: for topics and consumer groups on the shared Kafka."""
    return f"{prefix}.{uuid4().hex[:12]}"


async def read_to_end(
    settings: Settings, bootstrap: str, topic: str, since: dict[int, int] | None = None
) -> AsyncIterator[ConsumerRecord]:
    """Every record of a topic up to the end that it had when reading began."""
    consumer = plain_consumer(settings, bootstrap)
    await consumer.start()
    try:
        consumer._client.add_topic(topic)
        numbers = await _numbers(consumer, topic)
        spots = partitions_told(topic, [TopicPartition(topic, number) for number in numbers])
        consumer.assign(spots)
        ends = await consumer.end_offsets(spots)
        starts = await consumer.beginning_offsets(spots)
        for spot in spots:
            consumer.seek(spot, max(starts[spot], (since or {}).get(spot.partition, 0)))
        while any([await consumer.position(spot) < ends[spot] for spot in spots]):
            for spot, records in (await consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    if record.offset < ends[spot]:
                        yield record
    finally:
        await consumer.stop()


async def _numbers(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """A Kafka that was frozen tells nothing for a while."""
    deadline = time.monotonic() + 20
    while not (numbers := consumer.partitions_for_topic(topic)) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        await consumer._client.force_metadata_update()
    return numbers or set()


def empty(bootstrap: str) -> None:
    """Deletes every topic and every group that has no members.

    A node answers what is listed from what it has heard of the controller's log, in its order: so
    a topic made last shows that all before it are listed, and only an empty list that they are gone.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})

    def listed() -> list[str]:
        return [name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")]

    last = fresh("last")
    admin.create_topics([NewTopic(last, 1, 1)])[last].result(10)
    wait_until(lambda: last in listed())
    groups = [group.group_id for group in admin.list_consumer_groups().result().valid]
    doomed = [
        *admin.delete_topics(listed()).values(),
        *(admin.delete_consumer_groups(groups).values() if groups else ()),
    ]
    for each in doomed:
        each.exception(10)
    wait_until(lambda: not listed())


def _start() -> shared.Facts:
    return _container() or _embedded(shared.directory("kafka"))


def _embedded(home: Path) -> shared.Facts:
    return {"bootstrap": EmbeddedKafka(home, _HEAP, brief=True).start(), "data": str(home)}


def _container() -> shared.Facts | None:
    image = os.environ.get("HUB_TEST_KAFKA_IMAGE", f"apache/kafka:{VERSION}")
    port = free_port()
    lines = properties(Path("/tmp/kafka-data"), port, 9093).splitlines()
    values = dict(line.split("=", 1) for line in lines)
    values["listeners"] = f"CLIENT://0.0.0.0:{port},CONTROLLER://127.0.0.1:9093"
    environment = {f"KAFKA_{name.upper().replace('.', '_')}": v for name, v in values.items()}
    environment["KAFKA_HEAP_OPTS"] = f"-Xmx{_HEAP}"
    ran = engine.start(image, port, port, environment, lambda said: b"Kafka Server started" in said)
    return ran and {"bootstrap": f"127.0.0.1:{port}"} | ran


def _stop(facts: shared.Facts) -> None:
    if "container" in facts:
        engine.remove(facts)
    else:
        EmbeddedKafka(Path(facts["data"])).kill()


shared.stops("kafka", _stop)
