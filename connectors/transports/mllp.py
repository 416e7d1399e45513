"""HL7 v2 over MLLP: one block, one answer, and the next block is not read before that answer is given.

What cannot be owned is answered by closing the connection, because an AE could make the sender
drop the message. A block over `MAX_PARCEL` is handed over cut at one byte more, so that the hub
refuses it for its size and the format can still name it; it is never acknowledged as taken.
"""

import asyncio
import contextlib
import select
import socket
import ssl
from typing import Any, ClassVar, Self

import structlog
from hl7.mllp import open_hl7_connection, start_hl7_server
from pydantic import Field, model_validator

from connectors import frames
from connectors.addresses import on_this_machine
from connectors.base import (
    MAX_PARCEL,
    Accept,
    Kind,
    OutcomeUnknown,
    Outgoing,
    Parcel,
    Pushed,
    Refused,
    TryAgain,
    Verdict,
)
from connectors.base import Settings as Base
from connectors.certificates import Certificate
from connectors.instant import Now, utc_now
from connectors.renewed import Renewed, TlsWrong, in_use
from connectors.tls import ClientTls, ServerTls, turned_away
from connectors.turns import Turns
from schemas.envelope import AckLevel

MEDIA_TYPE = "application/hl7-v2"
_REPLY = 1024 * 1024
_log = structlog.get_logger(__name__)


def _not_in_clear(host: str, tls: Base | None, private_link: bool) -> None:
    if tls is None and not private_link and not on_this_machine(host):
        raise ValueError(
            "MLLP is clear text: `tls:`, or `private_link: true` where a VPN covers it"
        )


class Listen(Base):
    """Where the partner connects to us."""

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(ge=0, le=65535, description="Port to listen on; 0: any free one")
    tls: ServerTls | None = Field(None, description="None: on this machine or a private link alone")
    private_link: bool = Field(
        False, description="A VPN or tunnel protects what MLLP says in clear"
    )
    idle_timeout: float | None = Field(
        4 * 3600.0, gt=0, description="Seconds a silent peer is kept; none: for ever"
    )
    frame_timeout: float = Field(
        60.0, gt=0, description="Seconds from a block's first byte to its last"
    )
    connections: int = Field(32, ge=1, description="Open at once; one more is closed at once")

    @model_validator(mode="after")
    def _protected(self) -> Self:
        _not_in_clear(self.host, self.tls, self.private_link)
        return self


class Send(Base):
    """Where we connect to the partner."""

    host: str = Field(description="The partner's address")
    port: int = Field(ge=1, le=65535, description="The partner's port")
    tls: ClientTls | None = Field(None, description="None: on this machine or a private link alone")
    private_link: bool = Field(
        False, description="A VPN or tunnel protects what MLLP says in clear"
    )
    connect_timeout: float = Field(5.0, gt=0, description="Seconds to connect")
    ack_timeout: float = Field(30.0, gt=0, description="Seconds until the whole answer is there")

    @model_validator(mode="after")
    def _protected(self) -> Self:
        _not_in_clear(self.host, self.tls, self.private_link)
        return self


class MllpSettings(Base):
    """MLLP in, out or both."""

    listen: Listen | None = Field(None, description="What the partner sends us arrives here")
    send: Send | None = Field(None, description="What we send the partner goes here")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.listen is None and self.send is None:
            raise ValueError("write `listen`, `send` or both")
        return self


class _Caller:
    """One connection of a partner to us; `busy` from a whole block until its answer is written."""

    def __init__(self, task: "asyncio.Task[None]"):
        self.task = task
        self.busy = False


