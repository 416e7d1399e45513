"""Rows go into the ledger many at a time, each once, in the same words for both databases.

SQLModel declares the tables; driver-level statements write them, because at a hundred rows they
cost a tenth of what objects cost. PostgreSQL takes columns (`unnest`), SQLite takes rows.
"""

import re
from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from hub.ledger.columns import Utc
from hub.ledger.session import is_sqlite

Values = Mapping[str, Any]
_LONG = count()
"""So that each long read has a name of its own."""


def insert(
    conn: Connection,
    model: type[SQLModel],
    rows: Sequence[Values],
    *,
    new_only: bool = False,
) -> None:
    """Inserts rows (all with the same columns); `new_only` passes over those whose key stands."""
    if not rows:
        return
    columns = tuple(rows[0])
    sqlite = is_sqlite(conn)
    sql, times = _inserting(model, columns, new_only, sqlite)
    if sqlite:
        _do(conn, sql, [_sqlite_row(row, columns, times) for row in rows], many=True)
    else:
        _do(conn, sql, tuple([row[name] for row in rows] for name in columns))


@lru_cache(maxsize=256)
def _inserting(
    model: type[SQLModel], columns: tuple[str, ...], new_only: bool, sqlite: bool
) -> tuple[str, tuple[int, ...]]:
    """The statement, and where in a row times stand: writing it anew costs as much as running it."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    tail = " on conflict do nothing" if new_only else ""
    into = f"insert into {_names(table, columns)}"
    if sqlite:
        times = tuple(at for at, name in enumerate(columns) if isinstance(table.c[name].type, Utc))
        return f"{into} values ({', '.join('?' for _ in columns)}){tail}", times
    casts = ", ".join(f"%s::{kind}[]" for kind in _kinds(table, columns))
    return f"{into} select * from unnest({casts}){tail}", ()


def update(conn: Connection, model: type[SQLModel], statement: str, rows: Sequence[Values]) -> int:
    """One update of a table, for many rows; the statement names its values after their columns.

    Returns how many rows it changed.
    """
    if not rows:
        return 0
    if is_sqlite(conn):
        done = _do(conn, statement, [_bound(conn, row) for row in rows], many=True)
    else:
        sql, columns = _updating(model, statement)
        done = _do(conn, sql, tuple([row[name] for row in rows] for name in columns))
    return int(done.rowcount)


@lru_cache(maxsize=256)
def _updating(model: type[SQLModel], statement: str) -> tuple[str, tuple[str, ...]]:
    """The same for PostgreSQL, its values in columns: a statement a row costs it three times as much."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    columns = tuple(dict.fromkeys(_NAMED.findall(statement)))
    casts = ", ".join(f"%s::{kind}[]" for kind in _kinds(table, columns))
    names = ", ".join(f"given_{name}" for name in columns)
    changed, where = _NAMED.sub(r"given_\1", statement).rsplit(" where ", 1)
    return f"{changed} from unnest({casts}) as given ({names}) where {where}", columns


def run(conn: Connection, statement: str, **named: Any) -> Any:
    """One statement with named values, on the driver's cursor; times bound as this dialect has them.

    SQLAlchemy keeps the connection and its transaction; its result objects would cost more than
    the statements do (measured: 80 against 20 µs each, thirty statements a batch).
    """
    return _do(conn, _native(statement, is_sqlite(conn)), _bound(conn, named))


def rows(conn: Connection, statement: str, **named: Any) -> list[Any]:
    """All rows of a query, in named tuples."""
    return list(_tuples(run(conn, statement, **named)))


def each(conn: Connection, statement: str, **named: Any) -> Iterator[Any]:
    """The rows of a query one after the other, in named tuples: for what may be long.

    PostgreSQL keeps what was not asked for so far: a whole ledger would not fit here, and while it
    was being read its server would see a transaction that stands still, and end it.
    """
    if is_sqlite(conn):
        yield from _tuples(run(conn, statement, **named))
        return
    _begun(conn)
    reading: Any = conn.connection.cursor(f"each_{next(_LONG)}")
    try:
        with reading as cursor:
            cursor.execute(_native(statement, False), named)
            yield from _tuples(cursor)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _known(conn, statement, error) from error


def _tuples(cursor: Any) -> Iterator[Any]:
    return map(_kind(tuple(column[0] for column in cursor.description))._make, cursor)


def _do(conn: Connection, sql: str, given: Any, many: bool = False) -> Any:
    _begun(conn)
    cursor = conn.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(sql, given)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _known(conn, sql, error) from error
    return cursor


def _begun(conn: Connection) -> None:
    if not conn.in_transaction():
        conn.begin()


def _known(conn: Connection, sql: str, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy tells it."""
    base = conn.dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, base, hide_parameters=True, dialect=conn.dialect)


@lru_cache(maxsize=1_024)
def _kind(names: tuple[str, ...]) -> Any:
    """A named tuple for these columns; `_mapping` as SQLAlchemy's rows have it."""
    base: Any = namedtuple("Row", list(names), rename=True)  # type: ignore[misc]
    return type("Row", (base,), {"__slots__": (), "_mapping": property(base._asdict)})


def at(value: Any) -> datetime | None:
    """An instant from a raw row: SQLite hands back text without a zone."""
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC)


@lru_cache(maxsize=1_024)
def _native(statement: str, sqlite: bool) -> str:
    """The statement as its driver names values: `:name` in SQLite, `%(name)s` in psycopg."""
    return statement if sqlite else _NAMED.sub(r"%(\1)s", statement.replace("%", "%%"))


_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)\b")


def _names(table: Table, columns: Iterable[str]) -> str:
    return f"{_quote(table.name)} ({', '.join(_quote(name) for name in columns)})"


def _quote(name: str) -> str:
    return f'"{name}"'


def _kinds(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return tuple(
        "bytea"
        if isinstance(table.c[name].type, LargeBinary)
        else table.c[name].type.compile(dialect)
        for name in columns
    )


@lru_cache(maxsize=4_096)
def sqlite_time(moment: datetime) -> str:
    """An instant as SQLAlchemy's SQLite dialect stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _sqlite_row(row: Values, columns: Sequence[str], times: Sequence[int]) -> tuple[Any, ...]:
    found = [row[name] for name in columns]
    for spot in times:
        if found[spot] is not None:
            found[spot] = sqlite_time(found[spot])
    return tuple(found)


def _bound(conn: Connection, row: Values) -> dict[str, Any]:
    if not is_sqlite(conn):
        return dict(row)
    return {
        name: sqlite_time(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


@contextmanager
def savepoint(conn: Connection) -> Iterator[None]:
    """What fails within is undone alone, and the transaction goes on."""
    _do(conn, "savepoint alone", ())
    try:
        yield
    except BaseException:
        _do(conn, "rollback to savepoint alone", ())
        _do(conn, "release savepoint alone", ())
        raise
    _do(conn, "release savepoint alone", ())
