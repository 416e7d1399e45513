"""What a killed session leaves behind does not keep the next one from starting."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit import shared
from tests.kit.postgres_server import PostgresServer, binaries
from tests.kit.waiting import eventually


@pytest.mark.postgres
async def test_a_server_that_was_killed_can_be_stopped() -> None:
    """Its pid file stays, and `pg_ctl stop` fails on it."""
    home = shared.directory("killed")
    server = PostgresServer(home, binaries(home))
    server.start()
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: not Path(f"/proc/{pid}").exists())
    assert (home / "data/postmaster.pid").exists()
    server.stop("immediate")


@pytest.mark.postgres
async def test_a_server_that_was_frozen_can_be_stopped() -> None:
    home = shared.directory("frozen")
    server = PostgresServer(home, binaries(home))
    server.start()
    pid = server.pid
    os.kill(pid, signal.SIGSTOP)
    server.stop("immediate")
    await eventually(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("kind", ["kafka", "postgres", "cluster"])
def test_who_never_used_a_server_stops_what_others_left(tmp_path: Path, kind: str) -> None:
    """Whoever starts the workers of a session reads none of their tests."""
    run = tmp_path / "1"
    run.mkdir()
    (run / f"{kind}-00000000.json").write_text("{}")
    end = f"import pathlib; from tests.kit import shared; shared.end(pathlib.Path({str(run)!r}))"
    found = subprocess.run([sys.executable, "-c", end], capture_output=True, text=True, check=False)
    assert "KeyError: " + repr(kind) not in found.stderr
