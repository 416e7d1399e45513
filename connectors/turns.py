"""Of one partner only so many long parcels are read at once, so that its connections cannot fill our memory.

A parcel takes a turn when it proves long, and holds it until it is answered. Whoever waits for a
turn is not read from meanwhile, so that the sender is slowed and nothing is lost.
"""

import asyncio
from types import TracebackType

LONG = 1024 * 1024
"""Bytes; a longer parcel takes a turn."""

LONG_AT_ONCE = 4
"""Long parcels of one partner in hand at once."""


class Turns:
    """The turns of one partner."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(LONG_AT_ONCE)

    def one(self) -> "Turn":
        """For one parcel; no turn is taken before it proves long."""
        return Turn(self._free)


class Turn:
    """One parcel's turn."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        self._free = free
        self._taken = False

    def __enter__(self) -> "Turn":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._taken:
            self._free.release()

    async def read(self, size: int) -> None:
        """So many bytes are in hand: waits for a turn where that is long for the first time."""
        if size > LONG and not self._taken:
            await self._free.acquire()
            self._taken = True
