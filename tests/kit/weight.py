"""What a page costs who reads it is its bytes with all of ours that it loads, and what it asks of the ledger."""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import httpx

from hub.desk.app import STATIC
from hub.ledger import write

MOST = 100 * 1024
"""Bytes of a page, which is not compressed, with all that it loads of ours, which is."""
_SMALL = 500
"""Bytes of what is not worth compressing."""
_LOADED = re.compile(r'(?:src|href)="/static/([^"]+)"')


def weight(page: httpx.Response) -> int:
    """Bytes that come over the wire for somebody who reads their first page."""
    return len(page.content) + sum(map(on_the_wire, loaded(page)))


def loaded(page: httpx.Response) -> set[str]:
    """What a page loads of ours."""
    return set(_LOADED.findall(page.text))


@cache
def on_the_wire(name: str) -> int:
    """Bytes of one of our files as a browser gets it."""
    whole = (STATIC / name).read_bytes()
    return len(whole) if len(whole) < _SMALL else len(gzip.compress(whole, 9))


@contextmanager
def statements() -> Iterator[list[str]]:
    """Everything that is asked of a database while the block runs."""
    asked: list[str] = []
    do = write._do

    def noted(conn: Any, sql: str, given: Any, many: bool = False) -> Any:
        asked.append(" ".join(sql.split()))
        return do(conn, sql, given, many)

    with patch.object(write, "_do", noted):
        yield asked
