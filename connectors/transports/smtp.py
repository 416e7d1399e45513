"""An e-mail goes to verified domains only, and proves that a mail server took it and no more."""

import asyncio
import contextlib
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import ClassVar, Literal, Self

import aiosmtplib
from pydantic import Field, field_validator, model_validator

from connectors.base import Accept, OutcomeUnknown, Outgoing, Pushed, Refused, TryAgain
from connectors.base import Settings as Base
from connectors.certificates import Certificate
from connectors.instant import Now, utc_now
from connectors.renewed import Renewed, TlsWrong, in_use
from connectors.secrets import SecretRef
from connectors.tls import TRUST, ClientTls
from schemas.envelope import AckLevel

_HERE = ("localhost", "127.0.0.1", "::1")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_QUEUED = re.compile(r"queued as ([A-Za-z0-9.-]{1,64})")


class SmtpSettings(Base):
    """A mail server that takes our e-mail; nothing is received this way."""

    host: str = Field(description="The mail server")
    port: int = Field(587, ge=1, le=65535, description="587 with starttls, 465 with tls")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none: only to a relay on this machine"
    )
    trust: ClientTls = Field(TRUST, description="Authorities trusted, our own certificate")
    username: str | None = Field(None, description="To sign in with")
    password: SecretRef | None = Field(None, description="To sign in with, by reference")
    sender: str = Field(description="Our address: bounces return to it, the domain signs for it")
    recipient: str | None = Field(None, description="Where a message names no address of its own")
    verified_domains: tuple[str, ...] = Field(
        min_length=1, description="Domains proved secure (DCB1596 or tested); others are refused"
    )
    timeout: float = Field(30.0, gt=0, description="Seconds for each step of the exchange")

    @field_validator("verified_domains")
    @classmethod
    def _domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(domain.lower().lstrip("@") for domain in domains)

    @field_validator("sender", "recipient")
    @classmethod
    def _addresses(cls, address: str | None) -> str | None:
        if address is not None:
            _address(address)
        return address

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls == "none" and self.host not in _HERE:
            raise ValueError("`tls: none` is for a relay on this machine: write starttls or tls")
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` belong together")
        if self.recipient is not None and not _verified(self.recipient, self.verified_domains):
            raise ValueError("the recipient's domain is not among `verified_domains`")
        return self


class Smtp:
    """The transport `smtp`."""

    name: ClassVar[str] = "smtp"
    Settings: ClassVar[type[Base]] = SmtpSettings
    proves: ClassVar[AckLevel] = AckLevel.TRANSPORT
    mode: ClassVar[str] = "sent"
    pulls: ClassVar[bool] = False
    replies: ClassVar[bool] = False

    def __init__(self, partner: str, settings: SmtpSettings, now: Now = utc_now) -> None:
        self.partner = partner
        self.settings = settings
        self._now = now
        self._tls: dict[str, Renewed] = {}

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        """Mail is only sent."""
        await stop.wait()

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        """Hands one e-mail to the mail server; what it does with it afterwards is not known here."""
        to = outgoing.recipient or self.settings.recipient
        if to is None:
            raise Refused("neither the message nor the partner's file names an address")
        letter = self._letter(outgoing, to)
        client = await self._connect()
        try:
            try:
                await client.mail(self.settings.sender)
                await client.rcpt(to)
            except aiosmtplib.SMTPResponseException as error:
                found = _judge(error, "the envelope")
                # Without a letter nothing can have been taken, whatever the answer means.
                raise found if isinstance(found, Refused) else TryAgain(str(found)) from error
            except aiosmtplib.SMTPException as error:
                raise TryAgain(f"lost before the message ({type(error).__name__})") from error
            try:
                answer = await client.data(letter)
            except aiosmtplib.SMTPDataError as error:
                raise _judge(error, "the message") from error
            except aiosmtplib.SMTPException as error:
                raise OutcomeUnknown(f"lost within the message ({type(error).__name__})") from error
            with contextlib.suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=1)
        finally:
            client.close()
        queued = _QUEUED.search(answer.message)
        return Pushed(
            AckLevel.TRANSPORT,
            their_reference=queued and queued[1],
            detail=f"{answer.code} from the mail server",
        )

    def _letter(self, outgoing: Outgoing, to: str) -> bytes:
        """The e-mail; everything that would need a judgement about content is refused."""
        if not _verified(to, self.settings.verified_domains):
            raise Refused("the recipient's domain is not verified", "domain")
        kind, _, subtype = outgoing.media_type.partition(";")[0].strip().partition("/")
        if kind != "text":
            raise Refused(f"an e-mail carries text, not {outgoing.media_type}")
        try:
            text = outgoing.body.decode("utf-8")
            sender = _address(self.settings.sender)
            letter = EmailMessage(policy=SMTP)
            letter["From"] = sender
            letter["To"] = _address(to)
            letter["Subject"] = outgoing.subject_line or outgoing.reference
            letter["Date"] = format_datetime(self._now())
            letter["Message-ID"] = f"<{_local(outgoing.reference)}@{sender.domain}>"
            letter["Auto-Submitted"] = "auto-generated"
            letter.set_content(text, subtype=subtype, charset="utf-8", cte="quoted-printable")
        except ValueError as error:
            raise Refused(f"no e-mail can be made of it ({type(error).__name__})") from error
        return letter.as_bytes()

    async def _connect(self) -> aiosmtplib.SMTP:
        settings = self.settings
        secret = settings.password.read() if settings.password is not None else None
        try:
            self._know()
            client = aiosmtplib.SMTP(
                hostname=settings.host,
                port=settings.port,
                username=settings.username,
                password=secret,
                local_hostname=_address(settings.sender).domain,
                timeout=settings.timeout,
                use_tls=settings.tls == "tls",
                start_tls=settings.tls == "starttls",
                tls_context=self._tls.get("send"),
            )
            await client.connect()
        except TlsWrong as error:
            raise TryAgain(f"TLS: {error}", connection=True) from error
        except aiosmtplib.SMTPResponseException as error:
            reason = f"the mail server answers {error.code}"
            if isinstance(error, aiosmtplib.SMTPAuthenticationError):
                reason += ": it does not accept our name and password"
            raise TryAgain(reason, connection=True) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise TryAgain(
                f"cannot connect to {settings.host}:{settings.port} ({type(error).__name__})",
                connection=True,
            ) from error
        return client

    def certificates(self) -> dict[str, Certificate]:
        """Ours, where we show one, and the mail server's."""
        with contextlib.suppress(TlsWrong):
            self._know()
        return in_use(self._tls)

    def _know(self) -> None:
        if self.settings.tls != "none" and "send" not in self._tls:
            self._tls["send"] = self.settings.trust.context(self.partner)

    async def drop(self, connection: int = 0) -> None:
        """Every e-mail has a connection of its own, closed after it."""

    async def probe(self) -> str:
        """Greets the mail server, over TLS and signed in as for an e-mail, and sends none."""
        client = await self._connect()
        secured = client.get_transport_info("ssl_object")
        with contextlib.suppress(aiosmtplib.SMTPException):
            await client.quit(timeout=1)
        client.close()
        how = secured.version() if secured is not None else "no TLS"
        signed = ", signed in" if self.settings.username is not None else ""
        return f"{self.settings.host}:{self.settings.port} greets us ({how}{signed})"

    async def close(self) -> None:
        """Nothing is open between e-mails."""


def _judge(error: aiosmtplib.SMTPResponseException, about: str) -> Exception:
    """4xx is for now, 5xx for good (RFC 5321, 4.2.1); anything else is no answer at all."""
    reason = f"the mail server answers {error.code} to {about}"
    if 400 <= error.code < 500:
        return TryAgain(reason)
    if 500 <= error.code < 600:
        return Refused(reason, str(error.code))
    return OutcomeUnknown(reason)


def _address(text: str) -> Address:
    try:
        address = Address(addr_spec=text)
    except Exception as error:  # the parser also raises IndexError and its own kinds
        raise ValueError("not an e-mail address") from error
    if not text.isascii() or not address.username or not address.domain:
        raise ValueError("not an e-mail address that every mail server can carry")
    return address


def _verified(address: str, domains: tuple[str, ...]) -> bool:
    return address.rpartition("@")[2].lower() in domains


def _local(reference: str) -> str:
    """The reference where it may stand left of the @, else a digest: the same at every attempt."""
    if _PLAIN.fullmatch(reference):
        return reference
    return sha256(reference.encode()).hexdigest()
