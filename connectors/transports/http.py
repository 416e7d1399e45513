"""One POST is one attempt: the partner's status says whether it has the message, and no status means nobody knows.

Inbound comes through the hub's door, which reads `token` and `certificate`; nothing listens here.
"""

import asyncio
import contextlib
import ssl
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar, Self

import httpx
import orjson
from pydantic import Field, HttpUrl, model_validator

from connectors.addresses import resolve
from connectors.base import Accept, OutcomeUnknown, Outgoing, Pushed, Refused, TryAgain
from connectors.base import Settings as Base
from connectors.certificates import Certificate, ClientCertificate
from connectors.instant import Now, utc_now
from connectors.renewed import Renewed, TlsWrong, in_use
from connectors.secrets import SecretRef, Secrets, every
from connectors.tls import TRUST, ClientTls, turned_away
from connectors.webhooks import signed
from schemas.envelope import AckLevel

_RESOLVED_FOR = 30.0


class Push(Base):
    """Where messages are posted."""

    url: HttpUrl = Field(description="Address that takes a POST; https unless on this machine")
    token: SecretRef | None = Field(None, description="Bearer token we show, by reference")
    signing_secret: Secrets | None = Field(
        None, description="Signs each push (Standard Webhooks): `whsec_…`, two during a change"
    )
    connect_timeout: float = Field(5.0, gt=0, description="Seconds to connect")
    timeout: float = Field(30.0, gt=0, description="Seconds for the whole exchange")
    max_answer: int = Field(64 * 1024, ge=0, description="Bytes of the answer read at most")
    allow_private: bool = Field(
        False, description="The partner is inside our own network, or on this machine"
    )
    tls: ClientTls = Field(TRUST, description="Trust and our own certificate, for https")

    @model_validator(mode="after")
    def _clear_text_stays_inside(self) -> Self:
        if self.url.scheme == "http" and not self.allow_private:
            raise ValueError("http:// is for private networks: write https:// or `allow_private`")
        if self.url.username or self.url.password:
            raise ValueError("no secret in an address: use `token`")
        return self


class HttpSettings(Base):
    """HTTP in through the door, out by POST, or both."""

    token: Secrets | None = Field(
        None, description="Bearer token the partner shows at the door; several count at once"
    )
    certificate: ClientCertificate | None = Field(
        None, description="Client certificate it shows there: besides the token, or instead of one"
    )
    push: Push | None = Field(None, description="What we send the partner is posted here")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.token is None and self.certificate is None and self.push is None:
            raise ValueError(
                "write `token` or `certificate` (the partner posts to us), `push` or both ways"
            )
        return self


class Http:
    """The transport `http`."""

    name: ClassVar[str] = "http"
    Settings: ClassVar[type[Base]] = HttpSettings
    proves: ClassVar[AckLevel] = AckLevel.RECEIVED
    mode: ClassVar[str] = "sent"
    pulls: ClassVar[bool] = False
    replies: ClassVar[bool] = False

    def __init__(self, partner: str, settings: HttpSettings, now: Now = utc_now) -> None:
        self.partner = partner
        self.settings = settings
        self._clients: dict[int, httpx.AsyncClient] = {}
        self._tls: dict[str, Renewed] = {}
        self._addresses: list[str] = []
        self._resolved = 0.0

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        """The door listens for all HTTP partners at once."""
        await stop.wait()

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        """Posts once, to one of the addresses that were checked, and judges by the status."""
        push = self._push()
        headers = {
            "Host": _authority(push.url),
            "Content-Type": outgoing.media_type,
            "Idempotency-Key": outgoing.reference,
        }
        if push.token is not None:
            headers["Authorization"] = f"Bearer {push.token.read()}"
        if push.signing_secret is not None:
            reference = outgoing.reference
            headers |= signed(push.signing_secret, reference, outgoing.body, utc_now())
        client = self._client(push, connection)
        reason = ""
        for address in await self._resolve(push):
            request = client.build_request(
                "POST",
                _at(push.url, address),
                content=outgoing.body,
                headers=headers,
                extensions={"sni_hostname": push.tls.server_name or push.url.host},
            )
            try:
                return await self._exchange(client, request, push)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                reason = str(error) or type(error).__name__
                continue
            except httpx.LocalProtocolError as error:
                raise Refused("the reference or the token cannot stand in a header") from error
            except (httpx.TransportError, ssl.SSLError, TimeoutError) as error:
                await self.drop(connection)
                if (why := turned_away(error)) is not None:
                    raise TryAgain(why, connection=True) from error
                raise OutcomeUnknown(f"no answer: {type(error).__name__}") from error
            except asyncio.CancelledError:
                await self.drop(connection)
                raise
        self._addresses = []
        raise TryAgain(f"cannot connect to {_authority(push.url)}: {reason}", connection=True)

    async def _exchange(
        self, client: httpx.AsyncClient, request: httpx.Request, push: Push
    ) -> Pushed:
        async with asyncio.timeout(push.connect_timeout + push.timeout):
            response = await client.send(request, stream=True)
        try:
            body = await _capped(response, push)
        finally:
            await response.aclose()
        return _judge(response, body)

    async def _resolve(self, push: Push) -> list[str]:
        moment = asyncio.get_running_loop().time()
        if not self._addresses or moment - self._resolved > _RESOLVED_FOR:
            self._addresses = await resolve(*_host_port(push.url), push.allow_private)
            self._resolved = moment
        return self._addresses

    def _client(self, push: Push, connection: int) -> httpx.AsyncClient:
        if connection not in self._clients:
            try:
                self._know(push)
            except TlsWrong as error:
                raise TryAgain(f"TLS: {error}", connection=True) from error
            self._clients[connection] = httpx.AsyncClient(
                verify=self._tls.get("push", False),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(push.timeout, connect=push.connect_timeout),
                limits=httpx.Limits(max_connections=1, keepalive_expiry=60),
            )
        return self._clients[connection]

    def certificates(self) -> dict[str, Certificate]:
        """Ours, where we show one, and the partner's, where we push."""
        if (push := self.settings.push) is not None:
            with contextlib.suppress(TlsWrong):
                self._know(push)
        return in_use(self._tls)

    def _know(self, push: Push) -> None:
        if push.url.scheme == "https" and "push" not in self._tls:
            self._tls["push"] = push.tls.context(self.partner)

    async def drop(self, connection: int = 0) -> None:
        """Closes the numbered connection."""
        if (client := self._clients.pop(connection, None)) is not None:
            await client.aclose()

    async def probe(self) -> str:
        """Connects and asks for OPTIONS, which changes nothing; any answer will do."""
        # Without a token of theirs, every post of theirs is told to come back.
        every(self.settings.token or ())
        if self.settings.push is None:
            return "inbound only: the partner posts to the door"
        push = self._push()
        url, reason = _authority(push.url), ""
        for address in await self._resolve(push):
            try:
                async with asyncio.timeout(push.connect_timeout + push.timeout):
                    answer = await self._client(push, 0).request(
                        "OPTIONS",
                        _at(push.url, address),
                        headers={"Host": url},
                        extensions={"sni_hostname": push.tls.server_name or push.url.host},
                    )
                return f"{url} answers over {answer.http_version} (status {answer.status_code})"
            except (httpx.TransportError, ssl.SSLError, TimeoutError) as error:
                reason = turned_away(error) or type(error).__name__
        raise TryAgain(f"{url} does not answer ({reason})", connection=True)

    async def close(self) -> None:
        """Closes every connection to the partner."""
        for connection in list(self._clients):
            await self.drop(connection)

    def _push(self) -> Push:
        if self.settings.push is None:
            raise Refused("the partner's file has no `push` for http")
        return self.settings.push


