"""However a sender cuts its bytes, a whole MLLP block comes out of them, or a reason why none can.

Streams, block characters and writing are `hl7.mllp`'s. Its `readblock` is not used: it loses a
good block that follows a stray line end, cannot tell an idle peer from a slow one, and holds
twice its limit for every connection. Here a block of any size needs one small stream buffer.
"""

from asyncio import IncompleteReadError, LimitOverrunError, StreamReader

from hl7.mllp.streams import CARRIAGE_RETURN, END_BLOCK, START_BLOCK

from connectors.turns import Turn

BUFFER = 256 * 1024
"""Bytes a stream may hold before the socket is no longer read (asyncio reads up to twice this)."""

STRAY = 4096
"""Bytes forgiven between blocks: line ends, a telnet greeting; more is not MLLP."""

_END: bytes = END_BLOCK + CARRIAGE_RETURN


class Babble(Exception):
    """What came is not MLLP, so nothing more on this connection can be trusted."""


def carries(body: bytes) -> bool:
    """True where a block can hold these bytes."""
    return START_BLOCK not in body and END_BLOCK not in body


async def begins(reader: StreamReader) -> bool:
    """Waits for the first byte of a block; False where the peer closed between blocks."""
    for _ in range(STRAY):
        byte = await reader.read(1)
        if byte == START_BLOCK:
            return True
        if not byte:
            return False
    raise Babble(f"{STRAY} bytes without the start of a block")


async def rest(
    reader: StreamReader, limit: int, turn: Turn | None = None, *, cut: bool = True
) -> bytes:
    """The block's content after its first byte.

    A longer one is read to its end and cut at `limit` + 1 bytes, because its sender must be
    answered; without `cut` nothing more is read of it.
    """
    long = bytearray()
    while True:
        try:
            block = await reader.readuntil(_END)
        except LimitOverrunError as overrun:
            piece = await reader.readexactly(overrun.consumed)
            long += piece[: limit + 1 - len(long)]
            if turn is not None:
                await turn.read(len(long))
            if len(long) > limit and not cut:
                raise Babble(f"more than {limit} bytes without an end") from None
            continue
        except IncompleteReadError as error:
            raise Babble("the connection closed inside a block") from error
        body = block[:-2] if not long else bytes(long) + block[:-2]
        if START_BLOCK in body:
            raise Babble("a block began inside another")
        return body[: limit + 1]
