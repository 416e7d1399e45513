"""A hospital keeps its own book of what was acknowledged, and sends again whatever was not.

Each connection serves children of its own, one message at a time: a child's next number is sent
when the one before it was acknowledged, as a patient system does.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

START, END = b"\x0b", b"\x1c\r"
_ADT = (
    "MSH|^~\\&|PAS|X26{code}|HUB|X26|{stamp}||ADT^A01^ADT_A01|{name}|T|2.4|||AL|NE|GBR|UNICODE|EN||iTKv1.0\r"
    "EVN|A01|{stamp}\r"
    "PID|1||P{child:05d}^^^X26{code}^PI~{nhs}^^^NHS||TEST^CHILD{child}||20150101|1|||"
    "1 Invented Street^^Leeds^^LS99 1ZZ\r"
    "PV1|1|I|ED^^^X26{code}||||||||||||||||{visit}^^^VISITID\r"
)


@dataclass(slots=True)
class Said:
    """One message in the hospital's book."""

    name: str
    child: int
    visit: str
    number: int
    sent: float
    tries: int = 0
    acknowledged: float | None = None
    connected: float = 0.0
    """When the connection that brought the acknowledgement was opened."""


@dataclass
class Hospital:
    """A sender with several connections; `rate` messages a second, until `enough` says so.

    Args:
        code: names its messages and children's numbers.
        port: where the hub listens for it.
        numbers: the NHS numbers of its children.
        slot: which edge serves it.
    """

    code: str
    port: int
    numbers: list[str]
    slot: int
    rate: float
    patience: float = 10.0
    book: dict[str, Said] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    acknowledged: int = 0
    begun: dict[int, int] = field(default_factory=dict)
    """How many each ward has sent; one that runs again goes on from there."""

    async def run(self, connections: int, enough: Callable[[], bool]) -> None:
        """Sends until `enough`, then until all that was begun is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for number in range(connections):
                children = list(range(number, len(self.numbers), connections))
                group.create_task(self._ward(number, children, connections / self.rate, enough))

    async def _ward(
        self, ward: int, children: list[int], pause: float, enough: Callable[[], bool]
    ) -> None:
        with contextlib.closing(Line(self.port, self.patience)) as line:
            await self._say(line, ward, children, pause, enough)

    async def _say(
        self,
        line: "Line",
        ward: int,
        children: list[int],
        pause: float,
        enough: Callable[[], bool],
    ) -> None:
        due = time.monotonic() + pause * ward / 10
        while not enough():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + pause, time.monotonic() - 1.0)
            count = self.begun.setdefault(ward, 0)
            self.begun[ward] += 1
            child, number = children[count % len(children)], count // len(children)
            await self.until_acknowledged(line, self.note(child, number))

    def note(self, child: int, number: int) -> Said:
        """Enters a message in the book; whatever becomes of it, it stands there."""
        visit = f"{self.code}-{child}-{number}"
        said = Said(f"{self.code}{child:03d}{number:06d}", child, visit, number, time.time())
        self.book[said.name] = said
        return said

    def words(self, said: Said) -> bytes:
        """The message itself, the same each time."""
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(said.sent))
        return _ADT.format(
            code=self.code,
            stamp=stamp,
            name=said.name,
            child=said.child,
            nhs=self.numbers[said.child],
            visit=said.visit,
        ).encode()

    async def until_acknowledged(self, line: "Line", said: Said) -> None:
        """Sends it again and again, as often as it takes."""
        words = self.words(said)
        while True:
            said.tries += 1
            answer = await line.ask(words)
            if answer is not None and f"MSA|AA|{said.name}" in answer:
                said.acknowledged, said.connected = time.time(), line.connected
                self.acknowledged += 1
                return
            if answer is not None:
                self.refused.append(f"{said.name}: {answer[-200:]!r}")
                await asyncio.sleep(0.5)


class Line:
    """A connection to the hub, opened again whenever it is gone."""

    def __init__(self, port: int, patience: float):
        self.connected = 0.0
        self._port = port
        self._patience = patience
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, words: bytes) -> str | None:
        """The answer; None where there was none, and the connection is given up."""
        try:
            async with asyncio.timeout(self._patience):
                if self._writer is None or self._reader is None:
                    opened = await asyncio.open_connection("127.0.0.1", self._port)
                    self._reader, self._writer = opened
                    self.connected = time.time()
                self._writer.write(START + words + END)
                await self._writer.drain()
                return (await self._reader.readuntil(END)).decode()
        except (OSError, EOFError, TimeoutError):
            self.close()
            await asyncio.sleep(0.02)
            return None

    def close(self) -> None:
        """Hangs up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
