"""Where Kafka is lost with all it held, what is gone is said, the rest goes on, and what is sent again is complete."""

import asyncio
import os
import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub import topics
from hub.clock import london, now
from hub.core.app import Core
from hub.embedded import EmbeddedKafka
from hub.ledger.audit import verify
from hub.ledger.backup import backup, restore
from hub.ledger.tables import Watched
from hub.ledger.write import at, insert
from hub.partners import Directory
from tests.faults.test_core_reads_on import _delivered, _lost, recorded
from tests.flow.core_kit import Road, attendances
from tests.kit.deeds import told
from tests.kit.kafka import read_to_end
from tests.kit.postgres_server import binaries
from tests.kit.site import the_partners
from tests.kit.waiting import eventually

TOKEN = "00112233445566778899aabbccddeeff"
WHOLE = topics.whole("hospital", "383").encode()


@pytest.fixture(autouse=True)
def _partners(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    partners = [
        one.model_copy(update={"filtered": one.partner == "hospital"}) for one in the_partners()
    ]
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(partners))
    folder = binaries(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


class Site(Road):
    """A road whose Kafka can be lost."""

    def __init__(self, node: EmbeddedKafka, folder: Path, url: str):
        self.node = node
        super().__init__(node.start(), folder, url)

    def lose_kafka(self) -> None:
        """Its disk is gone; another one stands at its address, with the topics that `hub run` makes."""
        before = self.node.status()
        assert before is not None
        self.node.kill()
        shutil.rmtree(self.node.home)
        home = self.node.home.parent
        self.node = EmbeddedKafka(home, self.node.heap, before.port, brief=True)
        Road.__init__(self, self.node.start(), self.folder, self.url)

    async def watched(self) -> list[bytes]:
        """The keys of edge's list, in their order, once it is said to be whole."""

        async def said() -> list[bytes]:
            there = read_to_end(self.settings("test"), self.bootstrap, topics.WATCHED)
            keys = [raw.key async for raw in there]
            return keys if WHOLE in keys else []

        return await eventually(said, 20)

    def incidents(self, kind: str) -> list[str]:
        return [r.cause for r in self.all("select cause from incident where kind = :k", k=kind)]


def _watches(road: Road) -> None:
    row = {"partner": "hospital", "token": TOKEN, "because": "case"}
    with road.engine.begin() as conn:
        insert(conn, Watched, [row])


async def _handed(road: Road, least: int) -> list[dict[str, Any]]:
    found = await road.orders()
    return found if len(found) >= least else []


@pytest.mark.slow
async def test_without_its_kafka_the_hub_goes_on_and_says_what_is_gone(
    kafka_node: EmbeddedKafka, tmp_path: Path, ledger_url: str
) -> None:
    road = Site(kafka_node, tmp_path, ledger_url)
    _watches(road)
    async with road.core():
        await road.say(*attendances(range(1, 5)))
        await road.report(4)
        await eventually(lambda: recorded(road, 4), 20)
        orders = await eventually(partial(_handed, road, 4), 20)
        await road.receive(*(told(order) for order in orders[:2]))
        await eventually(lambda: _delivered(road) == 2)
        await eventually(lambda: road.count("heartbeat") == 2)
    done = {order["delivery_id"] for order in orders[:2]}
    await road.say(*attendances(range(5, 8)))
    [spoke] = road.all("select at from heartbeat where instance = 'edge-in-1'")
    road.engine.dispose()
    await asyncio.to_thread(road.lose_kafka)
    async with road.core():
        [cause] = await eventually(lambda: road.incidents("another_kafka"), 20)
        heard = at(spoke.at)
        assert heard is not None and f"{london(heard):%d %b %Y %H:%M:%S}" in cause
        again = await eventually(partial(_handed, road, 2), 20)
        assert {order["attempt"] for order in again} == {2}
        assert done.isdisjoint(order["delivery_id"] for order in again)
        await road.receive(*(told(order) for order in again))
        # Edge lived on, and says what it has acknowledged: that is more than the ledger has.
        await road.report(7)
        await eventually(lambda: not road.balance().balanced)
        [source] = road.balance().sources
        assert (source.partner, source.unheard) == ("hospital", 3)
        # Whole is said behind the list, or a feed would be dropped by half of it.
        assert await road.watched() == [f"hospital.{TOKEN}".encode(), WHOLE]
        await road.say(*attendances(range(3, 8)))
        await eventually(lambda: recorded(road, 7), 20)
        handed = await eventually(partial(_handed, road, 5), 20)
        await road.receive(*(told(order) for order in handed if order["attempt"] == 1))
        await eventually(lambda: _delivered(road) == 7, 20)
    assert road.count("repeat") == 2
    # Once: who starts again finds the Kafka that was there.
    async with road.core():
        await eventually(lambda: road.count("heartbeat") == 2)
    assert len(road.incidents("another_kafka")) == 1
    assert len(await road.watched()) == 2
    with road.engine.connect() as conn:
        assert list(verify(conn)) == []
    entries = [row.entry for row in road.all("select entry from audit where case_ref = 'hub'")]
    assert sum('"did":"another_kafka"' in entry for entry in entries) == 1
    road.engine.dispose()


class Kept:
    """A core that is started again whenever it ends, as a supervisor does."""

    def __init__(self, road: Road):
        self.road = road
        self.ends: list[str] = []
        self.task = asyncio.create_task(self._lives())
        self._now: Core | None = None

    async def _lives(self) -> None:
        while self._now is None or not self._now.stop.is_set():
            self._now = Core(self.road.settings(), self.road.bootstrap)
            try:
                await self._now.run()
            except Exception as error:
                found = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                self.ends.append(type(found).__name__)
                await asyncio.sleep(0.3)
            finally:
                await self._now.close()

    async def stop(self) -> None:
        if self._now is not None:
            self._now.stop.set()
        await asyncio.wait_for(self.task, 20)


@pytest.mark.slow
async def test_a_core_that_runs_finds_its_feet_on_another_kafka_by_itself(
    kafka_node: EmbeddedKafka, tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.kafka.same_kafka.EVERY", 1.0)
    road = Site(kafka_node, tmp_path, ledger_url)
    kept = Kept(road)
    await road.say(*attendances(range(1, 5)))
    await eventually(lambda: recorded(road, 4), 30)
    orders = await eventually(partial(_handed, road, 4), 20)
    await road.receive(*(told(order) for order in orders[:2]))
    await eventually(lambda: _delivered(road) == 2)
    assert kept.ends == []
    done = {order["delivery_id"] for order in orders[:2]}
    road.engine.dispose()
    await asyncio.to_thread(road.lose_kafka)
    await eventually(lambda: "AnotherKafka" in kept.ends, 30)
    await eventually(lambda: road.incidents("another_kafka"), 30)
    # What the ledger has to deliver goes out, what partners send again is read from its beginning.
    again = await eventually(partial(_handed, road, 2), 30)
    assert {order["attempt"] for order in again} == {2}
    assert done.isdisjoint(order["delivery_id"] for order in again)
    await road.receive(*(told(order) for order in again))
    await road.say(*attendances(range(3, 8)))
    await eventually(lambda: recorded(road, 7), 30)
    handed = await eventually(partial(_handed, road, 5), 20)
    await road.receive(*(told(order) for order in handed if order["attempt"] == 1))
    await eventually(lambda: _delivered(road) == 7, 20)
    await kept.stop()
    assert (road.count("repeat"), len(road.incidents("another_kafka"))) == (2, 1)
    assert road.incidents("restored") == road.incidents("retention") == []
    with road.engine.connect() as conn:
        assert list(verify(conn)) == []
    road.engine.dispose()


@pytest.mark.slow
async def test_a_copy_on_another_kafka_is_whole_once_partners_sent_again(
    kafka_node: EmbeddedKafka, tmp_path: Path, ledger_url: str
) -> None:
    road = Site(kafka_node, tmp_path, ledger_url)
    _watches(road)
    async with road.core():
        await road.say(*attendances([1, 2]))
        await road.report(2)
        await eventually(lambda: recorded(road, 2) and road.count("heartbeat") == 2, 20)
        made = await asyncio.to_thread(backup, road.settings(), tmp_path / "copy", now())
        await road.say(*attendances([3, 4]))
        await eventually(lambda: recorded(road, 4), 20)
    await road.say(*attendances([5]))
    road.engine.dispose()
    _lost(ledger_url)
    restore(road.settings(), tmp_path / "copy")
    await asyncio.to_thread(road.lose_kafka)
    async with road.core():
        [cause] = await eventually(lambda: road.incidents("another_kafka"), 20)
        # Nothing after the copy is known, so that is since when they must send again.
        since = london(made.made_at)
        assert any(f"{since - timedelta(seconds=s):%d %b %Y %H:%M:%S}" in cause for s in range(20))
        assert await road.watched() == [f"hospital.{TOKEN}".encode(), WHOLE]
        await road.say(*attendances(range(1, 6)))
        await eventually(lambda: recorded(road, 5), 20)
        await eventually(lambda: road.count("repeat") == 2)
        await eventually(lambda: road.balance().balanced)
    assert road.incidents("restored") == []
    with road.engine.connect() as conn:
        assert list(verify(conn)) == []
    road.engine.dispose()
