"""A backup is whole or none, opens with its own keys alone, and never takes the place of a ledger."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from hub.commands.backups import backup_command, restore_command
from hub.desk.access import Grant, Role
from hub.desk.accounts.open import open_people
from hub.desk.accounts.people import add_person
from hub.ledger.audit import verify
from hub.ledger.backup import MANIFEST, BackupWrong, backup, restore
from hub.ledger.copies import CopyFailed
from hub.ledger.copies import copy as copy_of
from hub.ledger.session import open_ledger
from hub.ledger.version import NoLedger
from hub.ledger.write import rows
from hub.settings import Settings
from hub.wrong import SetUpWrong
from tests.kit import people
from tests.kit.postgres import database
from tests.kit.postgres_server import binaries
from tests.kit.site import Bench, an_arrival

NOW = datetime(2026, 11, 23, 22, 20, tzinfo=UTC)
TABLES = ("message", "content", "delivery", "journey", "move", "audit", "case_file", "case_token")


@pytest.fixture(autouse=True)
def _programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, of the version that serves here."""
    folder = binaries(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def site(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(ledger_url, tmp_path)
    yield made
    made.engine.dispose()


def settings(url: str, folder: Path, **more: Any) -> Settings:
    kept: dict[str, Any] = {
        "data": folder,
        "keys_dir": folder / "keys",
        "database_url": SecretStr(url),
    }
    return Settings(**kept | more)


def said(site: Bench, numbers: range) -> None:
    for number in numbers:
        body = people.an_attendance(number)
        site.record(an_arrival("health.attendance", body, reference=f"r{number}"))


@contextmanager
def elsewhere(url: str, folder: Path) -> Iterator[str]:
    """Where nothing stands, of the same kind."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{folder / 'new' / 'ledger.db'}"
        return
    with database(make_url(url).set(database="postgres").render_as_string(False)) as empty:
        yield empty


def contents(url: str) -> dict[str, list[Any]]:
    engine = open_ledger(url)
    try:
        with engine.connect() as conn:
            return {t: sorted(map(repr, rows(conn, f"select * from {t}"))) for t in TABLES}
    finally:
        engine.dispose()


def test_what_is_put_back_is_what_was_there(site: Bench, ledger_url: str, tmp_path: Path) -> None:
    said(site, range(1, 8))
    before = contents(ledger_url)
    made = backup(settings(ledger_url, tmp_path), tmp_path / "copy", NOW)
    said(site, range(8, 12))
    with elsewhere(ledger_url, tmp_path) as url:
        restore(settings(url, tmp_path), tmp_path / "copy")
        assert contents(url) == before
        assert made.messages == 7
        engine = open_ledger(url)
        with engine.connect() as conn:
            assert list(verify(conn)) == []
        engine.dispose()


def test_it_is_one_moment_while_core_writes(site: Bench, ledger_url: str, tmp_path: Path) -> None:
    """Of a copy of two moments a message would stand without its content or its audit."""
    said(site, range(1, 4))
    stop = threading.Event()
    written = iter(range(4, 10_000))

    def writes() -> None:
        while not stop.is_set():
            said(site, range(n := next(written), n + 1))

    core = threading.Thread(target=writes)
    core.start()
    try:
        made = [backup(settings(ledger_url, tmp_path), tmp_path / f"{n}", NOW) for n in range(3)]
    finally:
        stop.set()
        core.join()
    for number, manifest in enumerate(made):
        with elsewhere(ledger_url, tmp_path / f"to-{number}") as url:
            restore(settings(url, tmp_path), tmp_path / f"{number}")
            found = contents(url)
            assert len(found["message"]) == len(found["content"]) == manifest.messages
            engine = open_ledger(url)
            with engine.connect() as conn:
                assert list(verify(conn)) == []
            engine.dispose()


def test_people_of_their_own_database_come_along(tmp_path: Path) -> None:
    """The embedded default keeps them in a file beside the ledger."""
    url, apart = f"sqlite:///{tmp_path / 'ledger.db'}", f"sqlite:///{tmp_path / 'people.db'}"
    site = Bench(url, tmp_path)
    engine = open_people(apart)
    grant = Grant(Role.ADMINISTRATOR)
    add_person(engine, name="Odette Furnival", email="o@example.org", grants=[grant])
    given = settings(url, tmp_path, people_url=SecretStr(apart))
    backup(given, tmp_path / "copy", NOW)
    engine.dispose()
    site.engine.dispose()
    new = f"sqlite:///{tmp_path / 'new' / 'people.db'}"
    at = f"sqlite:///{tmp_path / 'new' / 'ledger.db'}"
    restore(settings(at, tmp_path, people_url=SecretStr(new)), tmp_path / "copy")
    with pytest.raises(BackupWrong, match="set HUB_PEOPLE_URL"):
        restore(settings(f"sqlite:///{tmp_path / 'third.db'}", tmp_path), tmp_path / "copy")
    engine = open_ledger(new)
    with engine.connect() as conn:
        assert [row.name for row in rows(conn, "select name from person")] == ["Odette Furnival"]
    engine.dispose()


def test_only_the_owner_may_read_it_and_no_key_is_in_it(site: Bench, tmp_path: Path) -> None:
    url = site.engine.url.render_as_string(hide_password=False)
    said(site, range(1, 3))
    backup(settings(url, tmp_path), tmp_path / "copy", NOW)
    keys = [file.read_text().strip() for file in (tmp_path / "keys").glob("*.key")]
    for path in (tmp_path / "copy").iterdir():
        whole = path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0, path
        assert not any(key.encode() in whole or bytes.fromhex(key) in whole for key in keys)
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A backup of a small SQLite ledger, whose own files are gone."""
    site = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    said(site, range(1, 4))
    site.engine.dispose()
    backup(settings(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path), tmp_path / "copy", NOW)
    for left in tmp_path.glob("ledger.db*"):
        left.unlink()
    return tmp_path / "copy"


def refused(folder: Path, **more: Any) -> str:
    """What is said, when nothing may have changed."""
    given = settings(f"sqlite:///{folder / 'ledger.db'}", folder, **more)
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(SetUpWrong) as raised:
        restore(given, folder / "copy")
    after = sorted(path.name for path in folder.iterdir() if path.name != "ledger.db.writer")
    assert after == [name for name in before if name != "ledger.db.writer"]
    return str(raised.value)


def test_one_that_was_not_finished_is_none(copy: Path, tmp_path: Path) -> None:
    (copy / MANIFEST).unlink()
    assert "no manifest.json" in refused(tmp_path)


def test_one_that_was_damaged_is_found_out(copy: Path, tmp_path: Path) -> None:
    whole = bytearray((copy / "ledger").read_bytes())
    whole[len(whole) // 2] ^= 1
    (copy / "ledger").write_bytes(whole)
    assert "is not what manifest.json says" in refused(tmp_path)


def test_other_keys_are_found_out_before_anything_is_put_back(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "keys" / "case.key").chmod(0o600)
    (tmp_path / "keys" / "case.key").write_text("ab" * 32)
    assert "are not those that it was sealed with" in refused(tmp_path)
    (tmp_path / "keys" / "case.key").unlink()
    assert "lacks case.key" in refused(tmp_path)
    (tmp_path / "keys" / "case.key").mkdir()
    assert "case.key cannot be read" in refused(tmp_path)


def test_a_newer_hubs_is_left_to_a_newer_hub(copy: Path, tmp_path: Path) -> None:
    told = orjson.loads((copy / MANIFEST).read_bytes())
    (copy / MANIFEST).write_bytes(orjson.dumps(told | {"revision": "9999"}))
    assert "version 9999, which a newer hub made" in refused(tmp_path)


def test_another_kind_of_database_is_named(copy: Path, tmp_path: Path) -> None:
    said = refused(tmp_path, database_url=SecretStr("postgresql+psycopg://nobody@127.0.0.1:1/x"))
    assert "a backup of sqlite and this hub's ledger is postgresql" in said


@pytest.mark.parametrize("left", ["ledger.db", "ledger.db-wal"])
def test_it_never_takes_the_place_of_a_ledger(left: str, copy: Path, tmp_path: Path) -> None:
    (tmp_path / left).write_bytes(b"the newer one")
    assert f"holds {left}: move that away first" in refused(tmp_path)
    assert (tmp_path / left).read_bytes() == b"the newer one"


def test_a_database_with_tables_is_left_alone(postgres_database: str, tmp_path: Path) -> None:
    site = Bench(postgres_database, tmp_path)
    said(site, range(1, 3))
    backup(settings(postgres_database, tmp_path), tmp_path / "copy", NOW)
    with pytest.raises(BackupWrong, match="the database has tables: name an empty one"):
        restore(settings(postgres_database, tmp_path), tmp_path / "copy")
    assert len(site.all("select 1 from message")) == 2
    site.engine.dispose()


def test_a_running_hub_is_left_alone(copy: Path, tmp_path: Path) -> None:
    with (tmp_path / "ledger.db.writer").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert refused(tmp_path) == "the hub runs: stop it first"


def test_an_existing_backup_is_never_written_over(copy: Path, tmp_path: Path) -> None:
    restore(settings(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path), copy)
    with pytest.raises(BackupWrong, match="is not empty: name a new directory"):
        backup(settings(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path), copy, NOW)


def test_what_one_that_was_killed_left_keeps_no_other_from_there(
    site: Bench, ledger_url: str, tmp_path: Path
) -> None:
    """What it was writing when it died stays as it was: nothing of it ran after that."""
    said(site, range(1, 3))
    target = tmp_path / "nightly"
    make = "from tests.unit.ledger.test_backup import killed; import sys; killed(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", make, ledger_url, str(tmp_path), str(target)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert {file.name for file in target.iterdir()} == {"ledger", "unfinished"}
    with pytest.raises(BackupWrong, match="was not finished"):
        restore(settings(ledger_url, tmp_path), target)
    backup(settings(ledger_url, tmp_path), target, NOW)
    assert "unfinished" not in {file.name for file in target.iterdir()}
    with pytest.raises(BackupWrong, match="is not empty"):
        backup(settings(ledger_url, tmp_path), target, NOW)


def killed(url: str, folder: str, target: str) -> None:
    """A backup whose process ends before its manifest is written."""

    def manifest(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hub.ledger.backup.write_whole", manifest)
        backup(settings(url, Path(folder)), Path(target), NOW)


def test_two_at_once_in_one_directory_are_one(site: Bench, ledger_url: str, tmp_path: Path) -> None:
    target = tmp_path / "nightly"
    target.mkdir()
    with (target / "unfinished").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BackupWrong, match="another backup is being made"):
            backup(settings(ledger_url, tmp_path), target, NOW)
    assert target.is_dir()
    backup(settings(ledger_url, tmp_path), target, NOW)


def test_one_of_an_earlier_version_that_was_not_finished_is_named(
    site: Bench, ledger_url: str, tmp_path: Path
) -> None:
    target = tmp_path / "nightly"
    target.mkdir()
    (target / "ledger").write_bytes(b"half")
    with pytest.raises(BackupWrong, match="was not finished: delete it"):
        backup(settings(ledger_url, tmp_path), target, NOW)
    assert (target / "ledger").read_bytes() == b"half"


def test_no_ledger_is_made_by_looking_for_one(tmp_path: Path) -> None:
    site = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    site.engine.dispose()
    with pytest.raises(NoLedger, match=r"there is no ledger in .*other\.db"):
        backup(settings(f"sqlite:///{tmp_path / 'other.db'}", tmp_path), tmp_path / "copy", NOW)
    assert not (tmp_path / "other.db").exists()
    assert not (tmp_path / "copy").exists()


def test_of_one_that_failed_nothing_is_left_and_the_same_directory_serves(
    site: Bench, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: what was begun is gone, and why is a sentence."""
    said(site, range(1, 3))
    for target in (tmp_path / "new", tmp_path / "mounted"):
        (tmp_path / "mounted").mkdir(exist_ok=True)
        with monkeypatch.context() as disk:
            disk.setattr("hub.ledger.copies.flushed", _full)
            with pytest.raises(OSError, match="No space left"):
                backup(settings(ledger_url, tmp_path), target, NOW)
        assert target.exists() is (target.name == "mounted")
        assert not list((tmp_path / "mounted").iterdir())
        backup(settings(ledger_url, tmp_path), target, NOW)


def _full(path: Path) -> None:
    raise OSError(28, "No space left on device", str(path))


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """SQLite's own errors of a full disk are no OSError."""
    site = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    with site.engine.connect() as conn, pytest.raises(CopyFailed, match="could not be copied to"):
        copy_of(conn, tmp_path / "none" / "ledger")
    site.engine.dispose()


def test_a_password_is_never_an_argument(postgres_database: str, tmp_path: Path) -> None:
    """What a process was started with everybody on the machine can read."""
    site = Bench(postgres_database, tmp_path)
    url = make_url(postgres_database).set(password="pas-sword-1").render_as_string(False)
    folder = tmp_path / "programs"
    folder.mkdir()
    told = tmp_path / "told"
    spy = folder / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$PGPASSWORD" "$@" > {told}\nexit 3\n')
    spy.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    with pytest.raises(CopyFailed, match="pg_dump failed"):
        backup(settings(url, tmp_path), tmp_path / "copy", NOW)
    password, _, arguments = told.read_text().partition(" ")
    assert password == "pas-sword-1"
    assert "pas-sword-1" not in arguments
    assert not (tmp_path / "copy" / MANIFEST).exists()
    site.engine.dispose()


def test_the_commands_say_what_is_in_it_and_what_is_not(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = settings(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    assert restore_command(given, copy) == 0
    assert (
        "Put back: the ledger as of Mon 23 Nov 2026 22:20:00, 3 messages" in capsys.readouterr().out
    )
    assert backup_command(given, tmp_path / "second") == 0
    assert f"The keys are not in it. Keep {tmp_path / 'keys'} elsewhere" in capsys.readouterr().out
    assert restore_command(given, copy) == 1
    assert "nothing was put back: " in capsys.readouterr().err
    shutil.rmtree(tmp_path / "second")


def test_a_database_that_was_lost_can_be_made_anew(postgres_database: str, tmp_path: Path) -> None:
    site = Bench(postgres_database, tmp_path)
    said(site, range(1, 5))
    backup(settings(postgres_database, tmp_path), tmp_path / "copy", NOW)
    site.engine.dispose()
    plain = make_url(postgres_database).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(plain, autocommit=True) as lost:
        lost.execute("drop schema public cascade")
        lost.execute("create schema public")
    restore(settings(postgres_database, tmp_path), tmp_path / "copy")
    said(site, range(5, 7))
    assert len(site.all("select 1 from message")) == 6
    site.engine.dispose()
