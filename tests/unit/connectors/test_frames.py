"""A block of any size costs no more memory than what may be kept of it."""

import asyncio
import tracemalloc

from connectors import frames
from connectors.turns import Turns


async def test_what_is_cut_is_not_held_first() -> None:
    reader = asyncio.StreamReader(limit=frames.BUFFER)
    piece = b"M" * 65536

    async def feed() -> None:
        for _ in range(512):
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_data(b"\x1c\r")

    tracemalloc.start()
    try:
        feeding = asyncio.create_task(feed())
        with Turns().one() as turn:
            body = await frames.rest(reader, 1000, turn)
        await feeding
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert body == b"M" * 1001


async def test_an_end_cut_in_two_at_the_buffer_s_edge_is_still_an_end() -> None:
    for before in (frames.BUFFER - 1, frames.BUFFER, frames.BUFFER + 1):
        reader = asyncio.StreamReader(limit=frames.BUFFER)
        taking = asyncio.create_task(frames.rest(reader, 2**20))
        reader.feed_data(b"M" * before + b"\x1c")
        await asyncio.sleep(0)
        reader.feed_data(b"\r\x0bnext")
        assert await taking == b"M" * before
        assert await frames.begins(reader)
