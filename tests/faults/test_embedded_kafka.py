"""The embedded Kafka keeps what it was given, survives its starter and never ends a stranger."""

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.embedded import EmbeddedKafka, FetchFailed, node, runtime
from hub.embedded.processes import end, free_port, is_there
from hub.topics import LARGEST, Topic
from tests.kit.kafka import fresh


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    config = Topic(topic, 1, "", "", "", flushed=True).config
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=config)])
    await admin.close()


async def _send(bootstrap: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=LARGEST
    )
    async with producer:
        await producer.send_and_wait(topic, value)


async def _read(bootstrap: str, topic: str) -> bytes:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=LARGEST,
    )
    async with consumer, asyncio.timeout(20):
        return bytes((await consumer.getone()).value or b"")


async def test_the_largest_parcel_travels(kafka: str) -> None:
    topic = fresh()
    parcel = os.urandom(16 * 1024 * 1024 + 256 * 1024)
    await _create(kafka, topic)
    await _send(kafka, topic, parcel)
    assert await _read(kafka, topic) == parcel


async def test_what_was_acknowledged_survives_a_kill_under_the_same_address(
    kafka_node: EmbeddedKafka,
) -> None:
    topic = fresh()
    address = await asyncio.to_thread(kafka_node.start)
    await _create(address, topic)
    await _send(address, topic, b"owned")
    kafka_node.kill()
    assert await asyncio.to_thread(kafka_node.start) == address
    assert await _read(address, topic) == b"owned"


def test_it_outlives_its_starter_and_is_found_again(kafka_node: EmbeddedKafka) -> None:
    program = (
        "import sys; from pathlib import Path; from hub.embedded import EmbeddedKafka;"
        "print(EmbeddedKafka(Path(sys.argv[1]), '256m', brief=True).start())"
    )
    command = [sys.executable, "-c", program, str(kafka_node.home.parent)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    running = kafka_node.status()
    assert running is not None and running.pid is not None and running.bootstrap == told
    assert kafka_node.start() == told
    assert kafka_node.status() == running
    kafka_node.stop()
    stopped = kafka_node.status()
    assert stopped is not None and stopped.pid is None


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_stale_pid_never_ends_another_process(tmp_path: Path, how: str) -> None:
    node = EmbeddedKafka(tmp_path)
    with subprocess.Popen(["sleep", "5"]) as stranger:
        node.home.mkdir()
        stale = {"port": 29092, "controller": 29093, "pid": stranger.pid}
        (node.home / "kafka.json").write_text(json.dumps(stale))
        status = node.status()
        assert status is not None and status.pid is None
        getattr(node, how)()
        time.sleep(0.05)
        assert stranger.poll() is None
        stranger.send_signal(signal.SIGKILL)


def test_a_changed_jar_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "org/example/thing/1.0/thing-1.0.jar"
    sums = tmp_path / "jars.sha256"
    sums.write_text(f"{'0' * 64}  {name}\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(runtime, "_fetch", lambda root, jars, what: _forge(root / name))
    with pytest.raises(FetchFailed, match="thing-1.0.jar"):
        runtime.class_path(sums, "a thing")


def _forge(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not what was committed to")


async def test_a_port_that_somebody_takes_before_java_does_is_given_up(
    kafka_node: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        lost = taken.getsockname()[1]
        choices = [lost]
        monkeypatch.setattr(
            node, "free_port", lambda last=None: choices.pop() if choices else free_port(last)
        )
        bootstrap = await asyncio.to_thread(kafka_node.start)
    assert not bootstrap.endswith(f":{lost}")


async def test_one_that_a_full_disk_keeps_from_being_remembered_does_not_go_on(
    kafka_node: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = await asyncio.to_thread(kafka_node.start)
    kafka_node.kill()
    begun: list[int] = []

    def no_room(status: node.Status) -> None:
        begun.append(status.pid or 0)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(kafka_node, "_remember", no_room)
        with pytest.raises(OSError, match="No space left"):
            await asyncio.to_thread(kafka_node.start)
    try:
        assert not is_there(begun[0])
        assert await asyncio.to_thread(kafka_node.start) == address
    finally:
        end(begun[0], str(kafka_node.home / "server.properties"), signal.SIGKILL, 10.0)
