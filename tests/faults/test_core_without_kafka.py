"""While Kafka is away core still sees what is due, and takes nobody's silence for an answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.core.app import Core
from hub.embedded import EmbeddedKafka
from hub.partners import CallSheet, Directory, Partner, Patience, Retry
from tests.flow.core_kit import Road, attendances
from tests.kit.deeds import told
from tests.kit.site import the_partners
from tests.kit.waiting import eventually

PATIENCE = 4.0
LEASE = 3.0


def _impatient(partner: Partner) -> Partner:
    """Tried again after a second; rung up after a few."""
    seconds = timedelta(seconds=PATIENCE)
    return partner.model_copy(
        update={
            "retry": Retry(first=timedelta(seconds=1)),
            "patience": Patience(immediate=seconds, urgent=seconds, routine=seconds),
            "call": CallSheet(who="Duty", phone="0113 496 0101"),
        }
    )


async def _handed_out(road: Road, count: int) -> list[dict[str, Any]]:
    async def orders() -> list[dict[str, Any]]:
        found = await road.orders()
        return found if len(found) >= count else []

    return await eventually(orders, 20, 0.1)


async def test_somebody_is_told_to_ring_although_nothing_can_be_handed_out(
    kafka_node: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partners = Directory([_impatient(partner) for partner in the_partners()])
    monkeypatch.setattr("hub.core.app.load", lambda _: partners)
    monkeypatch.setattr("hub.core.start.horizon.LONGEST", PATIENCE)
    bootstrap = await asyncio.to_thread(kafka_node.start)
    road = Road(bootstrap, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    sheets = "select 1 from delivery where transport = 'call'"
    async with road.core():
        await road.say(*attendances([1]))
        (order,) = await _handed_out(road, 1)
        await road.receive(told(order, "try_again"))
        await eventually(lambda: road.all("select 1 from delivery where tries = 1"))
        await asyncio.to_thread(kafka_node.kill)
        # Handed out again, which nobody takes.
        await eventually(lambda: road.all("select 1 from delivery where attempt = 2"), 20)
        await eventually(lambda: road.all(sheets), 2 * PATIENCE + 4)
        await asyncio.to_thread(kafka_node.start)
    road.engine.dispose()


async def test_no_lease_ends_before_edge_could_tell_what_became_of_it(
    kafka_node: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    monkeypatch.setattr("hub.core.start.horizon.TELLS", 6.0)
    bootstrap = await asyncio.to_thread(kafka_node.start)
    road = Road(bootstrap, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    async with road.core(lease=LEASE):
        await road.say(*attendances([1, 2]))
        answered, lost = await _handed_out(road, 2)
        await asyncio.to_thread(kafka_node.kill)
        await asyncio.sleep(LEASE + 2)
        await asyncio.to_thread(kafka_node.start)
        await road.receive(told(answered))
        await eventually(lambda: road.all("select 1 from delivery where state = 'delivered'"), 20)
        # Of the other nothing comes: its lease ends all the same.
        unknown = "select delivery_id from attempt where outcome = 'unknown'"
        found = await eventually(lambda: road.all(unknown), 30)
        assert [row.delivery_id for row in found] == [lost["delivery_id"]]
    road.engine.dispose()


@asynccontextmanager
async def _begun(road: Road) -> AsyncIterator[Core]:
    """A core from its very first moment, ended as SIGTERM ends it: soon, whatever it waits for."""
    core = Core(road.settings(), road.bootstrap)
    task = asyncio.create_task(core.run())
    try:
        yield core
    finally:
        core.stop.set()
        await asyncio.wait_for(task, 10)
        await core.close()


async def test_a_core_that_starts_before_kafka_lives_and_waits_for_it(
    kafka_node: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    bootstrap = await asyncio.to_thread(kafka_node.start)
    road = Road(bootstrap, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    await asyncio.to_thread(kafka_node.kill)

    async def says(core: Core, why: str | None) -> bool:
        return await core.fitness.unready() == why

    async with _begun(road) as core:
        await eventually(lambda: says(core, "Kafka does not answer"), 20, 0.1)
        await asyncio.sleep(3)
        assert await says(core, "Kafka does not answer") and await core.fitness.hangs() is None
    async with _begun(road) as core:
        await eventually(lambda: says(core, "Kafka does not answer"), 20, 0.1)
        await asyncio.to_thread(kafka_node.start)
        await eventually(lambda: says(core, None), 40, 0.2)
    road.engine.dispose()
