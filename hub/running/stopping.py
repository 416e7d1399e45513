"""What waits for another system is called off when its process is told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

CALLED_OFF = 1.0
"""Seconds that something called off is given to clean up after itself."""


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns or raises; none where `stop` was set first."""
    doing, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        return None
    finally:
        stopping.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait({doing}, timeout=CALLED_OFF)


async def to_its_end(work: Coroutine[Any, Any, T], within: float = 0.5) -> T:
    """What `work` returns or raises; whoever calls it off lets it end by itself for so many seconds.

    aiokafka forgets a connection, open, when its first question is called off.
    """
    doing = asyncio.create_task(work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing}, timeout=within)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        raise
