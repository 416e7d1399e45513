"""A ledger stands full within minutes: whole tables are copied in, and their indexes made afterwards.

What a load leaves is what core would have left: every key, every index, every figure of the planner's.
"""

import multiprocessing
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from hub.directory import partner_files
from hub.ledger.migrate import migrate
from hub.partners import feeds
from hub.seal import Keyring
from tests.kit.site import Bench
from tests.load.scale.history import PER_CHILD, History, Lines, Part
from tests.load.scale.stencil import TABLES, Form, Stencil
from tests.load.scale.stories import STORIES, Teller

EVERY = 4_000
"""Stories written at once."""
SHOWN = 250_000
_TALLY = (
    "insert into tally (edge, epoch, partner, owned, not_ours, refused, unable)"
    " select 'in-1', 'before', partner, count(*), 0, 0, 0 from message"
    " where parcel_id is not null group by partner"
)
_FEED = "insert into feed (partner, authority, core, cluster)"
_KEEP = ("lane", "partner_state", "offset")
"""Small tables: their indexes stay while they are written."""


@dataclass(frozen=True)
class Council:
    """One council's share of a load; `children` of its own, the first ones left out for `later`."""

    name: str
    authority: str
    parts: tuple[Part, ...]

    @property
    def messages(self) -> int:
        """Of all its parts."""
        return sum(part.messages for part in self.parts)


def forms(data: Path, council: Council) -> dict[str, Form]:
    """Every story of a council that its parts want, told once by core on a ledger of its own."""
    directory = list(partner_files.load(data / "partners"))
    made = {}
    with TemporaryDirectory(dir=data) as folder:
        for number, story in enumerate(dict.fromkeys(part.story for part in council.parts)):
            bench = Bench(f"sqlite:///{folder}/{number}.db", data, directory)
            teller = Teller(bench, council.name, council.authority)
            STORIES[story](teller)
            made[story] = Stencil(bench, teller.began).make()
            bench.engine.dispose()
    return made


def lines(data: Path, council: Council) -> Iterator[tuple[int, Lines]]:
    """All of a council's lines, many stories at a time, with the messages written so far."""
    history = History(Keyring.load(data / "keys"), council.name, council.authority)
    known = forms(data, council)
    children = max(10, council.messages // PER_CHILD)
    done, stories = 0, 0
    gathered: Lines = {}
    for messages, found in history.tell(known, council.parts, children):
        done, stories = done + messages, stories + 1
        for table, more in found.items():
            gathered.setdefault(table, []).extend(more)
        if stories % EVERY == 0:
            yield done, gathered
            gathered = {}
    yield done, gathered
    yield done, history.close()


def load(url: str, data: Path, councils: Sequence[Council]) -> None:
    """Writes every council's history into an empty ledger, and brings it to the newest version first."""
    migrate(url)
    Keyring.first_start(data / "keys")
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(where.database))) as file, _sqlite_bare(file):
            for council in councils:
                _written(lines(data, council), council, lambda some: _insert(file, some))
            file.execute(_TALLY)
            file.executemany(f"{_FEED} values (?, ?, '1', 'before')", _lists(data))
            file.commit()
        return
    plain = where.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as conn, _postgres_bare(conn):
        fork = multiprocessing.get_context("fork")
        writing = [fork.Process(target=_copied, args=(plain, data, one)) for one in councils]
        for process in writing:
            process.start()
        for process in writing:
            process.join()
        if any(process.exitcode for process in writing):
            raise RuntimeError("a council's history could not be written")
        conn.execute(_TALLY)
        with conn.cursor() as cursor:
            cursor.executemany(f"{_FEED} values (%s, %s, '1', 'before')", _lists(data))


def _lists(data: Path) -> list[tuple[str, str]]:
    """The feeds whose watched lists are loaded whole, as a core that had run would have said."""
    return feeds(partner_files.load(data / "partners"))


