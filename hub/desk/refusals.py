"""Whatever goes wrong is told in words, with what to do next and a reference, and every answer is safe to show."""

import asyncio
import re
from contextlib import suppress
from typing import cast
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.desk.api.problems import problem
from hub.desk.frame import SignedInAnew, SignIn, Stop, desk_of, draw, see_other, signed_in
from hub.desk.kept import keep, said_by, typed
from hub.desk.pages.sign import sign_in_form
from hub.desk.patience import Patience
from hub.desk.plain import Plain
from hub.desk.security import HEADERS, from_here
from hub.ids import fresh

log = structlog.get_logger("desk")

_WITH_BUTTONS = re.compile(
    r"/(message|delivery|parcel|partners|redrives)/[^/]+(?=/)|/(calls|incidents|failed)(?=/)"
)
"""Pages of one thing, and lists, that have buttons; what a button asks for stands behind."""
_BUTTONS_OF_FAILED = ("/stuck/", "/early/", "/match/")
_HTTP = {
    404: (
        "There is no such page",
        "Find what you look for by the rooms above, or by its reference.",
    ),
    405: ("That cannot be done here", "Go back, load the page again, and press the button there."),
    413: (
        "What you sent is too large, so nothing was done",
        "Go back and write less: a page takes 256 KB, and each field says how much it takes.",
    ),
}


def install(app: FastAPI) -> None:
    """Security headers on every answer, and a page or JSON for everything that can go wrong."""
    app.add_middleware(Plain)
    app.add_middleware(Patience, late=_late)
    app.add_middleware(Safe)
    app.exception_handler(SignIn)(_sign_in)
    app.exception_handler(SignedInAnew)(_anew)
    app.exception_handler(Stop)(_stopped)
    app.exception_handler(DBAPIError)(_ledger_away)
    app.exception_handler(NoneFree)(_ledger_away)
    app.exception_handler(StarletteHTTPException)(_http)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_broken)


class Safe:
    """Adds what a browser must know to every answer, streams included."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                if scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "public, max-age=3600"
            await send(message)

        await self.app(scope, receive, safely if scope["type"] == "http" else send)


def _machine(request: Request) -> bool:
    return request.url.path.startswith(("/v1/", "/health", "/ready", "/live", "/metrics"))


async def _sign_in(request: Request, error: Exception) -> Response:
    if _machine(request) or "x-live" in request.headers:
        return JSONResponse({"detail": "signed out"}, 401)
    pressed = request.method == "POST"
    asked = {"then": _page_of(request.url.path) if pressed else _again(request)}
    if pressed and from_here(request.headers):
        form = await request.form()
        desk = desk_of(request)
        key, found = desk.keys.key("session"), typed(request.url.path, form.multi_items())
        sealed = keep(key, found, said_by(form), desk.seconds())
        if sealed:
            return sign_in_form(request, asked["then"], ended="kept", status=401, kept=sealed)
    # Who signed out beside this page, or whose browser let go of the cookie, had pressed it, too.
    if pressed or cast(SignIn, error).ended:
        asked["ended"] = "pressed" if pressed else "read"
    return see_other("/sign-in?" + urlencode(asked) if asked != {"then": "/"} else "/sign-in")


async def _anew(request: Request, error: Exception) -> Response:
    found = typed(request.url.path, (await request.form()).multi_items())
    if found.words:
        then = _page_of(request.url.path)
        return draw(request, "kept.html", 409, visit=request.state.visit, typed=found, then=then)
    return _words(
        request,
        409,
        "You signed in again since this page was shown, so nothing was done",
        "Go back, load the page again, and press the button there.",
    )


def _again(request: Request) -> str:
    if request.url.path == "/find":
        # What somebody searches for may be a child's number: it stands in no address.
        return "/find"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _page_of(path: str) -> str:
    """The page on which a button stood."""
    if path.startswith(_BUTTONS_OF_FAILED):
        return "/failed"
    found = _WITH_BUTTONS.match(path)
    return found.group() if found else "/"


async def _stopped(request: Request, error: Exception) -> Response:
    stop = cast(Stop, error)
    return _words(request, stop.status, stop.happened, stop.do)


async def _ledger_away(request: Request, error: Exception) -> Response:
    log.warning("the ledger does not answer", exc_info=error)
    return _away(request)


async def _late(request: Request) -> Response:
    log.warning("the ledger does not answer in time")
    if _program(request):
        return problem(
            503,
            "The ledger does not answer in time",
            "Nobody knows what became of an act: ask for it before you send it again.",
        )
    return _away(request)


def _away(request: Request) -> Response:
    pressed = request.method == "POST"
    return _words(
        request,
        503,
        "The ledger does not answer, so "
        + ("what you did is not confirmed" if pressed else "this page cannot be shown"),
        "Messages are still accepted and kept. "
        + ("Look at the page again before you press once more. " if pressed else "")
        + "Load the page again in a minute. What must be done now, do by telephone.",
    )


def _program(request: Request) -> bool:
    """Whether it is answered in problem details."""
    return request.url.path.startswith("/v1/desk/")


async def _http(request: Request, error: Exception) -> Response:
    told = cast(StarletteHTTPException, error)
    if _program(request):
        # What is mounted there never hears of an address with a line break in it.
        return problem(told.status_code, str(told.detail), "See the description of this API.")
    if _machine(request):
        return JSONResponse({"detail": told.detail}, told.status_code, told.headers)
    happened, do = _HTTP.get(told.status_code, (str(told.detail), "Go back and try once more."))
    with suppress(SignIn, DBAPIError, NoneFree):
        await asyncio.to_thread(signed_in, request)
    return _words(request, told.status_code, happened, do)


async def _invalid(request: Request, error: Exception) -> Response:
    if _machine(request):
        mistakes = cast(RequestValidationError, error).errors()
        wrong = [{"where": one["loc"], "what": one["msg"]} for one in mistakes]
        return JSONResponse({"detail": wrong}, 422)
    if request.method == "GET":
        return _words(
            request,
            400,
            "That address is not whole",
            "Find the page by the rooms above, or by a reference in the box.",
        )
    return _words(
        request,
        400,
        "The form was not whole, so nothing was done",
        "Go back, load the page again, and fill in every field.",
    )


async def _broken(request: Request, error: Exception) -> Response:
    reference = fresh()[-12:]
    log.error("a page broke", code=reference, exc_info=error)
    return _words(
        request,
        500,
        "Something broke on our side, and nothing was done",
        "Go back and try once more. If it happens again, tell operations this reference.",
        reference,
    )


def _words(
    request: Request, status: int, happened: str, do: str = "", reference: str = ""
) -> Response:
    named = reference or fresh()[-12:]
    if status >= 500 and not reference:
        log.warning("a page was refused", code=named, why=status)
    if _machine(request):
        return JSONResponse({"detail": happened, "reference": named}, status)
    return draw(
        request,
        "error.html",
        status,
        happened=happened,
        do=do,
        reference=named,
        # Whoever is known to be signed in keeps the rooms and the box; not where all may be broken.
        visit=getattr(request.state, "visit", None) if status < 500 else None,
        back=_page_of(request.url.path).removesuffix("/") if request.method == "POST" else "",
        again=_again(request) if status >= 500 and request.method == "GET" else "",
    )
