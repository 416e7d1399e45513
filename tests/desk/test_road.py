"""The desk's road reaches a real Kafka when it can, says Unable while it cannot, and comes back by itself."""

import asyncio
from pathlib import Path

import pytest

from hub import topics
from hub.broker import Unable, make_broker
from hub.desk.access import Grant, Person, Role
from hub.desk.acts import Act, outbound
from hub.desk.road import KafkaRoad
from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from hub.kafka.topic_setup import ensure_topics
from hub.partners import Directory
from hub.seal import Keyring
from hub.settings import Settings
from hub.wire import read
from tests.kit.frozen import frozen
from tests.kit.kafka import read_to_end
from tests.kit.waiting import eventually


def act(keys: Keyring) -> Act:
    who = Person("p1", "J. Ahmed", grants=(Grant(Role.DUTY_MANAGER, "383", "council"),))
    return Act(
        "partner.paused", "police", who, who.grants[0], None, 3, "They move", {"reason": "x"}
    )


async def test_an_act_is_in_kafka_when_publish_returns(empty_kafka: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, kafka_bootstrap=empty_kafka)
    keys = Keyring.first_start(tmp_path / "keys")
    await ensure_topics(settings, Directory([]))
    road = KafkaRoad(lambda: make_broker(settings), empty_kafka)
    road.start()
    try:
        async with asyncio.timeout(20):
            while not road.up:
                await asyncio.sleep(0.05)
        done = act(keys)
        await road.publish([outbound(keys, done)])
        found = [record async for record in read_to_end(settings, empty_kafka, topics.ACTS)]
    finally:
        await road.stop()
    told = read(keys, topics.ACTS, dict(found[-1].headers), found[-1].value)
    assert (told.kind, told.id, told.meta["version"]) == ("partner.paused", done.act_id, 3)
    assert told.meta["who"]["role"] == "duty_manager"
    assert found[-1].key == b"police"


async def test_while_nobody_listens_publishing_is_refused_at_once(tmp_path: Path) -> None:
    keys = Keyring.first_start(tmp_path / "keys")
    address = f"127.0.0.1:{free_port()}"
    settings = Settings(data=tmp_path, kafka_bootstrap=address)
    road = KafkaRoad(lambda: make_broker(settings), address)
    road.start()
    try:
        await asyncio.sleep(0.1)
        assert not road.up
        with pytest.raises(Unable):
            async with asyncio.timeout(0.5):
                await road.publish([outbound(keys, act(keys))])
    finally:
        await road.stop()


async def test_what_was_refused_is_not_sent_when_kafka_is_back(
    kafka_node: EmbeddedKafka, tmp_path: Path
) -> None:
    bootstrap = await asyncio.to_thread(kafka_node.start)
    settings = Settings(data=tmp_path, kafka_bootstrap=bootstrap)
    keys = Keyring.first_start(tmp_path / "keys")
    await ensure_topics(settings, Directory([]))
    road = KafkaRoad(lambda: make_broker(settings), bootstrap)
    road.start()
    try:
        await eventually(lambda: road.up, 20)
        first, refused, last = (act(keys) for _ in range(3))
        await road.publish([outbound(keys, first)])
        kafka_node.kill()
        with pytest.raises(Unable):
            await road.publish([outbound(keys, refused)])
        await eventually(lambda: not road.up, 20)
        await asyncio.to_thread(kafka_node.start)
        await eventually(lambda: road.up, 20)
        await road.publish([outbound(keys, last)])
        found = [record async for record in read_to_end(settings, bootstrap, topics.ACTS)]
    finally:
        await road.stop()
    told = [read(keys, topics.ACTS, dict(each.headers), each.value).id for each in found]
    assert told == [first.act_id, last.act_id]


async def test_a_kafka_that_stands_still_is_noticed_and_answers_again(
    kafka_node: EmbeddedKafka, tmp_path: Path
) -> None:
    bootstrap = await asyncio.to_thread(kafka_node.start)
    settings = Settings(data=tmp_path, kafka_bootstrap=bootstrap)
    road = KafkaRoad(lambda: make_broker(settings), bootstrap)
    road.start()
    try:
        await eventually(lambda: road.up, 20)
        async with frozen(kafka_node):
            await eventually(lambda: not road.up, 20)
        await eventually(lambda: road.up, 20)
    finally:
        await road.stop()
