"""Whoever types `make demo` sees an evening that adds up, and ends it without leaving anything behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.demo.agree import compare
from deploy.demo.stage import Stage
from hub.ledger.session import open_ledger

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
    assert not _wrong(data)
    for partner, change, named in _BREAKS:
        path = Stage(data).books(partner) if partner else data / "hub/ledger.db"
        kept = path.read_bytes()
        with closing(sqlite3.connect(path)) as books:
            assert books.execute(change).rowcount > 0
            books.commit()
            books.execute("pragma wal_checkpoint(truncate)")
        assert named in _wrong(data), f"{change} is not noticed"
        path.write_bytes(kept)


_TWICE = "insert into received select 'other', kind, digest, number, body from received limit 1"
_BREAKS = (
    ("police", "delete from received where rowid = 1", "exemplar-police: all it was given"),
    ("edt", _TWICE, "edt: all it was given"),
    ("operations", "delete from received where kind like 'Hub incident over%'",
     "operations: what went wrong, told once"),
    ("operations", "insert into received select 'x', kind || '1', digest, number, body from received",
     "operations: what went wrong, told once"),
    ("form", "insert into sent values ('MARF-9', 'x', 'taken', '')",
     "referral-form: all it was acknowledged for"),
    ("", "delete from message where reference = 'MARF-000291'", "equation 1, referral-form"),
    ("", "update delivery set state = 'gone' where type = 'edt.handover'", "equation 2"),
    ("", "update audit set entry = replace(entry, 'a', 'b') where seq = 1", "audit"),
)  # fmt: skip
"""Whose books are changed (none: the ledger's), how, and which check must say so."""


def _wrong(data: Path) -> set[str]:
    """The checks that fail."""
    ledger = open_ledger(f"sqlite:///{data / 'hub/ledger.db'}")
    with ledger.connect() as conn:
        found = {one.what for one in compare(Stage(data), conn) if one.wrong}
    ledger.dispose()
    return found


def test_no_peer_knows_anything_of_the_hub() -> None:
    script = (
        "import pkgutil, importlib, sys, deploy.demo.peers as peers\n"
        "for one in pkgutil.iter_modules(peers.__path__):\n"
        "    importlib.import_module(f'deploy.demo.peers.{one.name}')\n"
        "print(len(sys.modules), *({m.partition('.')[0] for m in sys.modules}"
        " & {'hub', 'schemas', 'connectors', 'tests'}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(found.stdout.split()) == 1, found.stdout


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
