"""A partner's HTTP endpoint, well behaved on uvicorn or ill behaved on a bare socket, at one address."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from connectors.base import Transport
from connectors.transports import make_transport
from tests.contract.transports.bench import Does, until

Message = MutableMapping[str, Any]


class Endpoint:
    """A real server in this loop; `status` and `headers` are what the well behaved one answers."""

    def __init__(self, context: ssl.SSLContext | None = None, **push: object):
        self.context = context
        self.does = Does.TAKES
        self.status = 201
        self.headers: list[tuple[bytes, bytes]] = []
        self.answer = b""
        self.stalls = 0.0
        self.heard: list[tuple[str | None, bytes]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0
        self._peers: set[object] = set()
        self._open: set[object] = set()
        self._rude: dict[asyncio.StreamWriter, None] = {}
        self._servers: list[Callable[[], Awaitable[None]]] = []
        self._push = push
        self.transport: Transport

    @property
    def connections(self) -> int:
        """Connections ever made by a request."""
        return len(self._peers)

    async def up(self) -> None:
        """Listens, on the same port as before: uvicorn behind a front that can be rude."""
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self._app,
            log_config=None,
            lifespan="off",
            ws="none",
            interface="asgi3",
            date_header=False,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started)
        inner = listener.getsockname()[1]

        async def front(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._front(inner, reader, writer)

        outer = await asyncio.start_server(front, "127.0.0.1", self.port, ssl=self.context)
        self.port = outer.sockets[0].getsockname()[1]

        async def stop() -> None:
            outer.close()
            await self.hang_up()
            server.should_exit = True
            await running
            listener.close()

        self._servers.append(stop)
        if not hasattr(self, "transport"):
            self.transport = self._made()

    def _made(self) -> Transport:
        url = f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/hub/in"
        push = {"url": url, "timeout": 2.0, "allow_private": True, **self._push}
        return make_transport("st-elsewhere", {"kind": "http", "push": push})

    async def down(self) -> None:
        """Listens no more and hangs up."""
        while self._servers:
            await self._servers.pop()()

    async def hang_up(self) -> None:
        """Closes every connection."""
        for writer in list(self._rude):
            # TLS would wait for a farewell that an idle client does not read.
            writer.close() if self.context is None else writer.transport.abort()
        await until(lambda: not self._rude)

    def open(self) -> int:
        """Connections held open."""
        return len(self._rude)

    async def _app(self, scope: Message, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["method"], headers))
        if scope["method"] == "POST":
            self.heard.append((headers.get("idempotency-key"), body))
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.answer, "more_body": True})
        await asyncio.sleep(self.stalls)
        await send({"type": "http.response.body", "body": b""})

    async def _front(
        self, inner: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._peers.add(writer)
        self._rude[writer] = None
        behind, to_behind = await asyncio.open_connection("127.0.0.1", inner)
        try:
            await asyncio.gather(
                self._inward(reader, writer, to_behind), self._outward(behind, writer)
            )
        except OSError:
            return
        finally:
            self._rude.pop(writer, None)
            to_behind.close()
            writer.close()

    async def _inward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        onward: asyncio.StreamWriter,
    ) -> None:
        while piece := await reader.read(65536):
            if self.does in (Does.TAKES, Does.REFUSES, Does.IS_BUSY):
                onward.write(piece)
                await onward.drain()
                continue
            if b"\r\n\r\n" not in piece:
                piece += await reader.readuntil(b"\r\n\r\n")
            self.heard.append((None, piece.partition(b"\r\n\r\n")[2]))
            await self._rudely(writer)
        onward.close()

    async def _outward(self, behind: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await behind.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def _rudely(self, writer: asyncio.StreamWriter) -> None:
        match self.does:
            case Does.BABBLES:
                writer.write(b"\x0bMSH|^~\\&|\rMSA|AA|1\x1c\r\r\n\r\n")
            case Does.TRUNCATES:
                writer.write(b"HTTP/1.1 201 Cre")
                await writer.drain()
                writer.close()
            case Does.CLOSES:
                writer.close()
            case Does.RESETS:
                writer.transport.abort()
