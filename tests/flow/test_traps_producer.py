"""A producer that Kafka will never believe again is replaced, and nobody but its next caller notices.

A topic that refuses a record for its size wedges the producer that sent it, on a real Kafka: the
record's number was given out, and never arrives.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaClient
from aiokafka.errors import RequestTimedOutError
from aiokafka.protocol.produce import ProduceRequest

from hub import topics
from hub.broker import ProducerBroken, Unable, make_broker
from hub.kafka.publisher import Publisher
from hub.partners import Directory
from hub.settings import Settings
from tests.flow.core_kit import Road, attendances
from tests.flow.test_edge_app import post, site
from tests.flow.test_topic_setup import alter, until
from tests.flow.test_traps_sending import a_record, a_topic, count
from tests.kit.site import the_partners
from tests.kit.waiting import eventually

LONG = os.urandom(4096)
SHORT = 1024


async def takes(bootstrap: str, topic: str, most: int) -> None:
    """Lets a topic take records of so many bytes at most."""
    await alter(bootstrap, topic, {"max.message.bytes": str(most)})
    await until(bootstrap, topic, "max.message.bytes", str(most))


@asynccontextmanager
async def publishing(bootstrap: str) -> AsyncIterator[Publisher]:
    settings = Settings(kafka_bootstrap=bootstrap)
    broker = make_broker(settings)
    await broker.connect()
    publisher = Publisher(broker, lambda: make_broker(settings))
    try:
        yield publisher
    finally:
        await publisher.stop()
        await broker.stop()


def producer_of(publisher: Publisher) -> Any:
    """aiokafka's producer, below FastStream's."""
    ours: Any = publisher._now.config.broker_config.producer
    return ours._producer.producer


async def test_one_that_kafka_calls_out_of_order_is_replaced(kafka: str) -> None:
    topic = a_topic(kafka)
    await takes(kafka, topic, SHORT)
    async with publishing(kafka) as publish:
        await publish([a_record(topic)])
        with pytest.raises(Unable) as refused:
            await publish([a_record(topic, LONG)])
        assert not isinstance(refused.value, ProducerBroken)
        with pytest.raises(ProducerBroken):
            await publish([a_record(topic)])
        for _ in range(3):
            await publish([a_record(topic)])
    assert await count(Settings(kafka_bootstrap=kafka), topic) == 4


async def test_several_that_find_it_broken_make_one_new_one(kafka: str) -> None:
    topic = a_topic(kafka)
    await takes(kafka, topic, SHORT)
    made = 0

    def another() -> Any:
        nonlocal made
        made += 1
        return make_broker(Settings(kafka_bootstrap=kafka))

    async with publishing(kafka) as publish:
        publish._make = another
        await publish([a_record(topic)])
        for _ in range(2):
            with pytest.raises(Unable):
                await publish([a_record(topic, LONG)])
            tried = [publish([a_record(topic)]) for _ in range(5)]
            failed = await asyncio.gather(*tried, return_exceptions=True)
            assert all(isinstance(error, ProducerBroken) for error in failed), failed
            await publish([a_record(topic)])
    assert made == 2


async def test_one_whose_sender_died_is_replaced(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = a_topic(kafka)
    async with publishing(kafka) as publish:
        accumulator = producer_of(publish)._message_accumulator

        def fails(**_: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(accumulator, "drain_by_nodes", fails)
        with pytest.raises(ProducerBroken):
            await publish([a_record(topic)])
        await publish([a_record(topic)])


async def test_a_confirmation_that_is_lost_doubles_nothing(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka has the record and its answer does not arrive: it is sent again, and known again."""
    topic, lost = a_topic(kafka), 0
    real = AIOKafkaClient.send

    async def send(self: Any, node: Any, request: Any, **more: Any) -> Any:
        nonlocal lost
        answer = await real(self, node, request, **more)
        if isinstance(request, ProduceRequest) and lost < 2:
            lost += 1
            raise RequestTimedOutError
        return answer

    async with publishing(kafka) as publish:
        monkeypatch.setattr(AIOKafkaClient, "send", send)
        await publish([a_record(topic)])
        monkeypatch.undo()
    assert lost == 2
    assert await count(Settings(kafka_bootstrap=kafka), topic) == 1


async def test_an_edge_takes_in_and_reports_again_in_the_same_life(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await site(empty_kafka, tmp_path, monkeypatch)
    async with s.edge() as client:
        assert (await post(client)).status_code == 202
        for topic in ("flows.handover", topics.REPORTS):
            await takes(empty_kafka, topic, 100)
        assert (await post(client, reference="R-2")).status_code == 503
        await asyncio.sleep(1.5)
        for topic in ("flows.handover", topics.REPORTS):
            await takes(empty_kafka, topic, topics.LARGEST)
        before = len(await s.records(topics.REPORTS))

        async def owned() -> bool:
            return (await post(client, reference="R-3")).status_code == 202

        async def reported() -> bool:
            return len(await s.records(topics.REPORTS)) > before + 1

        await eventually(owned, 10)
        await eventually(reported, 10)


async def test_a_core_hands_out_again_in_the_same_life(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    road = Road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    out = topics.deliveries("team")

    async def handed_out(many: int) -> bool:
        return len(await road.orders()) >= many

    async with road.core():
        await road.say(*attendances([1]))
        await eventually(lambda: handed_out(1))
        await takes(empty_kafka, out, 100)
        await road.say(*attendances([2]))
        await eventually(lambda: road.count("delivery") == 2)
        await asyncio.sleep(0.5)
        await takes(empty_kafka, out, topics.LARGEST)
        await road.say(*attendances([3]))
        await eventually(lambda: handed_out(2), 10)
    road.engine.dispose()
