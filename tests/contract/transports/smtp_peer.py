"""A mail server in a thread of its own, with the moods of real ones."""

import asyncio
import socket
import ssl
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller

from connectors.base import Transport
from connectors.transports import make_transport
from tests.contract.transports.bench import MOMENT, Does

ADDRESS = "duty.team@school.example.org"


class MailServer:
    """Takes letters; `letters` are whole, `heard` their texts."""

    def __init__(self, context: ssl.SSLContext | None = None, **settings: object):
        self.does = Does.TAKES
        self.heard: list[tuple[str | None, bytes]] = []
        self.letters: list[Any] = []
        self.raw: list[bytes] = []
        self.connections = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._context = context
        self._settings = settings
        self._controller: Controller | None = None
        self.transport: Transport = make_transport(
            "st-elsewhere",
            {
                "kind": "smtp",
                "host": "127.0.0.1",
                "port": self.port,
                "tls": "none",
                "sender": "hub@council.example.org",
                "recipient": ADDRESS,
                "verified_domains": ["school.example.org"],
                "timeout": 0.5,
                **settings,
            },
            lambda: MOMENT,
        )

    async def up(self) -> None:
        """Listens."""
        at_once = self._settings.get("tls") == "tls"
        starttls = None if at_once else self._context
        self._controller = Controller(
            self,
            "127.0.0.1",
            self.port,
            ssl_context=self._context if at_once else None,
            tls_context=starttls,
            require_starttls=starttls is not None,
        )
        await asyncio.to_thread(self._controller.start)

    async def down(self) -> None:
        """Listens no more."""
        if self._controller is not None:
            await asyncio.to_thread(self._controller.stop)
            self._controller = None

    async def hang_up(self) -> None:
        """There is nothing kept open to hang up on."""

    def open(self) -> int:
        """Each letter has a connection of its own."""
        return 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """aiosmtpd: the moods that show before the letter."""
        if self.does is Does.REFUSES:
            return "550 5.1.1 no such mailbox"
        if self.does is Does.IS_BUSY:
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd: the moods that show after the letter."""
        self.connections += 1
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.raw.append(envelope.content)
        self.letters.append(letter)
        text = letter.get_content().replace("\r\n", "\n").removesuffix("\n").encode()
        self.heard.append((letter["Message-ID"], text))
        match self.does:
            case Does.HANGS:
                await asyncio.sleep(1.5)
            case Does.BABBLES:
                return "what is it"
            case Does.CLOSES:
                server.transport.close()
            case Does.RESETS:
                server.transport.abort()
        return "250 2.0.0 OK: queued as 4A1B2C"
