"""What the suite needs to know of a transport, and of the real peer it stands against."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from connectors.base import Accept, Kind, Parcel, Transport, Verdict
from schemas.envelope import AckLevel

MOMENT = datetime(2026, 11, 2, 17, 30, tzinfo=UTC)
CP1252 = "Zoë Ó Briain – 12 Rue “Été”".encode("cp1252")
UTF8 = "Zoë Ó Briain – Łukasz 字".encode()
EVERY_BYTE = bytes(b for b in range(256) if b not in (0x0B, 0x1C))


class Does(StrEnum):
    """What a peer does with what it is sent."""

    TAKES = "takes"
    REFUSES = "refuses"
    IS_BUSY = "is busy"
    HANGS = "hangs"
    BABBLES = "babbles"
    TRUNCATES = "truncates its answer"
    CLOSES = "closes without an answer"
    RESETS = "resets the connection"
    IS_DOWN = "is down"


@dataclass(frozen=True)
class Features:
    """What a transport declares; `outcomes` is what each of its peer's ways must become."""

    mode: str
    proves: AckLevel
    pulls: bool = False
    replies: bool = False
    outcomes: Mapping[Does, type[Exception]] = field(default_factory=dict)
    bodies: tuple[bytes, ...] = (CP1252, UTF8, EVERY_BYTE)
    media_type: str = "application/octet-stream"
    largest: bytes = b"M" * (16 * 1024 * 1024)
    keeps_connection: bool = True


class Sends(Protocol):
    """A transport that pushes, and the peer it pushes to, with a ledger of its own."""

    transport: Transport
    does: Does
    heard: list[tuple[str | None, bytes]]
    """(reference, body) of everything that reached the peer whole, taken or not."""
    connections: int

    async def down(self) -> None: ...
    async def up(self) -> None: ...
    async def hang_up(self) -> None:
        """Closes every idle connection from the peer's side."""
        ...

    def open(self) -> int:
        """Connections the peer holds open now."""
        ...


@dataclass
class Heard:
    """What the partner knows after giving us something."""

    kind: Kind | None
    """OWNED: acknowledged. REFUSED: told why. None: nothing was said, so the partner keeps it."""
    words: bytes = b""


class Receives(Protocol):
    """A transport that takes parcels, and a partner that gives some."""

    transport: Transport

    async def give(self, body: bytes, name: str = "a") -> None: ...

    async def listen(self, name: str = "a", patience: float = 5.0) -> Heard:
        """What the partner hears of it; `Heard(None)` after the patience, or once hung up on."""
        ...

    async def again(self) -> Transport:
        """The transport after its process was killed and started again."""
        ...


class Hub:
    """Stands in for accept: notes every parcel and says what it was told to say."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.says = Kind.OWNED
        self.free = asyncio.Event()
        self.free.set()
        self.reached = asyncio.Event()
        self._serving: list[tuple[asyncio.Event, asyncio.Task[None]]] = []

    async def accept(self, parcel: Parcel) -> Verdict:
        """The verdict, once `free` is set."""
        self.parcels.append(parcel)
        self.reached.set()
        await self.free.wait()
        if self.says is Kind.REFUSED:
            return Verdict(Kind.REFUSED, b"AR no such form", "no such form", "PID-5")
        if self.says is Kind.UNABLE:
            return Verdict(Kind.UNABLE, b"AE never say this", "away", retry_after=0.05)
        return Verdict(self.says, b"AA " + parcel.body[:8])

    def serve(self, transport: Transport) -> asyncio.Event:
        """Serves in the background; the event stops it."""
        stop = asyncio.Event()
        accept: Accept = self.accept
        self._serving.append((stop, asyncio.create_task(transport.serve(accept, stop))))
        return stop

    async def ended(self) -> None:
        """Waits until everything that serves has returned by itself."""
        await asyncio.gather(*(task for _, task in self._serving))

    async def kill(self) -> None:
        """Ends whatever serves as a killed process would: no verdict comes, nothing is finished."""
        for _, task in self._serving:
            task.cancel()
        await asyncio.gather(*(task for _, task in self._serving), return_exceptions=True)
        self._serving.clear()

    async def close(self) -> None:
        """Lets everything finish."""
        self.free.set()
        for stop, _ in self._serving:
            stop.set()
        await asyncio.gather(*(task for _, task in self._serving), return_exceptions=True)


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits for a callable to become true."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
