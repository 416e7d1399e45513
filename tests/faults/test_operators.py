"""A server that ended by itself in a storm is started by an operator, again and again until it stays."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from hub.embedded import EmbeddedKafka
from hub.embedded.node import KafkaFailed, Status
from tests.faults.crash.site import Site
from tests.faults.storms import deeds
from tests.faults.storms.checker import BY_ITSELF
from tests.faults.storms.deeds import Deeds
from tests.faults.storms.ground import Ground, Lines


class Hub(Site):
    """It always runs."""

    def fallen(self, slot: int = 1) -> int | None:
        return None


class OnAFullDisk(EmbeddedKafka):
    """It ends while it starts, as often as there is no room."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.pid: int | None = None
        self.no_room = 2

    def status(self) -> Status | None:
        return Status(1, 2, self.pid)

    def start(self) -> str:
        self.no_room -= 1
        if self.no_room >= 0:
            raise KafkaFailed("No space left on device")
        self.pid = 1
        return ""


async def test_a_kafka_that_a_full_disk_ended_is_started_once_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deeds, "ROUND", 0.01)
    kafka = OnAFullDisk()
    ground = Ground(Path("nowhere"), cast(Lines, None), kafka, None)
    done = Deeds(Hub(Path("nowhere"), 1, None), ground, {}, {})
    operators = asyncio.create_task(done.watch())
    async with asyncio.timeout(5):
        while kafka.pid is None:
            await asyncio.sleep(0.01)
    operators.cancel()
    assert [one.what_came for one in done.done] == [BY_ITSELF] * 3
    assert all(one.ended >= one.began for one in done.done)
