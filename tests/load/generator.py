"""A hospital sends as fast as it is answered, or at its own pace, and keeps what it waited for.

`python -m tests.load.generator SPEC` (JSON); prints `[[stamp, acknowledged], ...]` in nanoseconds.
At its own pace a message is stamped with the time it was due, so that waiting for a slow hub counts.
"""

import asyncio
import gc
import json
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import cast

import uvloop

from tests.load.aloud import say
from tests.load.attendances import Attendances

_AGAIN = 0.02
_PATIENCE = 30.0


@dataclass(frozen=True)
class Spec:
    """What is to be sent: `count` messages flat out, or at `rate` a second where one is given."""

    port: int
    agency: str
    numbers: list[str]
    first: int
    count: int
    connections: int
    rate: float = 0.0


class Hospital:
    """What all connections share: what waits to be sent and what was acknowledged."""

    def __init__(self, spec: Spec):
        self.spec = spec
        self.made = Attendances(spec.agency, spec.numbers, spec.first)
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.idle: list[Caller] = []
        self.acknowledged: list[tuple[int, int]] = []
        self.left = 0 if spec.rate else spec.count
        self.done = asyncio.Event()

    def next(self) -> tuple[int, bytes] | None:
        """What a free connection sends now."""
        if self.waiting:
            return self.waiting.popleft()
        if self.left:
            self.left -= 1
            stamp = time.monotonic_ns()
            return stamp, self.made.next(stamp)
        return None

    def due(self, stamp: int) -> None:
        """One more message is due; a free connection sends it."""
        self.waiting.append((stamp, self.made.next(stamp)))
        if self.idle:
            self.idle.pop().send()

    def took(self, stamp: int) -> None:
        """One more was acknowledged."""
        self.acknowledged.append((stamp, time.monotonic_ns()))
        if len(self.acknowledged) == self.spec.count:
            self.done.set()

    async def connect(self) -> None:
        """Opens one connection, however long the hub takes to listen."""
        loop = asyncio.get_running_loop()
        while not self.done.is_set():
            try:
                await loop.create_connection(lambda: Caller(self), "127.0.0.1", self.spec.port)
                return
            except OSError:
                await asyncio.sleep(_AGAIN)


class Caller(asyncio.Protocol):
    """One connection: one message, one answer."""

    def __init__(self, hospital: Hospital):
        self._hospital = hospital
        self._sent: tuple[int, bytes] | None = None
        self._read = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Sends at once what waits."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop has its own
        self.send()

    def send(self) -> None:
        """Sends the next message, or waits for one."""
        assert self._transport is not None
        self._sent = self._hospital.next()
        if self._sent is None:
            self._hospital.idle.append(self)
        else:
            self._transport.write(self._sent[1])

    def data_received(self, data: bytes) -> None:
        """Takes the answer, which must be AA."""
        self._read += data
        if not self._read.endswith(b"\x1c\r"):
            return
        answer, self._read = self._read, b""
        if b"MSA|AA|" not in answer or self._sent is None:
            sys.exit(f"the hub answered {answer!r}")
        self._hospital.took(self._sent[0])
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """What was not answered is sent again, on a new connection."""
        if self in self._hospital.idle:
            self._hospital.idle.remove(self)
        if self._sent is not None:
            self._hospital.waiting.appendleft(self._sent)
        if not self._hospital.done.is_set():
            self._again = asyncio.ensure_future(self._hospital.connect())


async def _paced(hospital: Hospital, rate: float) -> None:
    began = time.monotonic_ns()
    for at in range(hospital.spec.count):
        due = began + int(at * 1e9 / rate)
        await asyncio.sleep((due - time.monotonic_ns()) / 1e9)
        hospital.due(due)


async def _run(spec: Spec) -> list[tuple[int, int]]:
    hospital = Hospital(spec)
    await asyncio.gather(*(hospital.connect() for _ in range(spec.connections)))
    if spec.rate:
        await _paced(hospital, spec.rate)
    expected = spec.count / 20 + _PATIENCE
    async with asyncio.timeout(expected):
        await hospital.done.wait()
    return hospital.acknowledged


def main() -> None:
    """Sends what the command line asks for."""
    gc.disable()
    say(uvloop.run(_run(Spec(**json.loads(sys.argv[1])))))


if __name__ == "__main__":
    main()
