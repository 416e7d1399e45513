"""A backup is whole or is none, opens with the keys it was made beside, and never takes the place of a ledger.

`manifest.json` is written last, and names every file with its checksum. Keys are not in it: who
has the backup alone can read nothing. What came after it is read again from Kafka when core starts.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

from alembic.script import ScriptDirectory
from pydantic import AwareDatetime, BaseModel, ValidationError
from sqlalchemy import Connection, create_engine, make_url

from hub.ledger.audit import heads
from hub.ledger.copies import copy, flushed, put_back, standing
from hub.ledger.migrate import HERE
from hub.ledger.session import at_one_moment, is_sqlite, open_ledger
from hub.ledger.thread import SecondWriter, only_writer
from hub.ledger.version import NoLedger, check_there, there, version_of
from hub.ledger.write import rows
from hub.running.ports import write_whole
from hub.seal import Keyring, expand
from hub.settings import Settings
from hub.wrong import SetUpWrong

MANIFEST = "manifest.json"
UNFINISHED = "unfinished"
"""Stands in the directory from before its first byte until all of it is there."""
LEDGER, PEOPLE = "ledger", "people"


class BackupWrong(SetUpWrong):
    """Why there is no backup, or why it was not put back, and what to do."""


class Kept(BaseModel):
    """One file of a backup."""

    name: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds, and as of when."""

    version: Literal[1] = 1
    site: str
    made_at: AwareDatetime
    database: Literal["sqlite", "postgresql"]
    revision: str
    """The version of the ledger's tables."""
    messages: int
    chains: int
    root: str
    """Over where every audit chain ended (`hub audit verify`)."""
    case_key: str
    """Tells whether a key is the one that its content is sealed under; tells nothing of the key."""
    files: tuple[Kept, ...]


def backup(settings: Settings, target: Path, now: datetime) -> Manifest:
    """Copies ledger and people into a new or empty directory while the hub runs.

    Raises `BackupWrong`, or `CopyFailed` or OSError where the copying itself fails (a full disk);
    then nothing of it is left. What one that was killed left there goes first.
    """
    key = _key_check(settings)
    check_there(settings.ledger_url)
    if target.exists() and not (target.is_dir() and _free(target)):
        raise BackupWrong(f"{target} is there and is not empty: name a new directory")
    with _all_or_nothing(target):
        return _copied(settings, target, now, key)


def _copied(settings: Settings, target: Path, now: datetime, key: str) -> Manifest:
    url = settings.ledger_url
    with _moment(url) as conn:
        if not version_of(conn):
            raise NoLedger(url)
        file = target / LEDGER
        copy(conn, file)
        found = _figures(file, conn)
        database: Literal["sqlite", "postgresql"] = "sqlite" if is_sqlite(conn) else "postgresql"
    kept = [_kept(file)]
    if settings.people_database != url and there(settings.people_database):
        with _moment(settings.people_database) as conn:
            copy(conn, target / PEOPLE)
        kept.append(_kept(target / PEOPLE))
    revision, messages, chains, root = found
    manifest = Manifest(
        site=settings.site,
        made_at=now,
        database=database,
        revision=revision,
        messages=messages,
        chains=chains,
        root=root,
        case_key=key,
        files=tuple(kept),
    )
    write_whole(target / MANIFEST, manifest.model_dump_json(indent=1))
    for file in target.iterdir():
        file.chmod(0o600)
    flushed(target / MANIFEST)
    flushed(target)
    return manifest


def restore(settings: Settings, source: Path) -> Manifest:
    """Puts a backup back where no ledger stands; raises `BackupWrong` and has changed nothing.

    Raises `CopyFailed` or OSError where the copying itself fails (a full disk).
    """
    manifest = _read(source)
    where = make_url(settings.ledger_url)
    kind = where.get_backend_name()
    if manifest.database != kind:
        raise BackupWrong(
            f"it is a backup of {manifest.database} and this hub's ledger is {kind}:"
            " set HUB_DATABASE_URL to what it came from"
        )
    _known(manifest)
    if _key_check(settings) != manifest.case_key:
        raise BackupWrong(
            f"the keys in {settings.keys} are not those that it was sealed with:"
            " put the key files that belong to it there first"
        )
    databases = {LEDGER: settings.ledger_url, PEOPLE: settings.people_database}
    if len(manifest.files) > len(set(databases.values())):
        raise BackupWrong("people stood in a database of their own: set HUB_PEOPLE_URL to one")
    with _nobody_writes(settings.ledger_url):
        for one in manifest.files:
            if there := standing(databases[one.name]):
                raise BackupWrong(f"{there}; and keep it: it may be the newer one")
        for one in manifest.files:
            put_back(databases[one.name], source / one.name)
    return manifest


