"""The ledger is written by one thread of a process, one transaction at a time, while the loop goes on."""

import asyncio
import contextlib
import fcntl
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from hub.clock import monotonic
from hub.ledger.session import AWAY, check_timeouts, open_ledger
from hub.telemetry.vitals import VITALS
from hub.wrong import SetUpWrong

AGAIN = 0.5
"""Seconds between tries to reach a database that is away."""

log = structlog.get_logger("core")
T = TypeVar("T")


class SecondWriter(SetUpWrong):
    """Another core writes this SQLite ledger; PostgreSQL takes several."""


class Turns:
    """One at a time, in the order of asking; who is to be first goes before all who wait."""

    def __init__(self) -> None:
        self._taken = False
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, first: bool) -> AsyncIterator[None]:
        """Waits for the turn; it is the next one's after the block."""
        if self._taken:
            place = asyncio.get_running_loop().create_future()
            (self._first if first else self._others).append(place)
            try:
                await place
            except asyncio.CancelledError:
                # The turn may have come in the moment in which the wait was called off.
                if place.done() and not place.cancelled():
                    self._pass_on()
                raise
        self._taken = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        for waiting in (self._first, self._others):
            while waiting:
                place = waiting.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._taken = False


class Ledger:
    """One core's way to write: `transaction` commits what its work did, or none of it."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._turns = Turns()
        self._lock: TextIO | None = None
        self._connection: Connection | None = None
        self._busy_since: float | None = None
        self._heard_at = -math.inf

    @property
    def busy_for(self) -> float:
        """Seconds that the thread has been in one transaction; 0 where it is in none."""
        since = self._busy_since
        return 0.0 if since is None else monotonic() - since

    @property
    def silent_for(self) -> float:
        """Seconds since a transaction was committed."""
        return monotonic() - self._heard_at

    @classmethod
    def open(cls, url: str) -> "Ledger":
        """Opens the ledger for writing; raises `SecondWriter` for a second core on SQLite."""
        where = make_url(url)
        ledger = cls(open_ledger(url, by_index=True))
        if where.get_backend_name() == "sqlite" and where.database not in (
            None,
            ":memory:",
        ):
            ledger._lock = only_writer(Path(str(where.database)))
        return ledger

    async def answers(self, session_timeout: float, stop: asyncio.Event) -> bool:
        """True once the database is there, false once stopped; raises where its timeouts do not fit."""
        while not stop.is_set():
            try:
                await asyncio.to_thread(check_timeouts, self.engine, session_timeout)
                return True
            except AWAY as error:
                log.warning("ledger away", reader="start", why=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN)
        return False

    async def transaction(self, work: Callable[[Connection], T], *, first: bool = False) -> T:
        """Runs `work` in a transaction on the ledger's thread; returns after the commit.

        `first`: before all that wait for the thread already.
        """

        def timed() -> T:
            began = self._busy_since = monotonic()
            try:
                done = whole()
                self._heard_at = monotonic()
                return done
            finally:
                self._busy_since = None
                VITALS.transactions += 1
                VITALS.transacting += monotonic() - began

        def whole() -> T:
            conn = self._connection = self._connection or self.engine.connect()
            try:
                with conn.begin():
                    return work(conn)
            except BaseException:
                # Whatever is wrong with it (the server went away, a rollback failed) goes with it.
                self._connection = None
                conn.close()
                raise

        async with self._turns.turn(first):
            return await asyncio.get_running_loop().run_in_executor(self._thread, timed)

    def close(self) -> None:
        """Ends the thread after its last transaction."""
        self._thread.shutdown(wait=True)
        if self._connection is not None:
            self._connection.close()
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()


def only_writer(ledger: Path) -> TextIO:
    """Holds an SQLite ledger against any other core until it is closed; raises `SecondWriter`."""
    path = ledger.with_name(f"{ledger.name}.writer")
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise SecondWriter(
            f"another core writes the ledger beside {path}: SQLite takes one; "
            "set HUB_DATABASE_URL to a PostgreSQL for more"
        ) from None
    return lock
