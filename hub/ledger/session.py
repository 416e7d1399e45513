"""The ledger is opened the same way by every role, and a commit that returned is on the disk.

SQLite: WAL, `synchronous=FULL`, one writer at a time by `BEGIN IMMEDIATE`. PostgreSQL: psycopg,
synchronous commit, and an idle transaction ends before the Kafka session does, so that a frozen
core cannot hold its rows against its successor.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, PendingRollbackError

from hub.wrong import SetUpWrong

IDLE_IN_TRANSACTION_MS = 4_000
_AT_ONCE = "-c jit=off -c max_parallel_workers_per_gather=0"
"""Our questions are short. Over millions of rows PostgreSQL takes some for long ones, and compiles
them and starts workers: a third of a second for an answer that it finds in a millisecond."""
AWAY = (OperationalError, InterfaceError, InternalError, PendingRollbackError)
"""What a database that is away, or was for a moment, makes of a transaction: wait, and do it anew."""
_ITS_OWN_FAULT = frozenset({"08", "25", "40", "53", "55", "57", "58"})
"""Classes of SQLSTATE that speak of the server and not of the statement."""


def open_ledger(
    url: str, *, pool: int = 4, by_index: bool = False, reading: bool = False
) -> Engine:
    """An engine for the ledger (or for people); makes the SQLite file and its directory, unless `reading`.

    `by_index`: PostgreSQL reads no table whole where an index serves, however few rows it thinks
    there are. What it planned for an empty ledger it would keep until it next counts them, and
    read thousands of rows for each message meanwhile.
    """
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        if where.database and where.database != ":memory:" and not reading:
            _private(Path(where.database))
        engine = create_engine(where, connect_args={"timeout": 30.0, "check_same_thread": False})
        event.listen(engine, "connect", _sqlite_reads if reading else _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine.execution_options(reading=True) if reading else engine
    return create_engine(
        where,
        pool_size=pool,
        max_overflow=2,
        # Connections of before a restart are found out here, not by whoever loads the next page.
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            # A server that vanished without a word is noticed in seconds, not after two hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "options": f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS} {_AT_ONCE}"
            + (" -c enable_seqscan=off" if by_index else ""),
            "prepare_threshold": 2,
        },
    )


def named(url: str) -> str:
    """A database as it is told to people: where it is and what named it, never a password."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        return f"{where.database} (HUB_DATA)"
    return f"{where.render_as_string()} (HUB_DATABASE_URL)"


@contextmanager
def at_one_moment(engine: Engine) -> Iterator[Connection]:
    """The whole ledger as it is now, for as long as the question takes; nothing is written.

    Of a ledger that moves meanwhile two statements would see two states, and sums would not agree.
    """
    with engine.connect() as conn:
        if is_sqlite(conn):
            yield conn.execution_options(reading=True)
            return
        whole = conn.execution_options(isolation_level="REPEATABLE READ")
        # It holds no rows against anybody, and thinks between its statements.
        whole.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
        yield whole


def away(error: Exception) -> bool:
    """Whether it was the database that failed, and not what was asked of it (a row too long to index)."""
    if not isinstance(error, AWAY):
        return False
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state is None or state[:2] in _ITS_OWN_FAULT


def _private(path: Path) -> None:
    """A new file is its owner's alone, and so are the log and index that SQLite puts beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


def _sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLAlchemy sends BEGIN itself: pysqlite's own transactions would break savepoints.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.close()


def _sqlite_reads(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def is_sqlite(conn: Connection) -> bool:
    """Which of the two dialects this connection speaks."""
    return conn.dialect.name == "sqlite"


def among(conn: Connection, column: str, name: str = "among") -> str:
    """SQL for `column in :name`, with the values as one parameter; pass `values(conn, list)`."""
    if is_sqlite(conn):
        return f"{column} in (select value from json_each(:{name}))"
    return f"{column} = any(:{name})"


def values(conn: Connection, found: Any) -> Any:
    """The values of `among`, as this dialect takes a list."""
    import orjson

    return orjson.dumps(list(found)).decode() if is_sqlite(conn) else list(found)


def locking(conn: Connection) -> str:
    """Row locks where there can be two writers."""
    return "" if is_sqlite(conn) else " for update"


def check_timeouts(engine: Engine, session_timeout: float) -> None:
    """Refuses a PostgreSQL whose frozen transactions would outlive a Kafka session."""
    if engine.dialect.name == "sqlite":
        return
    # What was asked for is not always what holds: a pooler may pass no options on.
    sql = "select setting from pg_settings where name = 'idle_in_transaction_session_timeout'"
    with engine.connect() as conn:
        found = int(conn.execute(text(sql)).scalar_one())
    if not 0 < found < session_timeout * 1000:
        raise SetUpWrong(
            f"idle_in_transaction_session_timeout is {found} ms: it must end a transaction before "
            f"HUB_KAFKA_SESSION_TIMEOUT ({session_timeout} s) ends the session; where a pooler "
            "stands between, set it on the database itself"
        )
