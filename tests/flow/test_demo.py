"""Whoever types `make demo` sees an evening that adds up, and ends it without leaving anything behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STORY = ROOT / "deploy/demo/story.py"
pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(400)]


class Demo:
    """One run of the demo, as a terminal's foreground process."""

    def __init__(self, data: Path, *arguments: str):
        self.data = data
        self.log = data.with_suffix(".out")
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(STORY), *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, "HUB_DEMO_DATA": str(data), "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def left(self) -> list[str]:
        """Command lines of what still runs in this run's directory."""
        found = []
        for process in Path("/proc").iterdir():
            try:
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                there = (process / "cwd").readlink()
            except OSError:
                continue
            if str(self.data) in words or there.is_relative_to(self.data):
                found.append(words)
        return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def started(data: Path) -> Iterator[list[Demo]]:
    runs: list[Demo] = []
    yield runs
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            run.process.wait(60)


def test_the_evening_and_the_morning_add_up(data: Path, started: list[Demo]) -> None:
    demo = Demo(data, "--once")
    started.append(demo)
    code = demo.process.wait(360)
    assert code == 0, demo.said
    assert "All agrees" in demo.said
    assert demo.said.count("✓") >= 15
    assert not demo.left()


def test_ctrl_c_ends_all_that_was_started(data: Path, started: list[Demo]) -> None:
    demo = Demo(data)
    started.append(demo)
    until = time.monotonic() + 180
    while "The desk:" not in demo.said:
        assert demo.process.poll() is None, demo.said
        assert time.monotonic() < until, demo.said
        time.sleep(0.2)
    assert len(demo.left()) >= 12
    os.killpg(demo.process.pid, signal.SIGINT)
    assert demo.process.wait(60) == 0, demo.said
    assert not demo.left()
    assert "Traceback" not in demo.said
