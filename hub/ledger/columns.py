"""A column says what it holds, and an index which rows it is for, in the same words for both databases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Index, TypeDecorator, text
from sqlmodel import Field


class Utc(TypeDecorator[datetime]):
    """An instant. SQLite drops the zone, so it is put back when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or dialect.name != "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(*, index: bool = False, none: bool = False) -> Any:
    """A column of type `Utc`."""
    return Field(default=None if none else ..., sa_type=Utc, index=index, nullable=none)


def only(name: str, *columns: str, where: str) -> Index:
    """An index of the rows for which `where` holds: it stays small however many others there are."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
