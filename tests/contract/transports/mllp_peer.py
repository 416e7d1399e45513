"""A hospital that speaks MLLP with its own few lines of framing, well or badly."""

import asyncio
import contextlib
import ssl

from connectors.base import Kind, Transport
from connectors.transports import make_transport
from tests.contract.transports.bench import MOMENT, Does, Heard, until

START, END = b"\x0b", b"\x1c\r"


def block(body: bytes) -> bytes:
    """One MLLP block."""
    return START + body + END


class Hospital:
    """Takes blocks and answers each as it was told to."""

    def __init__(self, context: ssl.SSLContext | None = None, **send: object):
        self.does = Does.TAKES
        self.heard: list[tuple[str | None, bytes]] = []
        self.connections = 0
        self.repeats = 1
        self.port = 0
        self._tls = context
        self._send = send
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def up(self) -> None:
        """Listens, on the same port as before."""
        self._server = await asyncio.start_server(
            self._talk, "127.0.0.1", self.port, limit=2**25, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.transport = getattr(self, "transport", None) or self._made()

    def _made(self) -> Transport:
        # The largest message must pass on a busy machine too.
        send = {"host": "127.0.0.1", "port": self.port, "ack_timeout": 2.5, **self._send}
        return make_transport("st-elsewhere", {"kind": "mllp", "send": send}, lambda: MOMENT)

    async def down(self) -> None:
        """Listens no more and hangs up."""
        assert self._server is not None
        self._server.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        """Closes every connection."""
        for writer in list(self._writers):
            writer.close()
        await until(lambda: not self._writers)

    def open(self) -> int:
        """Connections held open."""
        return len(self._writers)

    async def say(self, words: bytes) -> None:
        """Says something that nobody asked for, on every connection."""
        for writer in self._writers:
            writer.write(words)
            await writer.drain()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                raw = await reader.readuntil(END)
                assert raw.startswith(START)
                self.heard.append((None, raw[1:-2]))
                if not await self._answer(writer):
                    return
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        match self.does:
            case Does.TAKES:
                writer.write(block(b"MSH|^~\\&|\rMSA|AA|ref") * self.repeats)
            case Does.BABBLES:
                writer.write(b"HTTP/1.1 400 Bad Request\r\n" * 1000)
            case Does.TRUNCATES:
                writer.write(START + b"MSH|^~\\&|\rMSA|A")
                await writer.drain()
                return False
            case Does.CLOSES:
                return False
            case Does.RESETS:
                writer.transport.abort()
                return False
        await writer.drain()
        return True


class Caller:
    """A hospital's sender: one connection, opened when it is needed."""

    def __init__(self, context: ssl.SSLContext | None = None, **listen: object):
        self.context = context
        self._listen = {"port": 0, **listen}
        self.transport = self._made()
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    def _made(self) -> Transport:
        return make_transport(
            "st-elsewhere", {"kind": "mllp", "listen": self._listen}, lambda: MOMENT
        )

    async def connect(self, tls: ssl.SSLContext | None = None) -> None:
        """Opens the connection once the transport listens."""
        await until(lambda: self.transport.listening)  # type: ignore[attr-defined]
        tls = tls or self.context
        host, port = self.transport.listening  # type: ignore[attr-defined]
        self.reader, self.writer = await asyncio.open_connection(
            host, port, ssl=tls, server_hostname="localhost" if tls else None
        )

    async def raw(self, data: bytes) -> None:
        """Writes bytes as they are, connecting first where need be."""
        if self.writer is None or self.writer.is_closing():
            await self.connect()
        assert self.writer is not None
        self.writer.write(data)
        with contextlib.suppress(OSError):
            await self.writer.drain()

    async def give(self, body: bytes, name: str = "a") -> None:
        """Sends one block."""
        await self.raw(block(body))

    async def listen(self, name: str = "a", patience: float = 5.0) -> Heard:
        """One block of answer."""
        assert self.reader is not None and self.writer is not None
        try:
            async with asyncio.timeout(patience):
                words = (await self.reader.readuntil(END))[1:-2]
        except TimeoutError:
            return Heard(None)
        except asyncio.IncompleteReadError as error:
            self.writer.close()
            return Heard(None, error.partial)
        except OSError:
            self.writer.close()
            return Heard(None)
        return Heard(Kind.REFUSED if words.startswith(b"AR") else Kind.OWNED, words)

    async def again(self) -> Transport:
        """A new process, on a port of its own."""
        await self.close()
        self.transport = self._made()
        return self.transport

    async def close(self) -> None:
        """Hangs up."""
        if self.writer is not None:
            self.writer.close()
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()
