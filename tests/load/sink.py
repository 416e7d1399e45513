"""A partner takes everything at once, names it in its answer, and remembers when it came.

`python -m tests.load.sink PORT...`: on standard input `count`, or `take` (tells all and forgets);
answers in JSON, a list for each port.
"""

import asyncio
import gc
import sys
import time
from functools import partial
from typing import cast

import uvloop

from tests.load.aloud import say
from tests.load.attendances import stamp_of

_ANSWER = b"\x0bMSH|^~\\&|SINK|X26S1|HUB|X26|20260101||ACK|%s|P|2.4\rMSA|AA|%s\r\x1c\r"


class Team(asyncio.Protocol):
    """One connection of the hub to this partner."""

    def __init__(self, arrived: list[tuple[int, int]]):
        self._arrived = arrived
        self._read = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers where to answer."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop has its own

    def data_received(self, data: bytes) -> None:
        """Answers every whole block."""
        assert self._transport is not None
        now = time.monotonic_ns()
        *blocks, self._read = (self._read + data).split(b"\x1c\r")
        for block in blocks:
            named = block.split(b"|", 10)[9]
            self._transport.write(_ANSWER % (named, named))
            self._arrived.append((stamp_of(block), now))


async def _run(ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    arrived: list[list[tuple[int, int]]] = [[] for _ in ports]
    for port, mine in zip(ports, arrived, strict=True):
        await loop.create_server(partial(Team, mine), "127.0.0.1", port)
    asked = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    print("ready", flush=True)
    while word := (await asked.readline()).strip():
        told: object = [len(mine) for mine in arrived]
        if word == b"take":
            told = [mine[:] for mine in arrived]
            for mine in arrived:
                mine.clear()
        say(told)


def main() -> None:
    """Serves until standard input ends."""
    gc.disable()
    uvloop.run(_run([int(port) for port in sys.argv[1:]]))


if __name__ == "__main__":
    main()
