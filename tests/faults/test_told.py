"""A schedule that fails is written down with what was wrong, played again and shortened, however it failed."""

import argparse
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.crash.books import Verdict
from tests.faults.storms import __main__ as faults
from tests.faults.storms.steps import Step, read, schedule

FIRST, FAILS = 43, 44


def _guilty(step: Step) -> bool:
    return (step.what, step.whom) == ("kill", "core")


def _breaks() -> Verdict:
    raise ExceptionGroup("steps", [TimeoutError("the hub stays down")])


def _loses() -> Verdict:
    verdict = Verdict()
    verdict.fault("acknowledged and not there", ["N1"])
    return verdict


@pytest.mark.parametrize(
    ("failing", "told"),
    [(_loses, "acknowledged and not there: 1, e.g. N1"), (_breaks, "the hub stays down")],
)
async def test_what_fails_is_told_and_shortened_to_what_it_takes(
    failing: Callable[[], Verdict], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Storm:
        """It fails where core is killed."""

        def __init__(self, home: Path, *_: Any, **__: Any):
            home.mkdir(parents=True)

        @asynccontextmanager
        async def standing(self) -> AsyncIterator["Storm"]:
            yield self

        async def play(self, steps: Sequence[Step]) -> Verdict:
            return failing() if any(map(_guilty, steps)) else Verdict()

    monkeypatch.setattr(faults, "Storm", Storm)
    monkeypatch.setattr(faults, "BUILD", tmp_path)
    asked = {"seed": FIRST, "schedules": 4, "ledger": "postgres", "together": 8, "minutes": 1.0}
    more = {"shrink": True, "steps": None, "upgrade": None}
    assert await faults._all(argparse.Namespace(**asked, **more)) == 1

    lines = (tmp_path / "faults" / "told.jsonl").read_text().splitlines()
    wrong = {record["seed"]: record["wrong"] for record in map(json.loads, lines)}
    assert [seed for seed, found in wrong.items() if found] == [FAILS]
    assert told in wrong[FAILS][0]
    (shrunk,) = (tmp_path / "faults").glob("shrunk-*.jsonl")
    assert read(shrunk.read_text()) == tuple(filter(_guilty, schedule(FAILS, "postgres")))
