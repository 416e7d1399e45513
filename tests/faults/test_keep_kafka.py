"""The embedded Kafka is there again after a kill, and is stopped only by whoever started it."""

import asyncio
import os
import signal
from pathlib import Path

from hub.embedded import EmbeddedKafka
from hub.running.keep_kafka import KeptKafka
from hub.running.supervise import Record
from hub.settings import Settings


async def test_a_killed_kafka_runs_again_and_ends_with_us_alone(
    kafka_node: EmbeddedKafka, tmp_path: Path
) -> None:
    settings = Settings.model_validate({"data": tmp_path, "kafka_heap": "256m"})
    record = Record(tmp_path)
    ours = KeptKafka(settings, record)
    await asyncio.to_thread(ours.start)
    address, first = ours.bootstrap, record.kafka
    assert first is not None
    keeping = asyncio.create_task(ours.keep())
    await asyncio.sleep(0.1)
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(60):
        # By what is written down: whoever comes next reads that, and it is written last.
        while Record(tmp_path).kafka in (first, None):
            await asyncio.sleep(0.05)
    keeping.cancel()
    assert ours.bootstrap == address

    # One that a killed supervisor left is ours by its record; one that others started is not.
    heir, guest = KeptKafka(settings, Record(tmp_path)), KeptKafka(settings, Record(tmp_path / "x"))
    await asyncio.to_thread(heir.start)
    await asyncio.to_thread(guest.start)
    await asyncio.to_thread(guest.stop)
    assert _pid(kafka_node) == record.kafka
    await asyncio.to_thread(heir.stop)
    assert _pid(kafka_node) is None


def _pid(node: EmbeddedKafka) -> int | None:
    status = node.status()
    return status.pid if status is not None else None
