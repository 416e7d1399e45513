"""An open page hears of a change within a second, and however many watch, the ledger is asked once."""

import asyncio
from collections.abc import AsyncIterator

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.desk.counted import Counts
from hub.ledger.read.stamp import stamp

log = structlog.get_logger("desk")

EVERY = 0.4


class Live:
    """One look at the ledger for all who listen; nobody listens, nobody looks."""

    def __init__(self, ledger: Engine, counts: Counts, every: float = EVERY):
        self._ledger = ledger
        self._counts = counts
        self._every = every
        self._changed = asyncio.Condition()
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self.stamp = ""

    async def stop(self) -> None:
        """Ends the looking, and every listener."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._changed:
            self._changed.notify_all()

    async def changes(self) -> AsyncIterator[str]:
        """The stamp now, and again each time it is another."""
        self._listeners += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        seen = None
        try:
            while not self._stopped:
                if self.stamp and self.stamp != seen:
                    seen = self.stamp
                    yield seen
                async with self._changed:
                    if self.stamp in (seen, ""):
                        await self._changed.wait()
        finally:
            self._listeners -= 1

    async def _look(self) -> None:
        while self._listeners:
            try:
                found = await asyncio.to_thread(self._read)
            except SQLAlchemyError as error:
                log.warning("the ledger does not answer", error=type(error).__name__)
                found = "away"
            if found != self.stamp:
                self.stamp = found
                async with self._changed:
                    self._changed.notify_all()
            await asyncio.sleep(self._every)

    def _read(self) -> str:
        with self._ledger.connect() as conn:
            return f"{stamp(conn)}.{self._counts.news}"
