"""Every connection of a storm's hub runs through this process, which cuts, delays, halves or silences it when told to.

One line of JSON on standard input is one order: `{"route": …, "listen": …, "to": …}` opens a route,
`{"route": …, "mode": …}` changes how it carries, `{"route": …, "code": …}` what produce requests
are told. Each is answered by one line. It ends when its standard input does.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

from tests.faults.storms.kafka_words import Talk

MODES = ("pass", "cut", "delay", "halve", "deaf", "mute")
DELAY = 0.25
_CHUNK = 256 * 1024


@dataclass(eq=False)
class Pipe:
    """One connection, both ways."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    talk: Talk | None

    def cut(self) -> None:
        """Ends it without a farewell."""
        _reset(self.near)
        _reset(self.far)


@dataclass
class Route:
    """Where connections come in, where they lead, and how they are carried now."""

    listen: int
    to: int
    kafka: bool = False
    mode: str = "pass"
    code: int = 0
    altered: int = 0
    pipes: set[Pipe] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Listens."""
        await asyncio.start_server(self._connected, "127.0.0.1", self.listen, limit=_CHUNK)

    def carry(self, mode: str) -> None:
        """From now on so; whoever waits for the mode to end looks again."""
        self.mode = mode
        if mode == "cut":
            for pipe in list(self.pipes):
                pipe.cut()
        self.changed.set()
        self.changed = asyncio.Event()

    async def _connected(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self.mode == "cut":
            _reset(near)
            return
        try:
            back, far = await asyncio.open_connection("127.0.0.1", self.to, limit=_CHUNK)
        except OSError:
            _reset(near)
            return
        pipe = Pipe(near, far, Talk(self.to, self.listen) if self.kafka else None)
        self.pipes.add(pipe)
        ways = [
            asyncio.create_task(self._carried(pipe, reader, far, "deaf")),
            asyncio.create_task(self._carried(pipe, back, near, "mute")),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            # What was on its way when one side hung up still arrives.
            await asyncio.wait(ways, timeout=0.2)
        except asyncio.CancelledError:
            # The proxy ends, and asyncio would complain of a connection that it did not see end.
            return
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for writer in (near, far):
                writer.transport.abort()
            self.pipes.discard(pipe)

    async def _carried(
        self, pipe: Pipe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: str
    ) -> None:
        """One direction, until it ends; `silent` is the mode in which nothing passes here."""
        with contextlib.suppress(OSError):
            while some := await reader.read(_CHUNK):
                if pipe.talk is not None:
                    some = self._understood(pipe.talk, some, silent)
                while self.mode == silent:
                    await self.changed.wait()
                if self.mode == "delay":
                    await asyncio.sleep(DELAY)
                if self.mode == "halve" and len(some) > 1:
                    writer.write(some[: len(some) // 2])
                    await writer.drain()
                    pipe.cut()
                    return
                writer.write(some)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    def _understood(self, talk: Talk, some: bytes, silent: str) -> bytes:
        if silent == "deaf":
            return talk.asked(some)
        talk.code = self.code
        before = talk.altered
        some = talk.answered(some)
        self.altered += talk.altered - before
        return some


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closed with RST: by default the system would still say goodbye."""
    with contextlib.suppress(OSError):
        wire = writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def main() -> None:
    """Obeys until standard input ends."""
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    routes: dict[str, Route] = {}
    while line := await orders.readline():
        order: dict[str, Any] = json.loads(line)
        name = order["route"]
        if "listen" in order:
            routes[name] = Route(order["listen"], order["to"], name == "kafka")
            await routes[name].open()
        if "code" in order:
            routes[name].code = order["code"]
        if "mode" in order:
            routes[name].carry(order["mode"])
        print(json.dumps({"route": name, "altered": routes[name].altered}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
