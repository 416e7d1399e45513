"""Each known trap of reading Kafka has its cure, and here is what would go wrong without it."""

import asyncio
import inspect
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka.admin import AdminClient
from sqlalchemy.exc import OperationalError

from hub.broker import make_broker, partitions_told, road
from hub.settings import Settings
from hub.topics import Topic
from tests.flow.edge_kit import bench, create, takes
from tests.flow.reader_kit import shelf
from tests.kit.kafka import fresh
from tests.kit.waiting import eventually

BAD: tuple[tuple[str, bytes | None], ...] = (("x-null", None), ("x-latin", b"Zo\xeb"))


async def _among_a_hundred(bootstrap: str, topic: str) -> list[bytes]:
    """A hundred records in one batch; those in the middle carry headers that are no text."""
    values = [f"{n}".encode() for n in range(100)]
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=50) as producer:
        sent = []
        for n, value in enumerate(values):
            headers = [("ce_id", f"{n}".encode()), *(BAD if 45 < n < 50 else ())]
            sent.append(await producer.send(topic, value, headers=headers))
        await asyncio.gather(*sent)
    return values


async def test_headers_that_are_no_text_lose_nothing_of_their_batch(
    kafka: str, tmp_path: Path
) -> None:
    async with shelf(kafka, tmp_path) as s, s.reading():
        values = await _among_a_hundred(kafka, s.topic)
        await eventually(lambda: len(s.effects()) >= 100)
        assert s.effects() == [value.decode() for value in values]


async def test_headers_that_others_add_do_not_make_our_records_foreign(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering():
        order = b.order("a")
        headers = [(name, value.encode()) for name, value in order.headers.items()]
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            await producer.send_and_wait(order.topic, order.value, headers=[*headers, *BAD])
        await eventually(b.receipts)
        assert b.outcomes() == {"a": "delivered"}


async def test_what_edge_fetched_and_did_not_commit_comes_again(kafka: str) -> None:
    async with bench(kafka) as b:

        async def slowly(reference: str, text: str) -> Any:
            await asyncio.sleep(0.2)
            return await takes(reference, text)

        b.peer.behave = slowly
        await b.hand_out(*(b.order(f"{n}") for n in range(40)))
        async with b.delivering():
            await eventually(lambda: b.peer.sent == ["0"])
        # At most once would have committed all forty as fetched: nobody would hear of the rest.
        assert len(b.receipts()) <= 16
        b.peer.behave = takes
        async with b.delivering():
            await eventually(lambda: len(b.outcomes()) == 40)


async def test_what_core_read_and_did_not_record_comes_again(kafka: str, tmp_path: Path) -> None:
    async with shelf(kafka, tmp_path) as s:
        async with s.reading() as reader:
            tries = []

            def fails(conn: Any, records: Any, hopeful: bool) -> None:
                tries.append(len(records))
                raise OperationalError("insert", {}, Exception("away"))

            reader.record, records = fails, reader.record
            await s.publish([b"1", b"2", b"3"])
            await eventually(lambda: len(tries) > 1)
            assert s.effects() == []
            reader.record = records
            await eventually(s.effects)
        async with s.reading():
            await asyncio.sleep(0.5)
        assert s.effects() == ["1", "2", "3"]


async def test_what_was_passed_over_is_read_after_all(kafka: str, tmp_path: Path) -> None:
    """An offset that only ever moves forward would hide what a consumer skipped."""
    async with shelf(kafka, tmp_path) as s, s.reading() as reader:
        await s.publish([b"0"])
        await eventually(s.effects)
        spot = TopicPartition(s.topic, 0)
        reader.consumer.pause(spot)
        await s.publish([b"1", b"2", b"3"])
        reader.consumer.seek(spot, 3)
        reader.consumer.resume(spot)
        await eventually(lambda: len(s.effects()) >= 4)
        assert s.effects() == ["0", "1", "2", "3"]


async def test_a_topic_that_nobody_set_up_is_not_made_by_reading_it(kafka: str) -> None:
    """FastStream would make it with one partition and defaults, and nobody would flush it."""
    topic, settings = fresh("unset"), Settings(kafka_bootstrap=kafka)
    broker = make_broker(settings)
    road(broker, settings, topic, group=fresh("unset"))
    starting = asyncio.create_task(broker.start())
    await asyncio.wait({starting}, timeout=3)
    assert topic not in AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=10).topics
    starting.cancel()
    await asyncio.wait({starting})
    await broker.stop()


