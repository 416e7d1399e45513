"""What a page costs who reads it is its bytes with all of ours that it loads, and what it asks of the ledger."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx

from hub.desk.app import STATIC
from hub.ledger import write

MOST = 100 * 1024
"""Bytes of a page with all that it loads of ours; it is not served compressed."""
_LOADED = re.compile(r'(?:src|href)="/static/([^"]+)"')


def weight(page: httpx.Response) -> int:
    """Bytes that come over the wire for somebody who reads their first page."""
    loaded = set(_LOADED.findall(page.text))
    ours: int = sum((STATIC / name).stat().st_size for name in loaded)
    return len(page.content) + ours


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
