"""A partner that speaks HTTP puts its messages through one door, and the answer says truly whether we have them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from typing import Annotated, Any

from fastapi import FastAPI, Header, Path, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import ClientDisconnect

from connectors.base import MAX_PARCEL, Accept, Kind, Parcel, TryAgain, Verdict
from connectors.certificates import ClientCertificate, Seen, of_peer
from connectors.secrets import SecretRef, every, is_one_of
from connectors.turns import Turn, Turns
from hub import clock
from hub.edge.bound import Bytes
from hub.edge.door_docs import KEY, POST_DOCS, TITLE, VERSION, described
from hub.edge.traced_in import TRACEPARENT
from hub.serving.patient_http import PEER
from hub.serving.served import SILENT
from hub.telemetry import traces

PATIENCE = 5.0
"""Seconds that intake may be full before newcomers are told to come back."""

AT_ONCE = 64
"""Requests of one partner in hand at once; one more is told to come back."""

BODY_WITHIN = 60.0
"""Seconds from the head of a request to the last byte of its body."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One partner at the door, known by a token, a client certificate, or both where both are named."""

    partner: str
    transport: str
    media_type: str
    tokens: tuple[SecretRef, ...]
    accept: Accept
    certificate: ClientCertificate | None = None
    seen: Seen = field(default_factory=Seen)
    turns: Turns = field(default_factory=Turns)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @asynccontextmanager
    async def in_hand(self) -> AsyncIterator[Turn]:
        """One request of theirs, within what they may have in hand."""
        async with self.at_once:
            with self.turns.one() as turn:
                yield turn


Ready = Callable[[], Awaitable[str | None]]
"""What is missing, in a sentence; None when the edge can own messages."""


def make_door(callers: Mapping[str, Caller], room: Bytes, ready: Ready) -> FastAPI:
    """The application; documentation pages are left out because they fetch scripts from elsewhere."""
    app = FastAPI(title=TITLE, version=VERSION, docs_url=None, redoc_url=None, telemetry=SILENT)
    bearer = HTTPBearer(scheme_name="bearer", auto_error=False)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        wrong = error.errors()[0]
        return problem(400, wrong["msg"], place=" ".join(map(str, wrong["loc"])))

    @app.post("/v1/partners/{partner}/messages", status_code=202, **POST_DOCS)
    async def post_messages(
        request: Request,
        partner: Annotated[str, Path(description="Your name in the hub")],
        shown: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
        idempotency_key: Annotated[
            str | None,
            Header(max_length=255, description=KEY),
        ] = None,
    ) -> Response:
        """Hands over one parcel; 202 is said only when the hub owns it."""
        caller = callers.get(partner)
        try:
            token = shown.credentials if shown else ""
            if not known(token, _proved(request), caller) or caller is None:
                return _unknown_caller()
        except TryAgain:
            return _later(503, "the hub cannot check your token now")
        said, facts = content_type(request.headers.get("content-type", ""))
        if traces.on() and (theirs := request.headers.get(TRACEPARENT)):
            facts[TRACEPARENT] = theirs
        if not spoken(said, caller.media_type):
            return problem(415, f"send {caller.media_type}", {"Accept-Post": caller.media_type})
        if room.full_for > PATIENCE or caller.at_once.locked():
            return _later(429, "more is being sent than the hub can take in")
        async with caller.in_hand() as turn:
            try:
                async with asyncio.timeout(BODY_WITHIN):
                    body = await read_body(request, turn)
            except TimeoutError:
                return problem(408, f"the whole body is awaited for {BODY_WITHIN:g} s")
            except ClientDisconnect:
                return Response(status_code=400)  # nobody hears it
            if body is None:
                return problem(413, f"at most {MAX_PARCEL // 2**20} MiB are taken here")
            verdict = await caller.accept(
                Parcel(
                    caller.partner,
                    caller.transport,
                    body,
                    said,
                    clock.now(),
                    idempotency_key,
                    facts,
                )
            )
        return answer(verdict, idempotency_key, caller.media_type)

    @app.get("/health", summary="Whether the process lives", tags=["operations"])
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready", summary="Whether messages can be owned now", tags=["operations"])
    async def is_ready() -> JSONResponse:
        missing = await ready()
        told = {"status": "ready"} if missing is None else {"status": "unable", "why": missing}
        return JSONResponse(told, 200 if missing is None else 503)

    app.openapi = described(app)  # type: ignore[method-assign]
    return app


def known(token: str, proved: bytes | None, caller: Caller | None) -> bool:
    """Whether this is the partner, who shows all that its file names. May raise `TryAgain`."""
    tokens = every(caller.tokens) if caller is not None else []
    right = is_one_of(token, tokens or [""])
    if caller is None:
        return False
    if caller.certificate is not None:
        if proved is None or not caller.certificate.fits(of_peer(proved)):
            return False
        caller.seen.note(proved)
    return right or (caller.certificate is not None and not caller.tokens)


def _proved(request: Request) -> bytes | None:
    state = request.scope.get("state") or {}
    proved: bytes | None = state.get(PEER)
    return proved


def content_type(header: str) -> tuple[str, dict[str, str]]:
    """The media type, and its parameters (character set) as facts."""
    message = Message()
    message["content-type"] = header
    parameters = message.get_params(failobj=[])[1:]
    return message.get_content_type(), {name.lower(): value for name, value in parameters}


def spoken(said: str, media_type: str) -> bool:
    """Whether this is what the partner's format reads; plain JSON names every kind of JSON."""
    return said == media_type or (said == "application/json" and media_type.endswith("+json"))


async def read_body(request: Request, turn: Turn) -> bytes | None:
    """The body whole, or None as soon as it proves larger than a parcel may be."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_PARCEL:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_PARCEL:
            return None
        await turn.read(len(body))
    return bytes(body)


def answer(verdict: Verdict, reference: str | None, media_type: str) -> Response:
    """A verdict as HTTP says it."""
    if verdict.kind is Kind.UNABLE:
        return _later(503, verdict.reason, verdict.retry_after)
    status = 422 if verdict.kind is Kind.REFUSED else 202
    if verdict.reply is not None:
        return Response(verdict.reply, status, media_type=media_type)
    if verdict.kind is Kind.REFUSED:
        return problem(status, verdict.reason, place=verdict.place)
    known_by = verdict.reference or reference
    return JSONResponse({"reference": known_by, "messages": verdict.message_ids}, status)


_TITLES = {
    400: "Not understood",
    401: "Who is calling?",
    408: "Too slow",
    413: "Too large",
    415: "Another media type is spoken here",
    422: "This must be mended",
    429: "Too much at once",
    503: "Cannot be taken now",
}


def problem(
    status: int, reason: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Problem details (RFC 9457)."""
    body = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": reason}
    body |= {name: value for name, value in more.items() if value}
    return JSONResponse(body, status, headers, "application/problem+json")


def _unknown_caller() -> Response:
    challenge = {"WWW-Authenticate": 'Bearer realm="front-door-hub"'}
    why = "show the bearer token or the client certificate agreed for this partner"
    return problem(401, why, challenge)


def _later(status: int, reason: str, after: float = PATIENCE) -> Response:
    return problem(status, reason, {"Retry-After": str(max(1, round(after)))})
