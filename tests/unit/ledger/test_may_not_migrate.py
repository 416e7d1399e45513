"""Who may not make tables is told in one line who may, and by which command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.ledger.migrate import migrate
from hub.seal import Keyring
from tests.kit.roles import addresses, give_roles

pytestmark = pytest.mark.postgres


def _hub(command: list[str], home: Path, url: str) -> subprocess.CompletedProcess[str]:
    Keyring.first_start(home / "keys")
    (home / "partners").mkdir(exist_ok=True)
    env = os.environ | {
        "HUB_DATA": str(home),
        "HUB_DATABASE_URL": url,
        "HUB_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "HUB_PARTNERS_DIR": str(home / "partners"),
        "HUB_DESK_PORT": "0",
        "HUB_DOOR_PORT": "0",
    }
    program = [sys.executable, "-m", "hub", *command]
    return subprocess.run(program, env=env, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize("command", [["run"], ["ledger", "migrate"], ["core"]], ids=" ".join)
def test_on_an_empty_database_it_is_one_line_and_78(
    postgres_database: str, tmp_path: Path, command: list[str]
) -> None:
    give_roles(postgres_database)
    done = _hub(command, tmp_path, addresses(postgres_database).core)
    assert done.returncode == 78, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    [line] = [line for line in done.stderr.splitlines() if "`hub ledger migrate`" in line]
    assert "HUB_DATABASE_URL" in line
    assert command == ["core"] or "hub_core of HUB_DATABASE_URL may not make" in line, line


def test_what_is_at_our_version_needs_no_right(postgres_database: str) -> None:
    give_roles(postgres_database)
    urls = addresses(postgres_database)
    migrate(urls.owner)
    migrate(urls.core)
