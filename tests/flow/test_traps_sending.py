"""Sending has its traps as well: a herd that wakes itself, a record too large, a broker that freezes."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from hub.broker import Unable, make_broker, publish_all
from hub.edge.bound import IN_FLIGHT, Sends
from hub.embedded import EmbeddedKafka
from hub.settings import Settings
from hub.topics import LARGEST, Topic
from hub.wire import Outbound
from tests.flow.edge_kit import create
from tests.kit.frozen import frozen
from tests.kit.kafka import fresh, read_to_end


def a_record(topic: str, value: bytes = b"value") -> Outbound:
    return Outbound(topic, None, value, {"ce_id": "1"})


def a_topic(bootstrap: str) -> str:
    name = fresh("sent")
    create(bootstrap, [Topic(name, 1, "none", "test", "test")])
    return name


async def count(settings: Settings, topic: str) -> int:
    """How many records stand in a topic."""
    bootstrap = settings.kafka_bootstrap or ""
    return len([record async for record in read_to_end(settings, bootstrap, topic)])


async def test_a_herd_of_senders_has_few_sends_in_flight(kafka: str) -> None:
    settings, topic = Settings(kafka_bootstrap=kafka), a_topic(kafka)
    broker = make_broker(settings)
    await broker.connect()
    flying, most = 0, 0

    async def publish(outbounds: Sequence[Outbound]) -> None:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        try:
            await publish_all(broker, outbounds)
        finally:
            flying -= 1

    send = Sends(publish, partitions=1)
    try:
        await asyncio.gather(*(send([a_record(topic)]) for _ in range(400)))
    finally:
        await broker.stop()
    assert most == IN_FLIGHT
    assert await count(settings, topic) == 400


async def test_a_record_too_large_stops_before_anything_is_sent(kafka: str) -> None:
    settings, topic = Settings(kafka_bootstrap=kafka), a_topic(kafka)
    broker = make_broker(settings)
    await broker.connect()
    try:
        batch = [a_record(topic), a_record(topic, bytes(LARGEST)), a_record(topic)]
        with pytest.raises(Unable, match="bytes"):
            await publish_all(broker, batch)
        assert await count(settings, topic) == 0
        await publish_all(broker, [a_record(topic)])
    finally:
        await broker.stop()
    assert await count(settings, topic) == 1


async def test_publishing_to_a_frozen_kafka_ends_in_time_and_goes_on_afterwards(
    kafka_node: EmbeddedKafka,
) -> None:
    bootstrap = await asyncio.to_thread(kafka_node.start)
    settings, topic = Settings(kafka_bootstrap=bootstrap), a_topic(bootstrap)
    broker = make_broker(settings)
    await broker.connect()
    try:
        await publish_all(broker, [a_record(topic)])
        async with frozen(kafka_node):
            for _ in range(2):
                began = time.monotonic()
                with pytest.raises(Unable):
                    await publish_all(broker, [a_record(topic)], within=1)
                assert time.monotonic() - began < 2
        await publish_all(broker, [a_record(topic)], within=20)
    finally:
        await broker.stop()
    # What was not confirmed may have arrived: nobody was told that it had.
    assert await count(settings, topic) >= 2


async def test_a_topic_of_a_frozen_kafka_that_nobody_asked_for_yet_is_unable_too(
    kafka_node: EmbeddedKafka,
) -> None:
    bootstrap = await asyncio.to_thread(kafka_node.start)
    topic = a_topic(bootstrap)
    broker = make_broker(Settings(kafka_bootstrap=bootstrap))
    await broker.connect()
    try:
        async with frozen(kafka_node):
            with pytest.raises(Unable):
                await publish_all(broker, [a_record(topic)], within=1)
            with pytest.raises(Unable):
                await publish_all(broker, [a_record("none-of-ours")], within=1)
    finally:
        await broker.stop()
