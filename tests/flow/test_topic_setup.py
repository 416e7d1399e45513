"""Whatever state a cluster is in, the topics are as declared afterwards, or its operator is told why not."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.kafka.same_kafka import cluster_now
from hub.kafka.told import stamped
from hub.kafka.topic_setup import KafkaAway, TopicsWrong, ensure_topics, wanted
from hub.partners import Directory, Partner
from hub.settings import Settings
from hub.topics import LARGEST, recording
from tests.kit.kafka import fresh


def settings(**values: Any) -> Settings:
    return Settings.model_validate(values)


def directory(connections: int = 1) -> Directory:
    facts = {
        "partner": "exemplar",
        "title": "Exemplar",
        "role": "police",
        "agency": "police-exemplar",
        "authorities": ["383"],
        "transport": {"kind": "folder"},
        "format": {"kind": "hub-json"},
        "connections": connections,
    }
    return Directory([Partner.model_validate(facts)])


async def described(bootstrap: str, topic: str) -> tuple[int, dict[str, str]]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        (found,) = await client.describe_topics([topic])
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        (answer,) = await client.describe_configs([resource])
        entries = answer.resources[0][4]
        return len(found["partitions"]), {entry[0]: entry[1] for entry in entries}
    finally:
        await client.close()


async def alter(bootstrap: str, topic: str, config: dict[str, str]) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, config)
        for answer in await client.alter_configs([resource]):
            assert [each[0] for each in answer.resources] == [0]
    finally:
        await client.close()


async def until(bootstrap: str, topic: str, key: str, value: str) -> dict[str, str]:
    """A broker shows a change a moment after the controller has made it."""
    async with asyncio.timeout(10):
        while (config := (await described(bootstrap, topic))[1]).get(key) != value:
            await asyncio.sleep(0.05)
    return config


async def test_two_hubs_may_set_up_at_once_and_again(empty_kafka: str) -> None:
    both = await asyncio.gather(
        *(ensure_topics(settings(), directory(), empty_kafka) for _ in range(2))
    )
    names = {topic.name for topic in wanted(settings(), directory())}
    assert "sources.exemplar" in names
    assert sorted(each for made in both for each in made) == sorted(f"created {n}" for n in names)
    assert await ensure_topics(settings(), directory(), empty_kafka) == []
    _, config = await described(empty_kafka, "parcels")
    assert config["flush.messages"] == "1"
    assert config["max.message.bytes"] == str(LARGEST)
    # The ledger hands these out again, and flushing everything halves what the hub can take.
    _, config = await described(empty_kafka, "deliveries.exemplar")
    assert config["flush.messages"] != "1"


async def test_topics_grow_and_never_shrink(empty_kafka: str) -> None:
    await ensure_topics(settings(), directory(1), empty_kafka)
    changed = await ensure_topics(settings(), directory(3), empty_kafka)
    assert changed == [
        "widened deliveries.exemplar to 3",
        "widened deliveries.exemplar.immediate to 3",
    ]
    assert await ensure_topics(settings(), directory(2), empty_kafka) == []
    assert (await described(empty_kafka, "deliveries.exemplar"))[0] == 3


async def test_a_flow_is_widened_only_when_core_has_read_it(empty_kafka: str) -> None:
    """Else the next words about a child could be read before the last ones."""
    await ensure_topics(settings(), directory(), empty_kafka)
    spot = TopicPartition("flows.police", 0)
    producer = AIOKafkaProducer(bootstrap_servers=empty_kafka)
    await producer.start()
    for _ in range(3):
        await producer.send_and_wait(spot.topic, b"x", partition=0)
    await producer.stop()
    # Groups that no other test's core is still a member of.
    wider = settings(kafka_partitions=2, kafka_prefix=fresh("wider-"))
    changed = await ensure_topics(wider, directory(), empty_kafka)
    [left] = [each for each in changed if "police" in each]
    assert left.startswith("left flows.police as narrow as it is: 3 records of it are unread")
    assert "widened flows.contact to 2" in changed
    assert (await described(empty_kafka, spot.topic))[0] == 1
    cluster = await cluster_now(wider, empty_kafka)
    assert cluster
    async with AIOKafkaConsumer(
        bootstrap_servers=empty_kafka,
        group_id=wider.kafka_prefix + recording("flows"),
        enable_auto_commit=False,
    ) as consumer:
        consumer.assign([spot])
        await consumer.commit(stamped({spot: 2}, cluster))
        changed = await ensure_topics(wider, directory(), empty_kafka)
        assert changed[0].startswith("left flows.police as narrow as it is: 1 records")
        await consumer.commit(stamped({spot: 3}, cluster))
    assert await ensure_topics(wider, directory(), empty_kafka) == ["widened flows.police to 2"]


async def test_what_differs_is_corrected_and_the_sites_own_is_kept(empty_kafka: str) -> None:
    await ensure_topics(settings(), directory(), empty_kafka)
    await alter(empty_kafka, "parcels", {"flush.messages": "1000", "segment.ms": "3600000"})
    await until(empty_kafka, "parcels", "segment.ms", "3600000")
    assert await ensure_topics(settings(), directory(), empty_kafka) == ["corrected parcels"]
    config = await until(empty_kafka, "parcels", "flush.messages", "1")
    assert (config["flush.messages"], config["segment.ms"]) == ("1", "3600000")
    assert config["max.message.bytes"] == str(LARGEST)


async def test_a_cluster_that_refuses_is_named_with_what_to_set(empty_kafka: str) -> None:
    with pytest.raises(TopicsWrong, match=r"flows\.contact .*HUB_KAFKA_REPLICATION"):
        await ensure_topics(settings(kafka_replication=3), directory(), empty_kafka)


async def test_a_cluster_that_is_not_there_is_told_soon() -> None:
    with pytest.raises(KafkaAway, match=r"nothing listens at 127\.0\.0\.1:1"):
        await ensure_topics(settings(), directory(), "127.0.0.1:1", within=5)


async def test_a_broker_too_small_for_our_largest_is_named(
    empty_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.kafka.topic_setup.LARGEST", 200 * 1024 * 1024)
    with pytest.raises(TopicsWrong, match=r"socket\.request\.max\.bytes=\d+, too small"):
        await ensure_topics(settings(), directory(), empty_kafka)
