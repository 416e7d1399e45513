"""A database is copied as it was at one moment while others write it, and put back only where nothing stands.

SQLite by its own online backup, in one step: in several a busy writer would make it begin anew for
ever. PostgreSQL by `pg_dump` and `pg_restore`, within the moment of whoever asks.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, make_url
from sqlalchemy.engine import URL

from hub.ledger.session import is_sqlite, open_ledger

_WHO = {
    "pg_dump": "take a backup as hub_backup (deploy/postgres/roles.sql)",
    "pg_restore": "put it back as hub_owner, who owns the empty database (deploy/runbook/backup.md)",
}
_BARE = ("--no-owner", "--no-privileges")
"""Who may do what belongs to the server that a copy is put back on (`deploy/postgres/roles.sql`)."""


class CopyFailed(Exception):
    """Why a database could not be copied or put back, in words for who tried."""


def copy(conn: Connection, to: Path) -> None:
    """Writes the whole database of a connection that stands at one moment, flushed to the disk.

    Of SQLite the moment is the copy's own, at or after the connection's.
    """
    if is_sqlite(conn):
        _copy_file(Path(str(conn.engine.url.database)), to)
    else:
        at = conn.exec_driver_sql("select pg_export_snapshot()").scalar_one()
        _program(conn.engine.url, "pg_dump", "-Fc", *_BARE, f"--snapshot={at}", f"-f{to}")
    flushed(to)


def standing(url: str) -> str:
    """What stands where a copy is to be put back, and what to do about it; empty where nothing does."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        path = Path(str(where.database))
        names = ", ".join(left.name for left in _files(path) if left.exists())
        return f"{path.parent} holds {names}: move that away first" if names else ""
    engine = open_ledger(url)
    try:
        tables = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    return "the database has tables: name an empty one" if tables else ""


def put_back(url: str, source: Path) -> None:
    """Makes the database from a copy, where none stands."""
    where = make_url(url)
    if where.get_backend_name() != "sqlite":
        _program(where, "pg_restore", *_BARE, "--exit-on-error", "--single-transaction", source)
        return
    path = Path(str(where.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.part")
    shutil.copyfile(source, written)
    written.chmod(0o600)
    flushed(written)
    written.rename(path)
    flushed(path.parent)


def flushed(path: Path) -> None:
    """Returns when a file, or what a directory lists, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _files(path: Path) -> tuple[Path, ...]:
    return (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm"))


def _copy_file(path: Path, to: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
            source.backup(target)
            # One file and no log beside it, whoever opens it.
            target.execute("PRAGMA journal_mode=DELETE")
            [(found,)] = target.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise CopyFailed(f"{path} could not be copied to {to}: {error}") from error
    if found != "ok":
        raise CopyFailed(f"{path} is damaged: {found}")


def _program(where: URL, name: str, *arguments: str | Path) -> None:
    """Runs one of PostgreSQL's programs; a password goes by the environment, where nobody lists it."""
    if shutil.which(name) is None:
        raise CopyFailed(f"{name} is not on the PATH: apt-get install postgresql-client")
    plain = URL.create(
        "postgresql", where.username, None, where.host, where.port, where.database, where.query
    ).render_as_string()
    env = dict(os.environ)
    if where.password:
        env["PGPASSWORD"] = str(where.password)
    command = [name, f"--dbname={plain}", *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"{name} failed: {done.stderr.strip()[-1000:]}"
        if "permission denied" in said:
            said += f"\n{where.username} of HUB_DATABASE_URL may not do that: {_WHO[name]}"
        raise CopyFailed(said)
