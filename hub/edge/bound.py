"""What edge holds unacknowledged is bounded in bytes, and what is in flight to Kafka in records."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from hub import clock
from hub.broker import Unable
from hub.wire import Outbound

IN_FLIGHT = 8
"""Sends a partition: beyond it every waiting send wakes when one batch drains."""

Publish = Callable[[Sequence[Outbound]], Awaitable[object]]
"""Returns when Kafka has all of them; raises `Unable`."""


class Bytes:
    """Room for parcels, first come first served; one parcel larger than all the room may enter alone."""

    def __init__(self, limit: int):
        self._limit = limit
        self._held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._full_since: float | None = None

    @property
    def full_for(self) -> float:
        """Seconds that somebody has been waiting for room; 0 while nobody waits."""
        return 0.0 if self._full_since is None else clock.monotonic() - self._full_since

    @asynccontextmanager
    async def holding(self, size: int) -> AsyncIterator[None]:
        """Waits for room, and gives it back at the end."""
        if self._waiting or not self._fits(size):
            await self._wait(size)
        else:
            self._held += size
        try:
            yield
        finally:
            self._held -= size
            self._let_in()

    def _fits(self, size: int) -> bool:
        return self._held == 0 or self._held + size <= self._limit

    async def _wait(self, size: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        if self._full_since is None:
            self._full_since = clock.monotonic()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._held -= size
            else:
                self._waiting.remove((size, turn))
            self._let_in()
            raise

    def _let_in(self) -> None:
        while self._waiting and self._fits(self._waiting[0][0]):
            size, turn = self._waiting.popleft()
            if not turn.cancelled():
                self._held += size
                turn.set_result(None)
        if not self._waiting:
            self._full_since = None


class Sends:
    """Publishing with few sends in flight; waiting for a turn counts towards the time allowed."""

    def __init__(self, publish: Publish, partitions: int = 1, within: float = 5.0):
        self._publish = publish
        self._gate = asyncio.Semaphore(IN_FLIGHT * partitions)
        self._within = within

    async def __call__(self, outbounds: Sequence[Outbound]) -> None:
        """Returns when Kafka has all of them; raises `Unable` (some may have arrived)."""
        # A timeout costs as much as a whole small publish; a free gate needs none of ours.
        if not self._gate.locked():
            await self._sent(outbounds)
            return
        try:
            async with asyncio.timeout(self._within):
                await self._sent(outbounds)
        except TimeoutError as error:
            raise Unable("Kafka has not caught up with what was sent before") from error

    async def _sent(self, outbounds: Sequence[Outbound]) -> None:
        async with self._gate:
            await self._publish(outbounds)