@contextmanager
def _all_or_nothing(target: Path) -> Iterator[None]:
    """A directory of ours alone; what was begun in it and not finished goes again."""
    made = not target.exists()
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)
    with (target / UNFINISHED).open("ab") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupWrong(f"another backup is being made in {target}: wait for it") from None
        if (target / MANIFEST).exists():  # another was finished since we looked
            (target / UNFINISHED).unlink()
            raise BackupWrong(f"{target} is there and is not empty: name a new directory")
        _emptied(target, but=UNFINISHED)
        try:
            yield
        except BaseException:
            _emptied(target)
            if made:
                target.rmdir()
            raise
        (target / UNFINISHED).unlink()


def _free(target: Path) -> bool:
    """Whether nothing stands there but what one of ours began and did not finish."""
    found = {file.name for file in target.iterdir()}
    if found and MANIFEST not in found and found <= {LEDGER, PEOPLE}:
        raise BackupWrong(
            f"{target} holds a backup that was not finished: delete it, or name a new directory"
        )
    return not found or (UNFINISHED in found and MANIFEST not in found)


def _emptied(target: Path, but: str = "") -> None:
    for begun in target.iterdir():
        if begun.name != but:
            begun.unlink()


@contextmanager
def _moment(url: str) -> Iterator[Connection]:
    engine = open_ledger(url, reading=True)
    try:
        with at_one_moment(engine) as conn:
            yield conn
    finally:
        engine.dispose()


def _figures(file: Path, conn: Connection) -> tuple[str, int, int, str]:
    """Of the copy itself where it can be opened, else of the moment that it was made in."""
    if not is_sqlite(conn):
        return _counted(conn)
    # Not by `open_ledger`: its log would be begun beside the copy.
    engine = create_engine(f"sqlite:///{file}")
    try:
        with engine.connect() as copied:
            return _counted(copied)
    finally:
        engine.dispose()


def _counted(conn: Connection) -> tuple[str, int, int, str]:
    messages = int(rows(conn, "select count(*) as n from message")[0].n)
    return version_of(conn), messages, *heads(conn)


def _kept(file: Path) -> Kept:
    with file.open("rb") as read:
        digest = hashlib.file_digest(read, "sha256").hexdigest()
    return Kept(name=file.name, size=file.stat().st_size, sha256=digest)


def _read(source: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((source / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise BackupWrong(
            f"{source} holds no {MANIFEST}: it is no backup, or one that was not finished"
        ) from None
    except ValidationError:
        raise BackupWrong(f"{source / MANIFEST} was not written by `hub backup`") from None
    for one in manifest.files:
        file = source / one.name
        if one.name not in (LEDGER, PEOPLE) or not file.exists() or _kept(file) != one:
            raise BackupWrong(f"{file} is not what {MANIFEST} says: take another backup")
    return manifest


def _known(manifest: Manifest) -> None:
    known = {revision.revision for revision in ScriptDirectory(str(HERE)).walk_revisions()}
    if manifest.revision not in known:
        raise BackupWrong(
            f"its ledger is at version {manifest.revision}, which a newer hub made:"
            " put it back with that one"
        )


def _key_check(settings: Settings) -> str:
    case = Keyring.load(settings.keys, needs=("case",)).key("case")
    return expand(case, "backup").hex()[:16]


@contextmanager
def _nobody_writes(url: str) -> Iterator[None]:
    """No core begins on SQLite meanwhile; an empty PostgreSQL has none."""
    where = make_url(url)
    if where.get_backend_name() != "sqlite":
        yield
        return
    path = Path(str(where.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = only_writer(path)
    except SecondWriter:
        raise BackupWrong("the hub runs: stop it first") from None
    with lock:
        yield
