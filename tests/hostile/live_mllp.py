"""A hospital's MLLP listener as an edge serves it, in a thread of its own, before a road that keeps what it gets."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.base import Transport
from connectors.formats import make_format
from connectors.transports import make_transport
from hub.edge.accept import Intake
from hub.edge.app import TYPES
from hub.edge.bound import Bytes, Sends
from hub.edge.report import Tallies
from hub.edge.watched import Watched
from hub.intake.compose import Composer
from hub.partners import Partner, Role
from hub.wire import Outbound
from tests.hostile.live_door import heard
from tests.kit.log_lines import Log, logged_as
from tests.kit.waiting import wait_until
from tests.unit.edge.speaks import KEYS

START, END = b"\x0b", b"\x1c\r"


class LiveMllp:
    """Where to ring, and what came through."""

    def __init__(self, transport: Transport, log: Log):
        self.transport: Any = transport
        self.log = log
        self.owned: list[Outbound] = []

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        """The road: it keeps everything."""
        self.owned += outbounds

    def connect(self, timeout: float = 20.0) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(self.transport.listening, timeout)

    def say(self, raw: bytes) -> list[bytes]:
        """Bytes as they are, and the blocks that were answered before the connection closed."""
        with self.connect() as wire:
            try:
                wire.sendall(raw)
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it hung up on us, and may have said why
            said = heard(wire)
        blocks = said.split(END)
        assert blocks.pop() == b""
        assert all(each[:1] == START and START not in each[1:] for each in blocks)
        return [each[1:] for each in blocks]


def hospital(**more: Any) -> Partner:
    """A hospital whose every attendance is kept."""
    facts: dict[str, Any] = {
        "partner": "exemplar-hospital",
        "title": "Exemplar Hospitals",
        "role": Role.HEALTH,
        "agency": "X26H1",
        "authorities": ("383",),
        "transport": {"kind": "mllp", "listen": {"port": 0}},
        "format": {"kind": "hl7v2", "version": "2.4"},
        "sends": ("health.attendance",),
    }
    return Partner(**facts | more)


@contextmanager
def live_mllp(keep: bool = False, **listen: Any) -> Iterator[LiveMllp]:
    """A listener while the block lasts; `keep`: what cannot be read is kept, not refused."""
    partner = hospital(on_unreadable="keep" if keep else "refuse")
    transport = make_transport(partner.partner, {"kind": "mllp", "listen": {"port": 0} | listen})
    stop = threading.Event()
    with logged_as("edge") as log:
        made = LiveMllp(transport, log)
        room = Bytes(64 * 1024 * 1024)
        intake = Intake(Sends(made.publish), room, Watched(KEYS, []), Tallies())
        accept = intake.of(Composer(partner, TYPES, KEYS), make_format(partner.format))

        async def serve() -> None:
            ended = asyncio.Event()
            serving = asyncio.create_task(transport.serve(accept, ended))
            await asyncio.to_thread(stop.wait)
            ended.set()
            await serving

        running = threading.Thread(target=lambda: asyncio.run(serve()))
        running.start()
        try:
            wait_until(lambda: made.transport.listening)
            yield made
        finally:
            stop.set()
            running.join(20)
