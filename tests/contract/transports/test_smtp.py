"""E-mail keeps the contract: verified domains only, nothing told in the subject, transport proved and no more."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from connectors.base import OutcomeUnknown, Outgoing, Refused, TryAgain
from schemas.envelope import AckLevel
from tests.contract.transports.bench import UTF8, Does, Features
from tests.contract.transports.certificates import Authority
from tests.contract.transports.smtp_peer import ADDRESS, MailServer
from tests.contract.transports.suite import Sending

TEXT = "text/plain; charset=utf-8"
LETTER = b"OFFICIAL-SENSITIVE\n\nDear colleague,\n.\n.hidden dot\nFrom here on\n" + UTF8


@pytest.fixture
async def sends() -> AsyncIterator[MailServer]:
    peer = MailServer()
    await peer.up()
    yield peer
    await peer.down()


class TestSmtp(Sending):
    kind: ClassVar[str] = "smtp"
    features: ClassVar[Features] = Features(
        mode="sent",
        proves=AckLevel.TRANSPORT,
        outcomes={
            Does.REFUSES: Refused,
            Does.IS_BUSY: TryAgain,
            Does.HANGS: OutcomeUnknown,
            Does.BABBLES: OutcomeUnknown,
            Does.CLOSES: OutcomeUnknown,
            Does.RESETS: OutcomeUnknown,
            Does.IS_DOWN: TryAgain,
        },
        bodies=(UTF8, LETTER, b"x" * 5000),
        media_type=TEXT,
        largest=b"a line of a long letter\n" * 20_000 + b"end",
        keeps_connection=False,
    )

    async def test_the_letter_reads_well_and_gives_nothing_away(self, sends: MailServer) -> None:
        await sends.transport.push(Outgoing("ref-9", LETTER, TEXT, "Reference ref-9"))
        (letter,) = sends.letters
        assert letter["Subject"] == "Reference ref-9"
        assert letter["From"] == "hub@council.example.org" and letter["To"] == ADDRESS
        assert letter["Message-ID"] == "<ref-9@council.example.org>"
        assert letter["Date"].datetime.isoformat() == "2026-11-02T17:30:00+00:00"
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter.get_content_type() == "text/plain"
        assert sends.raw[0].isascii()
        head = sends.raw[0].partition(b"\r\n\r\n")[0]
        assert b"Zo" not in head

    async def test_names_the_queue_it_was_put_in(self, sends: MailServer) -> None:
        pushed = await sends.transport.push(self.outgoing(b"one"))
        assert pushed.their_reference == "4A1B2C"

    async def test_a_message_may_name_its_own_recipient(self, sends: MailServer) -> None:
        to = "head@SCHOOL.example.org"
        await sends.transport.push(Outgoing("r", b"one", TEXT, "r", recipient=to))
        assert sends.letters[0]["To"] == to

    @pytest.mark.parametrize(
        "to",
        [
            "head@example.org",
            "head@not-school.example.org",
            "head@school.example.org.example.net",
            "head@example.net,x@school.example.org",
            "x@school.example.org\r\nBcc: y@example.net",
            "no address",
            "",
        ],
    )
    async def test_any_other_domain_is_refused(self, sends: MailServer, to: str) -> None:
        if not to:
            to = " "
        with pytest.raises(Refused):
            await sends.transport.push(Outgoing("r", b"one", TEXT, "r", recipient=to))
        assert not sends.heard

    @pytest.mark.parametrize(
        "outgoing",
        [
            Outgoing("r", b"Zo\xeb", TEXT),
            Outgoing("r", b"%PDF", "application/pdf"),
            Outgoing("r", b"one", TEXT, "two\r\nBcc: y@example.net"),
        ],
    )
    async def test_what_is_no_letter_is_refused(
        self, sends: MailServer, outgoing: Outgoing
    ) -> None:
        with pytest.raises(Refused):
            await sends.transport.push(outgoing)
        assert not sends.heard

    async def test_any_reference_makes_one_message_id(self, sends: MailServer) -> None:
        for _ in range(2):
            await sends.transport.push(Outgoing("a b>\n<c", b"one", TEXT, "r"))
        first, second = (letter["Message-ID"] for letter in sends.letters)
        assert first == second and first.count(">") == 1

    async def test_starttls_proves_the_mail_server(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        pair = authority.pair("mail")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        trusted = MailServer(
            context, host="localhost", tls="starttls", trust={"ca": str(authority.file)}
        )
        await trusted.up()
        assert "TLSv1.3" in await trusted.transport.probe()
        await trusted.transport.push(self.outgoing(b"one"))
        assert len(trusted.heard) == 1
        await trusted.down()

        stranger = MailServer(context, host="localhost", tls="starttls")
        await stranger.up()
        with pytest.raises(TryAgain) as caught:
            await stranger.transport.push(self.outgoing(b"one"))
        assert caught.value.connection and not stranger.heard
        await stranger.down()

    async def test_never_in_clear_text_where_tls_is_asked_for(self) -> None:
        plain = MailServer(host="localhost", tls="starttls")
        await plain.up()
        with pytest.raises(TryAgain):
            await plain.transport.push(self.outgoing(b"one"))
        assert not plain.heard
        await plain.down()

    @pytest.mark.parametrize(
        ("settings", "cure"),
        [
            ({"host": "mail.example.org"}, "write starttls or tls"),
            ({"username": "hub"}, "belong together"),
            ({"recipient": "x@example.net"}, "verified_domains"),
            ({"verified_domains": []}, "verified_domains"),
            ({"sender": "nobody"}, "not an e-mail address"),
        ],
    )
    def test_mistakes_name_their_cure(self, settings: dict[str, object], cure: str) -> None:
        with pytest.raises(ValueError, match=cure):
            MailServer(None, **settings)
