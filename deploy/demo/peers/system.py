"""An agency posts JSON through the door and takes it at an address of its own, which may go away and come back.

`python -m deploy.demo.peers.system BOOKS DOOR NAME TOKEN_FILE OWN_PORT` (a port of 0: it takes nothing)
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from deploy.demo.peers import words
from deploy.demo.peers.door import Door
from deploy.demo.peers.peer import Books, obey

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_ONLY_POST = b"HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Inlet:
    """Our own address, where the hub posts to."""

    def __init__(self, books: Books, port: int, host: str = "127.0.0.1"):
        self._books = books
        self._port = port
        self._host = host
        self._server: asyncio.Server | None = None

    async def up(self) -> None:
        """Takes what is posted."""
        if self._port:
            self._server = await asyncio.start_server(self._take, self._host, self._port)

    async def down(self) -> None:
        """Is away: whoever calls is not even answered."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if not head.startswith("post "):
                writer.write(_ONLY_POST)
                await writer.drain()
                return
            fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = await reader.readexactly(int(fields["content-length"]))
            self._books.received(fields["idempotency-key"], json.loads(body)["type"], body)
            writer.write(_OK)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def main(books: Books, door: Door, port: int) -> None:
    """Serves the story."""
    inlet = Inlet(books, port)
    await inlet.up()

    async def send(order: dict[str, Any]) -> dict[str, Any]:
        """One message of a kind, worded as `words` has it."""
        body = words.WORDS[order["kind"]](order)
        return await door.post(order["kind"], order["reference"], body, order["at"])

    async def answer(order: dict[str, Any]) -> dict[str, Any]:
        """A named person answers what was given to us."""
        reference = order["reference"]
        body = words.response(reference, order["at"], order["who"], order["role"], order["own"])
        return await door.post(
            "handover.response", order["own"], body, order["at"], answers=reference
        )

    async def given(order: dict[str, Any]) -> list[dict[str, Any]]:
        """What we were given of a kind."""
        return [
            {"reference": ref, "kind": kind, "body": json.loads(body)["body"]}
            for ref, kind, _, body in books.given(order.get("kind", "%"))
        ]

    async def down(order: dict[str, Any]) -> None:
        await inlet.down()

    async def up(order: dict[str, Any]) -> None:
        await inlet.up()

    doing = {"send": send, "answer": answer, "given": given, "down": down, "up": up}
    await obey(doing, {})
    await inlet.down()


if __name__ == "__main__":
    _books = Books(Path(sys.argv[1]))
    _token = Path(sys.argv[4]).read_text().strip()
    asyncio.run(main(_books, Door(sys.argv[2], sys.argv[3], _token, _books), int(sys.argv[5])))