def _written(
    found: Iterator[tuple[int, Lines]], council: Council, write: Callable[[Lines], None]
) -> None:
    shown = SHOWN
    for done, some in found:
        write(some)
        if done >= shown:
            shown += SHOWN
            print(
                f"  {council.name}: {done:,} of {council.messages:,}", file=sys.stderr, flush=True
            )


def _copied(plain: str, data: Path, council: Council) -> None:
    settings = "-c synchronous_commit=off -c timezone=UTC"
    with psycopg.connect(plain, autocommit=True, options=settings) as conn:
        _written(lines(data, council), council, lambda some: _copy(conn, some))


def _copy(conn: "psycopg.Connection[Any]", some: Lines) -> None:
    for table, found in some.items():
        columns = ", ".join(f'"{name}"' for name in _columns(table))
        with conn.cursor().copy(f'copy "{table}" ({columns}) from stdin') as copy:
            copy.write("\n".join(found) + "\n")


def _insert(conn: sqlite3.Connection, some: Lines) -> None:
    for table, found in some.items():
        columns = _columns(table)
        marks = ", ".join("?" for _ in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        rows = ([_plain(value) for value in line.split("\t")] for line in found)
        conn.executemany(f'insert into "{table}" ({names}) values ({marks})', rows)
    conn.commit()


def _columns(table: str) -> tuple[str, ...]:
    short = {"watched": ("partner", "token", "because"), "audit": _AUDIT, "lane": _LANE}
    return short.get(table) or {"case_token": _TOKEN}.get(table) or TABLES[table]


_AUDIT = ("case_ref", "seq", "at", "entry", "hash")
_LANE = ("lane", "partner", "last_no", "last_at")
_TOKEN = ("token", "case_ref", "kind")
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"t": "\t", "n": "\n"}


def _plain(value: str) -> Any:
    """A value of a COPY line as SQLite takes it; its columns make numbers of text themselves."""
    if "\\" not in value:
        return value
    if value == "\\N":
        return None
    if value.startswith("\\\\x"):
        return bytes.fromhex(value[3:])
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), value)


@contextmanager
def _sqlite_bare(conn: sqlite3.Connection) -> Iterator[None]:
    sql = "select name, sql from sqlite_master where type = 'index' and sql is not null"
    for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-2000000"):
        conn.execute(f"pragma {pragma}")
    standing = conn.execute(sql).fetchall()
    for name, _ in standing:
        conn.execute(f'drop index "{name}"')
    yield
    for _, made in standing:
        conn.execute(made)
    conn.commit()
    conn.execute("pragma journal_mode=wal")


@contextmanager
def _postgres_bare(conn: "psycopg.Connection[Any]") -> Iterator[None]:
    """Without keys and indexes; afterwards with the same ones, and counted."""
    big = sorted(set(TABLES) - set(_KEEP))
    keys = conn.execute(_KEYS, (big,)).fetchall()
    indexes = conn.execute(_INDEXES, (big, [name for _, name, _ in keys])).fetchall()
    for name, _ in indexes:
        conn.execute(f'drop index "{name}"')
    for table, name, _ in keys:
        conn.execute(f'alter table "{table}" drop constraint "{name}"')
    yield
    conn.execute("set maintenance_work_mem = '1GB'")
    for table, name, made in keys:
        conn.execute(f'alter table "{table}" add constraint "{name}" {made}')
    for _, made in indexes:
        conn.execute(made)
    conn.execute("vacuum analyze")
    conn.execute("checkpoint")


_KEYS = """
select r.relname, c.conname, pg_get_constraintdef(c.oid) from pg_constraint c
join pg_class r on r.oid = c.conrelid
where r.relname = any(%s) and c.contype in ('p', 'u') order by 1, 2
"""
_INDEXES = """
select indexname, indexdef from pg_indexes
where schemaname = 'public' and tablename = any(%s) and not indexname = any(%s) order by 1
"""


def schema(url: str) -> Mapping[str, str]:
    """Every index by name, to compare before and after."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as conn:
        sql = "select indexname, indexdef from pg_indexes where schemaname = 'public'"
        return dict(conn.execute(sql).fetchall())
