"""A role that meets a ledger of another version says which is behind, before it reads anything."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from hub.ledger.migrate import HERE, migrate, migrate_engine
from hub.ledger.session import open_ledger
from hub.ledger.version import OtherVersion, check_version, newest
from hub.seal import Keyring


def test_our_version_is_the_last_migration() -> None:
    assert newest() == ScriptDirectory(str(HERE)).get_current_head()


def test_an_older_and_a_newer_ledger_are_told_apart(ledger_url: str) -> None:
    engine = open_ledger(ledger_url)
    with pytest.raises(
        OtherVersion, match="a new hub gets one by `hub run` or `hub ledger migrate`"
    ):
        check_version(engine)
    migrate_engine(engine)
    check_version(engine)
    for version, told in (("0001", "take a backup, then"), ("9999", "a newer hub made")):
        with engine.begin() as conn:
            conn.exec_driver_sql(f"update ledger_version set version_num = '{version}'")
        with pytest.raises(OtherVersion, match=told):
            check_version(engine)
    engine.dispose()


@pytest.mark.parametrize("role", ["core", "desk"])
@pytest.mark.parametrize("version", ["0001", "9999"])
def test_who_needs_it_says_so_and_does_not_begin(tmp_path: Path, role: str, version: str) -> None:
    migrate(f"sqlite:///{tmp_path / 'ledger.db'}")
    Keyring.first_start(tmp_path / "keys")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as old, old:
        old.execute(f"update ledger_version set version_num = '{version}'")
    env = {"HUB_DATA": str(tmp_path), "HUB_KAFKA_BOOTSTRAP": "127.0.0.1:1", "PATH": ""}
    env |= {"HUB_DESK_PORT": "0"} if role == "desk" else {}
    program = [sys.executable, "-m", "hub", role]
    done = subprocess.run(program, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78
    assert f"the ledger is at version {version}" in done.stderr
    assert "Traceback" not in done.stderr