async def _capped(response: httpx.Response, push: Push) -> bytes:
    """The start of the answer; a broken body does not undo the status that came before it."""
    held = bytearray()
    with contextlib.suppress(httpx.TransportError, ssl.SSLError, TimeoutError):
        async with asyncio.timeout(push.timeout):
            async for piece in response.aiter_raw():
                held += piece[: push.max_answer - len(held)]
                if len(held) >= push.max_answer:
                    break
    return bytes(held)


def _judge(response: httpx.Response, body: bytes) -> Pushed:
    """What a status means for the message."""
    status, code = response.status_code, str(response.status_code)
    told = f"{code} {httpx.codes.get_reason_phrase(status)}".strip()
    if response.is_success:
        return Pushed(AckLevel.RECEIVED, detail=told)
    match status:
        case 409:
            return Pushed(AckLevel.RECEIVED, detail=f"{told}: it already has this reference")
        case 401:
            raise TryAgain(f"{told}: the partner does not know our token", connection=True)
        case 408 | 425 | 429 | 503:
            raise TryAgain(told, after=_retry_after(response))
        case 502 | 504:
            raise OutcomeUnknown(f"{told}: a gateway answered, not the partner")
        case _ if status >= 500:
            raise TryAgain(told)
        case 410:
            raise Refused(f"{told}: the partner takes nothing more at this address", code)
        case _ if 300 <= status < 400:
            raise Refused(f"{told}: redirects are not followed", code)
    raise Refused(f"{told}{_title(response, body)}", code)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds the partner asks for; a date is measured against the partner's own clock."""
    said = response.headers.get("Retry-After", "")
    if said.isascii() and said.isdigit():
        return float(said[:6])
    try:
        until, sent = (_http_date(text) for text in (said, response.headers.get("Date", "")))
        return max(0.0, (until - sent).total_seconds())
    except ValueError:
        return None


def _http_date(text: str) -> datetime:
    if (moment := parsedate_to_datetime(text)).tzinfo is None:
        raise ValueError("a date without a zone")
    return moment


def _title(response: httpx.Response, body: bytes) -> str:
    """The title of a problem (RFC 9457), the same for every case of it; nothing that tells of one."""
    if not response.headers.get("Content-Type", "").startswith("application/problem+json"):
        return ""
    try:
        title = orjson.loads(body)["title"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {title[:120]}" if isinstance(title, str) and title.isprintable() else ""


def _host_port(url: HttpUrl) -> tuple[str, int]:
    return (url.host or "").strip("[]"), url.port or 443


def _authority(url: HttpUrl) -> str:
    standing = {"http": 80, "https": 443}[url.scheme]
    return f"{url.host}" if url.port in (None, standing) else f"{url.host}:{url.port}"


def _at(url: HttpUrl, address: str) -> httpx.URL:
    """The same URL at an address that was checked."""
    return httpx.URL(str(url)).copy_with(host=address)
