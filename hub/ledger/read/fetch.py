"""A query's rows become frozen values of one kind, the same from both databases."""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Connection, Engine

from hub.ledger.session import among, values
from hub.ledger.write import at, rows

T = TypeVar("T")


def reading(engine: Engine) -> Engine:
    """The same engine, whose transactions never wait for a writer."""
    return engine.execution_options(reading=True)


def fetch(conn: Connection, kind: type[T], sql: str, **named: Any) -> list[T]:
    """Rows as `kind`, whose fields are named like the query's columns."""
    special: Any = _special
    times, flags = special(kind)
    found = []
    for row in rows(conn, sql, **named):
        value = dict(row._mapping)
        for name in times:
            value[name] = at(value[name])
        for name in flags:
            value[name] = bool(value[name])
        found.append(kind(**value))
    return found


@lru_cache(maxsize=64)
def _special(kind: type[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.init]
    times = tuple(n for n in names if hints[n] in (datetime, datetime | None))
    return times, tuple(n for n in names if hints[n] is bool)


def within(
    conn: Connection, names: Collection[str] | None, column: str
) -> tuple[str, dict[str, Any]]:
    """A condition and its values: rows of these authorities, or partners; None is all of them."""
    if names is None:
        return "1 = 1", {}
    return among(conn, column, "within"), {"within": values(conn, sorted(names))}
