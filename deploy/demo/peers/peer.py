"""Every partner of the demo keeps books of its own and does what it is told, and knows nothing of the hub.

A peer reads one JSON object a line from standard input, does it, and answers with one line. It ends
when its input does, so none is left behind whatever becomes of who started it.
"""

import asyncio
import hashlib
import json
import sqlite3
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

JSON = "application/vnd.front-door-hub+json"
Told = dict[str, Any]
Doing = Callable[[Told], Awaitable[Any]]


class Books:
    """What this partner sent and what was answered, and what it was given."""

    def __init__(self, path: Path):
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute(
            "create table if not exists sent (reference text, kind text, answer text, note text)"
        )
        self._db.execute(
            "create table if not exists received"
            " (reference text, kind text, digest text, number text, body text)"
        )

    def sent(self, reference: str, kind: str, answer: str, note: str = "") -> None:
        """One thing sent, and what the other side said: `taken` counts as acknowledged."""
        row = (reference, kind, answer, note)
        self._db.execute("insert into sent values (?, ?, ?, ?)", row)

    def received(self, reference: str, kind: str, body: bytes, number: str = "") -> bool:
        """One thing given to us; True if it is the first under this reference."""
        sql = "select count(*) from received where reference = ?"
        before = self._db.execute(sql, (reference,)).fetchone()[0]
        digest = hashlib.sha256(body).hexdigest()
        text = body.decode("utf-8", "replace")
        row = (reference, kind, digest, number, text)
        self._db.execute("insert into received values (?, ?, ?, ?, ?)", row)
        return bool(before == 0)

    def given(self, kind: str = "%") -> list[tuple[str, str, str, str]]:
        """Reference, kind, own number and body of what was given to us, oldest first."""
        sql = "select reference, kind, number, body from received where kind like ? order by rowid"
        return [tuple(row) for row in self._db.execute(sql, (kind,))]


def say(told: Mapping[str, Any]) -> None:
    """One line to whoever started us."""
    print(json.dumps(told), flush=True)


async def obey(doing: Mapping[str, Doing], ready: Mapping[str, Any]) -> None:
    """Says that we are ready, then does what is asked, one thing after another, to the end."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say({"ready": True, **ready})
    while line := await lines.readline():
        order = json.loads(line)
        try:
            say({"did": await doing[order.pop("do")](order)})
        except Exception as error:
            traceback.print_exc()
            say({"failed": f"{type(error).__name__}: {error}"})
