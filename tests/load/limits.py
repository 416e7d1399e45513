"""What Kafka's flushed writes and the ledger's bare commits allow is measured beside the hub, in the same run."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import text

from hub.ledger.session import open_ledger

SECONDS = 1.5
_VALUE = b"x" * 1024
_TURNS = 1_000_000


async def round_trips(bootstrap: str, in_flight: int) -> float:
    """Acknowledged writes a second of 1 KB to one flushed partition, so many at a time."""
    topic = f"bench.{uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    try:
        flushed = {"flush.messages": "1"}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=flushed)])
        await producer.start()
        await producer.send_and_wait(topic, _VALUE)
        count = 0
        began = time.monotonic()

        async def one() -> None:
            nonlocal count
            while time.monotonic() - began < SECONDS:
                await producer.send_and_wait(topic, _VALUE, partition=0)
                count += 1

        await asyncio.gather(*(one() for _ in range(in_flight)))
        return count / (time.monotonic() - began)
    finally:
        await producer.stop()
        await admin.delete_topics([topic])
        await admin.close()


def commits(database: str | None, folder: Path) -> float:
    """Commits a second of one row of 1 KB, as the ledger opens its database."""
    name = f"bench_{uuid4().hex[:8]}"
    engine = open_ledger(database or f"sqlite:///{folder / name}.db")
    try:
        with engine.begin() as conn:
            conn.execute(text(f"create table {name} (value text)"))
        count = 0
        began = time.monotonic()
        with engine.connect() as conn:
            while time.monotonic() - began < SECONDS:
                conn.execute(text(f"insert into {name} values (:v)"), {"v": "x" * 1024})
                conn.commit()
                count += 1
            rate = count / (time.monotonic() - began)
            conn.execute(text(f"drop table {name}"))
            conn.commit()
        return rate
    finally:
        engine.dispose()


def counted(database: str) -> None:
    """Lets PostgreSQL count its rows, as it does by itself within a ledger's first minute."""
    engine = open_ledger(database)
    with engine.begin() as conn:
        conn.execute(text("analyze"))
    engine.dispose()


def turns() -> float:
    """Turns a second of a plain Python loop: how fast this interpreter is on this machine just now."""
    seen: dict[int, int] = {}
    began = time.process_time()
    for turn in range(_TURNS):
        seen[turn & 1023] = turn * turn % 7
    return _TURNS / (time.process_time() - began)
