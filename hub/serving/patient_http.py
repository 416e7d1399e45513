"""Whoever connects over HTTP says what they want within seconds, and no more than so many may be connected.

Uvicorn waits for ever for a request that never comes whole, and takes connections without end.
"""

import asyncio
from typing import Any

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS = 1024
"""Open at once at one listening address; one more is closed at once."""

HEAD_WITHIN = 10.0
"""Seconds from connecting, or from the first byte of a later request, to the last byte of its head."""

HEAD = 32 * 1024
"""Bytes of request line and headers; more is answered 400."""

PEER = "peer_certificate"
"""In a request's state: the certificate (DER) that its caller proved, or None."""

_PIECE = 4096

log = structlog.get_logger("hub.http")


class PatientHttp(H11Protocol):
    """Uvicorn's, with bounds on what it waits for."""

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Takes the connection, or closes it where too many are open."""
        if len(self.connections) >= CONNECTIONS:
            log.warning("too many connections over HTTP", count=len(self.connections))
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self.app_state = self.app_state | {PEER: tls.getpeercert(binary_form=True)}
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        if self.flow is None:
            return  # it was one too many
        self._clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, and starts or ends the wait for a head."""
        while data and not self.transport.is_closing():
            # h11 reads a head of any length that comes in one piece.
            size = len(data) if self._in_hand() else _PIECE
            piece, data = data[:size], data[size:]
            super().data_received(piece)
            self._look()

    def _look(self) -> None:
        """A request in hand is the program's to bound; anything else is a head that is waited for."""
        if self._in_hand():
            self._clear()
        elif self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(HEAD_WITHIN, self._too_slow)

    def _in_hand(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _clear(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _too_slow(self) -> None:
        self._head = None
        if not self._in_hand():
            log.info("no whole request in time over HTTP", seconds=HEAD_WITHIN)
            self.transport.abort()