class _Line:
    """One kept-open connection to the partner, used by one push at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: Any):
        self.reader = reader
        self.writer = writer
        self._descriptor = writer.get_extra_info("socket").fileno()

    def fresh(self) -> bool:
        """True where nothing waits to be read: no farewell, no word that nobody asked for.

        The kernel is asked, because what it holds has not always reached the stream yet.
        """
        if self.writer.is_closing() or self.reader.at_eof() or self.reader._buffer:  # type: ignore[attr-defined]
            return False
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN | select.POLLHUP)
        return not poll.poll(0)


class Mllp:
    """The transport `mllp`."""

    name: ClassVar[str] = "mllp"
    Settings: ClassVar[type[Base]] = MllpSettings
    proves: ClassVar[AckLevel] = AckLevel.RECEIVED
    mode: ClassVar[str] = "sent"
    pulls: ClassVar[bool] = False
    replies: ClassVar[bool] = True

    def __init__(self, partner: str, settings: MllpSettings, now: Now = utc_now) -> None:
        self.partner = partner
        self.settings = settings
        self.listening: tuple[str, int] | None = None
        self._now = now
        self._callers: set[_Caller] = set()
        self._lines: dict[int, _Line] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self._long = Turns()
        self._tls: dict[str, Renewed] = {}

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        """Listens until `stop`, then answers what was read whole and lets the rest go unanswered."""
        if (listen := self.settings.listen) is None:
            await stop.wait()
            return
        if listen.tls is not None:
            self._tls["listen"] = listen.tls.context(self.partner)
        server = await start_hl7_server(
            lambda reader, writer: self._call(listen, accept, stop, reader, writer),
            listen.host,
            listen.port,
            limit=frames.BUFFER,
            ssl=self._tls.get("listen"),
            **({"ssl_handshake_timeout": 10} if listen.tls else {}),
        )
        self.listening = server.sockets[0].getsockname()[:2]
        try:
            await stop.wait()
        finally:
            server.close()
            self.listening = None
            for caller in self._callers:
                if not (caller.busy and stop.is_set()):
                    caller.task.cancel()
            await asyncio.gather(*(c.task for c in self._callers), return_exceptions=True)

    async def _call(
        self,
        listen: Listen,
        accept: Accept,
        stop: asyncio.Event,
        reader: asyncio.StreamReader,
        writer: Any,
    ) -> None:
        task = asyncio.current_task()
        if task is None or len(self._callers) >= listen.connections:
            _log.warning("mllp.too_many_connections", partner=self.partner)
            writer.close()
            return
        caller = _Caller(task)
        self._callers.add(caller)
        _keep_alive(writer)
        why = ""
        try:
            while not stop.is_set():
                async with asyncio.timeout(listen.idle_timeout):
                    if not await frames.begins(reader):
                        break
                with self._long.one() as turn:
                    async with asyncio.timeout(listen.frame_timeout):
                        body = await frames.rest(reader, MAX_PARCEL, turn)
                    caller.busy = True
                    verdict = await accept(
                        Parcel(self.partner, self.name, body, MEDIA_TYPE, self._now())
                    )
                if (words := _words(verdict, len(body))) is None:
                    why = "nothing may be said"
                    break
                async with asyncio.timeout(listen.frame_timeout):
                    writer.writeblock(words)
                    await writer.drain()
                caller.busy = False
        except frames.Babble as error:
            why = str(error)
        except TimeoutError:
            why = "too slow"
        except OSError as error:
            why = type(error).__name__
        except asyncio.CancelledError:
            why = ""
        finally:
            self._callers.discard(caller)
            writer.close()
            if why:
                _log.info("mllp.closed", partner=self.partner, why=why)

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        """Writes one block on the numbered connection and brings back the one block it answers."""
        if (send := self.settings.send) is None:
            raise Refused("the partner's file has no `send` for mllp")
        if not frames.carries(outgoing.body):
            raise Refused("the message holds a block character, which MLLP cannot carry")
        async with self._turns.setdefault(connection, asyncio.Lock()):
            line = self._lines.get(connection)
            if line is None or not line.fresh():
                await self.drop(connection)
                line = self._lines[connection] = await self._connect(send)
            try:
                async with asyncio.timeout(send.ack_timeout):
                    line.writer.writeblock(outgoing.body)
                    await line.writer.drain()
                    if not await frames.begins(line.reader):
                        raise OutcomeUnknown("the partner closed without an answer")
                    reply = await frames.rest(line.reader, _REPLY, cut=False)
                if len(reply) > _REPLY:
                    raise OutcomeUnknown("the answer is longer than any acknowledgement")
            except (OSError, frames.Babble) as error:
                await self.drop(connection)
                if (why := turned_away(error)) is not None:
                    raise TryAgain(why, connection=True) from error
                raise OutcomeUnknown(_why(error, send)) from error
            except BaseException:
                await self.drop(connection)
                raise
        return Pushed(AckLevel.TRANSPORT, reply)

    async def _connect(self, send: Send) -> _Line:
        try:
            self._know(send)
            async with asyncio.timeout(send.connect_timeout):
                reader, writer = await open_hl7_connection(
                    send.host,
                    send.port,
                    limit=frames.BUFFER,
                    ssl=self._tls.get("send"),
                    server_hostname=send.host if send.tls else None,
                )
        except TlsWrong as error:
            raise TryAgain(f"TLS: {error}", connection=True) from error
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "handshake failed"
            raise TryAgain(f"TLS: {reason}", connection=True) from error
        except OSError as error:
            raise TryAgain(
                f"cannot connect to {send.host}:{send.port} ({type(error).__name__})",
                connection=True,
            ) from error
        _keep_alive(writer)
        return _Line(reader, writer)

    def certificates(self) -> dict[str, Certificate]:
        """Ours and the partner's, where we listen and where we call."""
        if (send := self.settings.send) is not None:
            with contextlib.suppress(TlsWrong):
                self._know(send)
        return in_use(self._tls)

    def _know(self, send: Send) -> None:
        if send.tls is not None and "send" not in self._tls:
            self._tls["send"] = send.tls.context(self.partner)

    async def drop(self, connection: int = 0) -> None:
        """Closes the numbered connection without waiting for the partner."""
        if (line := self._lines.pop(connection, None)) is not None:
            line.writer.transport.abort()

    async def probe(self) -> str:
        """Connects, says nothing and hangs up: MLLP has no greeting to test."""
        if (send := self.settings.send) is None:
            where = self.listening or (self.settings.listen and self.settings.listen.port)
            return f"only listens ({where}); the partner connects to us"
        line = await self._connect(send)
        session = line.writer.get_extra_info("ssl_object")
        line.writer.close()
        how = session.version() if session is not None else "no TLS"
        return f"connected to {send.host}:{send.port} ({how})"

    async def close(self) -> None:
        """Closes every connection to the partner; callers are closed by `serve`."""
        for connection in list(self._lines):
            await self.drop(connection)


def _words(verdict: Verdict, size: int) -> bytes | None:
    """What the caller is told; None where any answer would be wrong and the connection closes."""
    if verdict.kind is Kind.UNABLE or (verdict.kind is Kind.OWNED and size > MAX_PARCEL):
        return None
    return verdict.reply


def _why(error: Exception, send: Send) -> str:
    """Once a byte may have left, nothing but an answer tells what became of the message."""
    if isinstance(error, TimeoutError):
        return f"no whole answer within {send.ack_timeout:g} s"
    if isinstance(error, frames.Babble):
        return f"no answer in MLLP: {error}"
    return f"the connection broke ({type(error).__name__})"


def _keep_alive(writer: Any) -> None:
    """Finds a half-open connection in about two minutes, and never lets a small answer linger."""
    wire = writer.get_extra_info("socket")
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if (number := getattr(socket, option, None)) is not None:
            wire.setsockopt(socket.IPPROTO_TCP, number, value)
