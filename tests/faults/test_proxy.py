"""The storms' proxy carries what it is given, until it is told to cut, delay, halve or silence it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, NotEnoughReplicasAfterAppendError
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from hub.embedded.processes import free_port
from tests.faults.storms.ground import Lines, lines
from tests.faults.storms.proxy import DELAY
from tests.faults.storms.steps import CODES
from tests.kit.kafka import fresh

LONG = b"x" * 1000


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Somebody who says back what he hears, and what he heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):
            while some := await reader.read(65536):
                heard.append(some)
                writer.write(some)

    server = await asyncio.start_server(serve, "127.0.0.1", free_port())
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


@asynccontextmanager
async def talking() -> AsyncIterator[
    tuple[Lines, asyncio.StreamReader, asyncio.StreamWriter, list[bytes]]
]:
    async with echo() as (port, heard), lines() as carried:
        shown = await carried.open("team", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", shown)
        writer.write(LONG)
        assert await reader.readexactly(len(LONG)) == LONG
        heard.clear()
        yield carried, reader, writer, heard
        writer.close()


async def test_a_cut_ends_connections_and_refuses_new_ones_until_it_is_over() -> None:
    async with talking() as (carried, reader, _, _):
        await carried.tell("team", mode="cut")
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            again, writer = await asyncio.open_connection("127.0.0.1", carried.ports["team"])
            with closing(writer):
                writer.write(LONG)
                await again.readexactly(1)
        await carried.tell("team", mode="pass")
        again, writer = await asyncio.open_connection("127.0.0.1", carried.ports["team"])
        writer.write(LONG)
        assert await again.readexactly(len(LONG)) == LONG
        writer.close()


async def test_half_of_what_is_written_arrives_and_then_nothing() -> None:
    async with talking() as (carried, reader, writer, heard):
        await carried.tell("team", mode="halve")
        writer.write(LONG)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(LONG))
        assert b"".join(heard) == LONG[:500]


async def test_delay_keeps_everything_waiting() -> None:
    async with talking() as (carried, reader, writer, _):
        await carried.tell("team", mode="delay")
        began = time.monotonic()
        writer.write(LONG)
        assert await reader.readexactly(len(LONG)) == LONG
        assert time.monotonic() - began >= 2 * DELAY


@pytest.mark.parametrize(("mode", "hears"), [("deaf", False), ("mute", True)])
async def test_one_direction_is_silent_and_loses_nothing(mode: str, hears: bool) -> None:
    async with talking() as (carried, reader, writer, heard):
        await carried.tell("team", mode=mode)
        writer.write(LONG)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.5)
        assert bool(heard) is hears
        await carried.tell("team", mode="pass")
        assert await reader.readexactly(len(LONG)) == LONG


@asynccontextmanager
async def through(kafka: str) -> AsyncIterator[tuple[Lines, str, str]]:
    """A proxy before the session's Kafka, its address, and a topic."""
    topic = fresh()
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    async with lines() as carried:
        shown = await carried.open("kafka", int(kafka.rpartition(":")[2]))
        yield carried, f"127.0.0.1:{shown}", topic


async def test_who_asks_through_it_is_led_back_to_it(kafka: str) -> None:
    async with through(kafka) as (_, shown, _):
        client = AdminClient({"bootstrap.servers": shown})
        brokers = (await asyncio.to_thread(client.list_topics, timeout=10)).brokers
        assert [f"{one.host}:{one.port}" for one in brokers.values()] == [shown]


async def test_a_produce_is_told_the_code_and_was_appended_all_the_same(kafka: str) -> None:
    async with through(kafka) as (carried, shown, topic):
        producer = AIOKafkaProducer(
            bootstrap_servers=shown, acks="all", retry_backoff_ms=100, request_timeout_ms=3000
        )
        await producer.start()
        try:
            at = (await producer.send_and_wait(topic, b"true")).offset
            code = CODES["NOT_ENOUGH_REPLICAS_AFTER_APPEND"]
            await carried.tell("kafka", code=code)
            with pytest.raises(KafkaError):
                async with asyncio.timeout(8):
                    await producer.send_and_wait(topic, b"told otherwise")
            assert await carried.tell("kafka", code=0) >= 1
            assert (await producer.send_and_wait(topic, b"true again")).offset > at + 1
            assert code == NotEnoughReplicasAfterAppendError.errno
        finally:
            await producer.stop()
