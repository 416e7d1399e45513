"""Whatever a partner's server answers, the attempt ends in time in one of the known outcomes, and holds little."""

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import (
    OutcomeUnknown,
    Outgoing,
    Pushed,
    Refused,
    TryAgain,
    Unreadable,
)
from connectors.formats import make_format
from connectors.transports import make_transport
from tests.flow.marked import ALL, marks_in
from tests.kit.effort import tries
from tests.kit.log_lines import logged_as

KNOWN = (Pushed, TryAgain, Refused, OutcomeUnknown)
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A server that does as its script says to every caller."""

    port: int = 0
    callers: int = 0
    sent: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


@asynccontextmanager
async def peer(script: Script) -> Any:
    """A server while the block lasts."""
    made = Peer()

    async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.callers += 1
        made.tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await script(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(call, "127.0.0.1", 0, limit=2**20)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


def http(port: int) -> Any:
    push = {"url": f"http://127.0.0.1:{port}/in", "timeout": 0.5, "allow_private": True}
    return make_transport("team", {"kind": "http", "push": push})


def smtp(port: int) -> Any:
    settings = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "sender": "hub@council.example.org",
        "recipient": "duty@school.example.org",
        "verified_domains": ["school.example.org"],
        "timeout": 0.5,
    }
    return make_transport("school", settings)


def mllp(port: int) -> Any:
    send = {"host": "127.0.0.1", "port": port, "ack_timeout": 0.5}
    return make_transport("ward", {"kind": "mllp", "send": send})


async def pushed(transport: Any) -> Pushed | Exception:
    """What became of one push; an error that no transport may raise fails the test."""
    outgoing = Outgoing("ref-1", b"a letter", "text/plain; charset=utf-8", "ref-1")
    try:
        async with asyncio.timeout(30):
            return await transport.push(outgoing)  # type: ignore[no-any-return]
    except (TryAgain, Refused, OutcomeUnknown) as error:
        assert marks_in(str(error)) == []
        return error
    finally:
        await transport.close()


def says(*pieces: bytes, lines: bool = False) -> Script:
    """Answers so: after the request, or a piece for each line that it hears."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, piece in enumerate(pieces):
            if number or not lines:
                await reader.readline() if lines else await reader.read(65536)
            writer.write(piece)
            await writer.drain()

    return script


