"""A monitor outside misses core when it cannot work, although it lives, and hears it again by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub.embedded import EmbeddedKafka
from hub.partners import Directory
from tests.contract.transports.http_peer import Endpoint
from tests.flow.core_kit import Road, attendances
from tests.kit.postgres_server import PostgresServer
from tests.kit.site import the_partners
from tests.kit.waiting import eventually

LATELY = 5.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
async def monitor() -> AsyncIterator[Endpoint]:
    """Whoever is to hear us."""
    made = Endpoint()
    await made.up()
    yield made
    await made.down()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production, but in seconds."""
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    monkeypatch.setattr("hub.core.pulse.LATELY", LATELY)
    monkeypatch.setattr("hub.core.start.horizon.TELLS", 1.0)


def calling(monitor: Endpoint) -> dict[str, Any]:
    url = SecretStr(f"http://127.0.0.1:{monitor.port}/ping")
    return {"heartbeat_url": url, "heartbeat_seconds": 1.0}


async def heard(monitor: Endpoint) -> None:
    """It hears us again and again."""
    before = len(monitor.heard)
    await eventually(lambda: len(monitor.heard) >= before + 3, 30, 0.1)


async def missed(monitor: Endpoint) -> None:
    """It hears no more, from when it was to be noticed at the latest."""
    await asyncio.sleep(LATELY + 2)
    before = len(monitor.heard)
    await asyncio.sleep(4)
    assert len(monitor.heard) == before


async def test_a_core_without_kafka_is_missed(
    kafka_node: EmbeddedKafka, tmp_path: Path, monitor: Endpoint
) -> None:
    bootstrap = await asyncio.to_thread(kafka_node.start)
    road = Road(bootstrap, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    async with road.core(**calling(monitor)):
        await heard(monitor)
        await asyncio.to_thread(kafka_node.kill)
        await missed(monitor)
        await asyncio.to_thread(kafka_node.start)
        await heard(monitor)
    road.engine.dispose()


async def test_a_core_without_its_ledger_is_missed(
    empty_kafka: str, postgres_server: PostgresServer, tmp_path: Path, monitor: Endpoint
) -> None:
    road = Road(empty_kafka, tmp_path, postgres_server.url)
    async with road.core(**calling(monitor)):
        await road.say(*attendances([1]))
        await heard(monitor)
        await asyncio.to_thread(postgres_server.stop)
        await missed(monitor)
        await asyncio.to_thread(postgres_server.start)
        await heard(monitor)
    road.engine.dispose()
