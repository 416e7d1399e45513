"""An inbox of letters: a mail server that keeps what it took, and says so.

`python -m deploy.demo.peers.letters BOOKS PORT`
"""

import asyncio
import email
import sys
from email import policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.demo.peers.peer import Books, obey


class Inbox:
    """Keeps each letter under its Message-ID."""

    def __init__(self, books: Books):
        self._books = books

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd for each letter."""
        raw = envelope.original_content or b""
        letter = email.message_from_bytes(raw, policy=policy.default)
        reference = str(letter["Message-ID"]).strip("<>").partition("@")[0]
        part = letter.get_body(("plain",))
        text = part.get_content() if part is not None else ""
        self._books.received(reference, str(letter["Subject"]), text.encode(), envelope.rcpt_tos[0])
        return f"250 OK queued as {reference[:12]}"


async def main(books: Books, port: int) -> None:
    """Serves the story."""
    loop = asyncio.get_running_loop()
    inbox = Inbox(books)
    server = await loop.create_server(lambda: SMTP(inbox, loop=loop), "127.0.0.1", port)

    async def given(order: dict[str, Any]) -> list[dict[str, str]]:
        """All letters: reference, subject, to whom, text."""
        return [
            {"reference": ref, "subject": subject, "to": to, "text": text}
            for ref, subject, to, text in books.given()
        ]

    await obey({"given": given}, {})
    server.close()


if __name__ == "__main__":
    asyncio.run(main(Books(Path(sys.argv[1])), int(sys.argv[2])))
