"""Two ledgers are alike where each table is as full of each column, says the same words, and is as large."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from hub.ledger.write import each
from tests.load.scale.stencil import TABLES

RUNNING = {"offset", "heartbeat", "partner_state", "root", "clock", "incident", "early", "feed"}
"""Tables of a hub that runs, whatever was said."""
OF_CHILDREN = {"case_file", "case_token", "lane", "watched", "tally"}
"""Tables with as many rows as there are children, lanes and edges."""
FEW = 4
"""Different values of a column that is one of a set of words."""
LIKE = 0.05
"""How far lengths and numbers of rows may be apart."""


@dataclass
class Column:
    """What stands in one column."""

    filled: int = 0
    size: int = 0
    words: set[Any] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """One more row."""
        if value is None or value in ("", "[]"):
            return
        self.filled += 1
        self.size += len(value) if isinstance(value, str | bytes) else 8
        if isinstance(value, str) and len(self.words) <= FEW:
            self.words.add(value)


@dataclass
class Table:
    """What stands in one table."""

    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)


def described(conn: Connection) -> dict[str, Table]:
    """Every table that is not empty."""
    found = {}
    for name, columns in TABLES.items():
        table = Table(columns={column: Column() for column in columns})
        for row in each(conn, f'select {", ".join(map(_quoted, columns))} from "{name}"'):
            table.rows += 1
            for column, value in zip(columns, row, strict=True):
                table.columns[column].add(value)
        if table.rows and name not in RUNNING:
            found[name] = table
    return found


def unlike(road: Mapping[str, Table], loaded: Mapping[str, Table]) -> list[str]:
    """Where the second is not as the first, in words."""
    wrong = [f"{name}: empty where the road leaves rows" for name in sorted(road.keys() - loaded)]
    for name in sorted(road.keys() & loaded):
        wrong += [f"{name}{why}" for why in _unlike(name, road, loaded)]
    return wrong


def _unlike(name: str, road: Mapping[str, Table], loaded: Mapping[str, Table]) -> list[str]:
    one, other = road[name], loaded[name]
    wrong = []
    if name not in OF_CHILDREN:
        shares = [found[name].rows / found["message"].rows for found in (road, loaded)]
        if abs(shares[0] - shares[1]) > LIKE * shares[0]:
            wrong.append(f": {shares[1]:.2f} rows a message, by the road {shares[0]:.2f}")
    for column, there in one.columns.items():
        here = other.columns[column]
        if bool(there.filled) != bool(here.filled):
            wrong.append(f".{column}: filled {here.filled} times, by the road {there.filled}")
        elif there.filled and name not in OF_CHILDREN:
            wrong += [f".{column}{why}" for why in _other(there, here)]
    return wrong


def _other(there: Column, here: Column) -> list[str]:
    sizes = [column.size / column.filled for column in (there, here)]
    if abs(sizes[0] - sizes[1]) > LIKE * sizes[0] + 1:
        return [f": {sizes[1]:.0f} bytes, by the road {sizes[0]:.0f}"]
    small = max(len(there.words), len(here.words)) <= FEW
    if small and there.filled > 4 * FEW and there.words != here.words:
        return [f": {here.words}, by the road {there.words}"]
    return []


def _quoted(name: str) -> str:
    return f'"{name}"'