def endless(head: bytes, piece: bytes, counted: list[int]) -> Script:
    """Never ends; what was taken from it is counted."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not head.startswith(b"220"):
            await reader.read(65536)
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            counted.append(len(piece))

    return script


MOST = 48 * 1024 * 1024
"""Bytes that may leave the peer before we hang up: what sockets and one bounded answer hold."""

OK = b"HTTP/1.1 200 OK\r\n"
NONE = b"Content-Length: 0\r\n\r\n"
PROBLEM = b"Content-Type: application/problem+json\r\nContent-Length: 2000\r\n\r\n"
BOMB = gzip.compress(b"\0" * (64 << 20))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (OK + b"Content-Length: 99\r\n\r\nshort", Pushed),
        (OK + b"Content-Length: -1\r\n\r\n", OutcomeUnknown),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", OutcomeUnknown),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", Pushed),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", OutcomeUnknown),
        (OK + b"X: " + b"y" * 500_000 + b"\r\n\r\n", OutcomeUnknown),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB, Pushed),
        (b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", KNOWN),
        (b"HTTP/1.1 000 \r\n\r\n", KNOWN),
        (b"HTTP/9.9 200 OK\r\n\r\n", KNOWN),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", KNOWN),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 5000, KNOWN),
        (b"HTTP/1.1 503 no\r\nRetry-After: 999999999999\r\nContent-Length: 0\r\n\r\n", TryAgain),
        (b"HTTP/1.1 503 no\r\nRetry-After: \xb2\r\nContent-Length: 0\r\n\r\n", TryAgain),
        (b"HTTP/1.1 429 no\r\nRetry-After: Mon, 99 Zzz 9999 99:99:99 GMT\r\n" + NONE, TryAgain),
        (b"HTTP/1.1 422 no\r\n" + PROBLEM + b"[" * 2000, Refused),
        (b"\x16\x03\x01\x02\x00\x01\x00", OutcomeUnknown),
        (b"", OutcomeUnknown),
    ],
)
async def test_what_http_answers(answer: bytes, outcome: Any) -> None:
    async with peer(says(answer)) as server:
        assert isinstance(await pushed(http(server.port)), outcome)


async def test_a_redirect_is_never_followed() -> None:
    elsewhere = says(OK + b"Content-Length: 0\r\n\r\n")
    async with peer(elsewhere) as other:
        for status in (301, 302, 303, 307, 308, 300, 304):
            where = f"Location: http://127.0.0.1:{other.port}/\r\n"
            head = f"HTTP/1.1 {status} Go\r\n{where}Content-Length: 0\r\n\r\n"
            async with peer(says(head.encode())) as server:
                assert isinstance(await pushed(http(server.port)), Refused)
        assert other.callers == 0


@pytest.mark.parametrize(
    ("make", "head", "piece", "outcome"),
    [
        (
            http,
            OK + b"Transfer-Encoding: chunked\r\n\r\n",
            b"10000\r\n" + b"x" * 65536 + b"\r\n",
            Pushed,
        ),
        (http, OK + b"\r\n", b"x" * 65536, Pushed),
        (http, OK, b"X: y\r\n" * 9999, OutcomeUnknown),
        (http, b"HTTP/1.1 ", b"x" * 65536, OutcomeUnknown),
        (mllp, b"\x0b", b"x" * 65536, OutcomeUnknown),
        (mllp, b"", b"x" * 65536, OutcomeUnknown),
        (mllp, b"", b"\x0b" * 65536, OutcomeUnknown),
        (smtp, b"220 ", b"x" * 65536, TryAgain),
        (smtp, b"220-a\r\n", b"220-more\r\n" * 6000, TryAgain),
    ],
)
async def test_what_never_ends_is_left_after_a_bound(
    make: Callable[[int], Any], head: bytes, piece: bytes, outcome: type
) -> None:
    counted: list[int] = []
    async with peer(endless(head, piece, counted)) as server:
        assert isinstance(await pushed(make(server.port)), outcome)
        assert sum(counted) < MOST


GREETED = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize(
    "reply",
    [
        b"\r\n",
        b"\xff\xfe\r\n",
        b"999 what\r\n",
        b"000\r\n",
        b"2\r\n",
        b"250-a\r\n350 b\r\n",
        b"220 " + b"x" * 100_000 + b"\r\n",
        b"250 ok",
        b"421 gone\r\n",
        b"550 " + ALL.encode() + b"\r\n",
        b"334 QUJD\r\n",
        b"",
    ],
)
async def test_what_a_mail_server_answers_before_the_letter(at: int, reply: bytes) -> None:
    """Before the letter is said nothing is in doubt; within it, an answer that is none leaves doubt."""
    script = says(*GREETED[:at], reply, lines=True)
    async with peer(script) as server:
        found = await pushed(smtp(server.port))
    assert isinstance(found, TryAgain | Refused | OutcomeUnknown), found
    assert at == 4 or not isinstance(found, OutcomeUnknown), found


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 300, b"HTTP/1.1 200 OK\r\n\r\n", b"220 again\r\n", b""]
)
async def test_garbage_after_starttls(garbage: bytes) -> None:
    """What is said in clear after STARTTLS is no TLS, and no letter is sent."""
    heard: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n" + garbage):
            writer.write(piece)
            heard.append(await reader.readline())
        heard.append(await reader.read(9999))

    async with peer(script) as server:
        transport = smtp(server.port)
        tls = transport.settings.model_copy(update={"tls": "starttls"})
        transport.settings = tls
        assert isinstance(await pushed(transport), TryAgain)
    assert not any(b"MAIL" in line.upper() for line in heard)


HL7 = make_format({"kind": "hl7v2"})
JSON = make_format({"kind": "hub-json"})
ACK = b"MSH|^~\\&|A|B|C|D|20260101||ACK|1|P|2.4\rMSA|AA|ref-1\r"


@tries(80)
@given(data=st.data())
def test_any_acknowledgement_is_understood_or_babble(data: st.DataObject) -> None:
    body = bytearray(ACK)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=6))
    for form in (HL7, JSON):
        for reply in (
            bytes(body),
            data.draw(st.binary(max_size=40)),
            b"[" * 5000,
            b'{"status":[]}',
        ):
            try:
                form.understand(reply)
            except Unreadable:
                continue


@tries(30)
@given(reply=st.binary(max_size=60), kind=st.sampled_from([http, smtp, mllp]))
def test_any_bytes_at_all(reply: bytes, kind: Callable[[int], Any]) -> None:
    async def once() -> None:
        async with peer(says(reply, lines=kind is smtp)) as server:
            assert isinstance(await pushed(kind(server.port)), KNOWN)

    with logged_as("edge") as log:
        asyncio.run(once())
        assert log.worst() == []


def test_a_port_that_nobody_listens_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for make in (http, smtp, mllp):
        assert isinstance(asyncio.run(pushed(make(port))), TryAgain)
