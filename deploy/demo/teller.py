"""What happens is told as it happens: when, who, what, and what it proves."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine, text

from hub.clock import london


class NotSo(Exception):
    """The story did not go as it must; the sentence says what was waited for."""


class Teller:
    """Tells a line at a time, and looks into the ledger before it claims anything."""

    def __init__(self, ledger: Engine, now: Callable[[], datetime]):
        self.out = Console(highlight=False)
        if not self.out.is_terminal:
            self.out.width = 110
        self.ledger = ledger
        self.now = now

    def chapter(self, title: str) -> None:
        """A heading."""
        self.out.print()
        self.out.rule(f"[bold]{title}", align="left")

    def tell(self, who: str, what: str, proves: str = "") -> None:
        """One line, and under it what it proves."""
        at = f"{london(self.now()):%H:%M:%S}"
        self.out.print(f"[dim]{at}[/] [bold]{who:<15}[/] {escape(what)}", soft_wrap=True)
        if proves:
            self.out.print(f"{'':24} [green]{escape(proves)}[/]", soft_wrap=True)

    def ask(self, sql: str, **given: object) -> list[tuple[object, ...]]:
        """Rows of the ledger."""
        with self.ledger.connect() as conn:
            return [tuple(row) for row in conn.execute(text(sql), given)]

    def one(self, sql: str, **given: object) -> str:
        """The first figure of the first row, as text; empty where there is none."""
        rows = self.ask(sql, **given)
        return "" if not rows or rows[0][0] is None else str(rows[0][0])

    async def until(self, what: str, true: Callable[[], object], seconds: float = 25.0) -> float:
        """Waits until the ledger says so; seconds waited. Raises `NotSo`."""
        began = time.monotonic()
        while not await asyncio.to_thread(true):
            if time.monotonic() - began > seconds:
                raise NotSo(f"waited {seconds:.0f} s in vain: {what}")
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    def must(self, what: str, true: object) -> None:
        """Raises `NotSo` unless it is so."""
        if not true:
            raise NotSo(f"this must be so, and is not: {what}")
