"""A consumer that was told to stop has ended, whatever its fetches were at."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest

from hub.broker import make_broker, road, stopped
from hub.embedded import EmbeddedKafka
from hub.kafka.consumer import SIDEWAYS, join, plain_consumer
from hub.kafka.same_kafka import cluster_now
from hub.kafka.told import told_now
from hub.settings import Settings
from hub.topics import Topic
from tests.flow.edge_kit import create
from tests.kit.kafka import fresh
from tests.kit.waiting import eventually

STEP = 0.0002
"""Seconds between two moments at which what is being started is called off."""
LONG = 3600.0
"""Seconds for which a consumer waits after a failed fetch: it is surely told to stop meanwhile."""


def tasks() -> set[Any]:
    return asyncio.all_tasks() - {asyncio.current_task()}


def connected() -> int:
    """Connections that somebody holds open, or forgot."""
    return sum(isinstance(o, AIOKafkaConnection) and o.connected() for o in gc.get_objects())


@asynccontextmanager
async def reading(kind: str, settings: Settings, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of either kind that waits for records of a topic."""
    if kind == "plain":
        consumer = plain_consumer(settings, settings.kafka_bootstrap or "")
        consumer.subscribe([topic])
        await consumer.start()
        yield consumer
    else:
        broker = make_broker(settings)
        await broker.connect()
        subscriber = road(broker, settings, topic, group=fresh("group"))
        await subscriber.start()
        consumer = subscriber.consumer
        await eventually(consumer.assignment)
        yield consumer
        await stopped(broker)


@pytest.mark.parametrize("kind", ["plain", "road"])
async def test_it_ends_although_a_fetch_has_just_failed(
    kafka_node: EmbeddedKafka, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    bootstrap, topic = kafka_node.start(), fresh("read")
    create(bootstrap, [Topic(topic, 1, "none", "test", "test")])
    settings, before = Settings(kafka_bootstrap=bootstrap), tasks()
    async with reading(kind, settings, topic) as consumer:
        assert await consumer.position(TopicPartition(topic, 0)) == 0
        consumer._fetcher._retry_backoff = LONG
        kafka_node.kill()
        await eventually(lambda: "Failed fetch messages" in caplog.text)
        await consumer.stop()
    assert tasks() == before


async def test_it_ends_although_whoever_waits_for_its_end_is_called_off(kafka: str) -> None:
    topic = fresh("read")
    create(kafka, [Topic(topic, 1, "none", "test", "test")])
    before = tasks()
    async with reading("plain", Settings(kafka_bootstrap=kafka), topic) as consumer:
        assert await consumer.position(TopicPartition(topic, 0)) == 0
        stopping = asyncio.create_task(consumer.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        assert not any(each.connected() for each in consumer._client._conns.values())
    assert tasks() == before


@pytest.mark.parametrize("kind", ["consumer", "broker"])
async def test_what_is_called_off_while_it_begins_leaves_no_connection(
    kafka: str, kind: str
) -> None:
    settings = Settings(kafka_bootstrap=kafka)
    gc.collect()
    before, opened, called_off = tasks(), connected(), 0
    for step in range(60):
        consumer, broker = plain_consumer(settings, kafka), make_broker(settings)
        starting = asyncio.create_task(consumer.start() if kind == "consumer" else broker.connect())
        await asyncio.sleep(step * STEP)
        called_off += starting.cancel()
        await asyncio.wait({starting})
        await consumer.stop()
        await stopped(broker)
        assert connected() == opened, f"called off after {step * STEP * 1000:.1f} ms"
    assert tasks() == before and called_off > 5


@pytest.mark.parametrize(
    "ask", [partial(told_now, group="nobody", cluster="this one"), cluster_now], ids=["told", "id"]
)
async def test_a_question_that_is_called_off_leaves_no_connection(
    kafka: str, ask: Callable[[Settings, str], Coroutine[Any, Any, object]]
) -> None:
    settings, called_off = Settings(kafka_bootstrap=kafka), 0
    gc.collect()
    before, opened = tasks(), connected()
    for step in range(60):
        asking = asyncio.create_task(ask(settings, kafka))
        await asyncio.sleep(step * STEP)
        called_off += asking.cancel()
        await asyncio.wait({asking})
        assert connected() == opened, f"called off after {step * STEP * 1000:.1f} ms"
    assert tasks() == before and called_off > 5


async def test_while_some_lie_unread_or_are_paused_kafka_is_asked_briefly_for_the_others(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, topic = Settings(kafka_bootstrap=kafka), fresh("read")
    create(kafka, [Topic(topic, 2, "none", "test", "test")])
    asked: list[int] = []
    send = AIOKafkaClient.send

    async def noted(client: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        if isinstance(request, FetchRequest):
            asked.append(request._max_wait_ms)
        return await send(client, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", noted)
    async with reading("road", settings, topic) as consumer:
        await eventually(lambda: 500 in asked)
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            await producer.send_and_wait(topic, b"unread", partition=0)
        await eventually(lambda: SIDEWAYS in asked)
        assert [r.value for r in (await consumer.getmany(timeout_ms=500)).popitem()[1]] == [
            b"unread"
        ]
        asked.clear()
        await eventually(lambda: asked[-2:] == [500, 500], 5)
        consumer.pause(TopicPartition(topic, 0))
        await eventually(lambda: SIDEWAYS in asked, 5)
        consumer.resume(TopicPartition(topic, 0))
        asked.clear()
        await eventually(lambda: asked[-2:] == [500, 500], 5)
        await consumer.stop()


async def test_a_kafka_that_goes_away_while_it_is_joined_is_waited_for(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = fresh("join")
    create(kafka, [Topic(topic, 1, "none", "test", "test")])
    start, tries = AIOKafkaConsumer.start, []

    async def fails_at_first(self: AIOKafkaConsumer) -> None:
        tries.append(self)
        if len(tries) == 1:
            raise UnknownTopicOrPartitionError
        await start(self)

    monkeypatch.setattr(AIOKafkaConsumer, "start", fails_at_first)
    broker = make_broker(Settings(kafka_bootstrap=kafka))
    await broker.connect()
    subscriber = road(broker, Settings(kafka_bootstrap=kafka), topic, group=fresh("group"))
    await join(subscriber, asyncio.Event())
    await eventually(lambda: bool(subscriber.consumer.assignment()))
    await stopped(broker)
    assert len(tries) == 2


def test_a_line_that_was_closed_a_moment_ago_is_a_broken_line(kafka: str) -> None:
    """Core and edge run on uvloop, whose own error for it once ended core."""

    topic = fresh("broken")
    create(kafka, [Topic(topic, 1, "none", "test", "test")])

    async def ask() -> None:
        async with plain_consumer(Settings(kafka_bootstrap=kafka), kafka) as consumer:
            await consumer.topics()
            line = next(iter(consumer._client._conns.values()))
            line._writer.transport.abort()
            await asyncio.sleep(0)
            with pytest.raises(KafkaConnectionError):
                await line.send(MetadataRequest([]))
            assert topic in await consumer.topics(), "it connects anew"

    uvloop.run(ask())
