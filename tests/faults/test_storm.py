"""A few schedules of `make faults`, always the same: the whole hub keeps every promise under them."""

from pathlib import Path

import pytest

from tests.faults.storms.steps import Step
from tests.faults.storms.storm import Storm

SCHEDULES = {
    "processes and lines": (
        Step(0.5, "halve", "kafka", 0.6),
        Step(1.5, "kill", "edge-out"),
        Step(2.5, "stop", "core", 1.0),
        Step(4.0, "mute", "by-case", 1.0),
    ),
    "partners and strangers": (
        Step(0.5, "write", "junk"),
        Step(0.6, "twice", "by-case", 1.5),
        Step(0.7, "wrong", "by-arrival", 0.4),
        Step(2.5, "flood", "north"),
        Step(3.0, "truncate", "by-arrival", 0.4),
    ),
    "servers and disks": (
        Step(0.5, "full", "hub", 1.0),
        Step(1.0, "code", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", 0.7),
        Step(3.0, "kill", "kafka"),
    ),
}


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("crash")
async def test_every_promise_is_kept_in_a_few_storms_of_every_kind(tmp_path: Path) -> None:
    async with Storm(tmp_path / "storm", "sqlite", rate=30.0).standing() as storm:
        for name, steps in SCHEDULES.items():
            verdict = await storm.play(steps)
            assert verdict.wrong == [], name
            assert verdict.counted["acknowledged"] >= 50