async def test_a_quiet_hop_is_quick(kafka: str, tmp_path: Path) -> None:
    async with shelf(kafka, tmp_path) as s, s.reading() as reader:
        await s.publish([b"warm"])
        await eventually(s.effects)
        took = []
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        async with producer:
            for n in range(10):
                # Long enough for a poll that finds nothing, and for the sleep that would follow.
                await asyncio.sleep(0.3)
                began, seen = time.monotonic(), asyncio.Event()

                async def after(_: Any, seen: asyncio.Event = seen) -> None:
                    seen.set()

                reader.after = after
                await producer.send_and_wait(s.topic, b"%d" % n, headers=[("ce_id", b"x")])
                await asyncio.wait_for(seen.wait(), 5)
                took.append(time.monotonic() - began)
        # A batch subscriber sleeps up to 200 ms after an empty poll: 100 ms on average.
        assert median(took) < 0.06, took


async def test_a_gathered_road_answers_once_for_many_and_within_its_time(kafka: str) -> None:
    topic = fresh()
    create(kafka, [Topic(topic, 1, "none", "test", "test")])
    settings = Settings(kafka_bootstrap=kafka)
    broker = make_broker(settings)
    await broker.connect()
    subscriber = road(broker, settings, topic, group=topic, gather=0.4)
    await subscriber.start()
    try:
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            reading = asyncio.create_task(subscriber.consumer.getmany(timeout_ms=3000))
            began = time.monotonic()
            for n in range(5):
                await producer.send_and_wait(topic, f"{n}".encode())
                await asyncio.sleep(0.02)
        found = await reading
        # Kafka answered once, and an answer to each of them would have brought the first alone.
        [records] = found.values()
        assert [record.value for record in records] == [b"%d" % n for n in range(5)]
        assert time.monotonic() - began < 2
    finally:
        await broker.stop()


def test_no_handler_of_faststream_is_used() -> None:
    found = {
        path.as_posix(): re.findall(r"@\w+\.subscriber|\.subscriber\(", path.read_text())
        for path in Path("hub").rglob("*.py")
    }
    assert {path: words for path, words in found.items() if words} == {
        "hub/broker.py": [".subscriber("]
    }
    assert "batch" not in inspect.getsource(road)


def test_a_killed_reader_has_its_partitions_again_before_its_session_ends(kafka: str) -> None:
    topic = fresh("killed")
    create(kafka, [Topic(topic, 1, "none", "test", "test")])
    program = [sys.executable, str(Path(__file__).with_name("read_until_killed.py"))]

    def until_assigned() -> float:
        """Starts it, waits until it has its partitions, kills it; the seconds."""
        began = time.monotonic()
        with subprocess.Popen(
            [*program, kafka, topic, "30"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        ) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == "assigned\n"
            finally:
                process.kill()
        return time.monotonic() - began

    until_assigned()
    assert until_assigned() < 15


async def test_two_processes_of_one_name_have_every_effect_once(kafka: str, tmp_path: Path) -> None:
    async with shelf(kafka, tmp_path, partitions=2) as s:
        async with s.reading() as one, s.reading() as other:
            for start in range(0, 300, 50):
                await s.publish([f"{n}".encode() for n in range(start, start + 50)])
                await asyncio.sleep(0.5)
            await eventually(lambda: len(s.effects()) >= 300, 30)
        assert one.stale.member.contended() or other.stale.member.contended()
        assert sorted(s.effects(), key=int) == [f"{n}" for n in range(300)]


def test_a_topic_without_partitions_is_no_answer() -> None:
    """A Kafka that just came back said so: a list read to such an end is an empty one."""
    spots = {TopicPartition("watched", 1), TopicPartition("watched", 0)}
    assert partitions_told("watched", spots) == sorted(spots)
    with pytest.raises(KafkaError, match="watched"):
        partitions_told("watched", set())
