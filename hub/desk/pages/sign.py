"""Nobody sees a page before signing in, and a wrong password never says what was wrong."""

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from hub import clock
from hub.desk.accounts.sessions import NotIn, SignedIn, sign_in, sign_out
from hub.desk.frame import Actor, Visit, checked, cookie_of, desk_of, draw, see_other
from hub.desk.kept import kept as opened
from hub.desk.kept import mark
from hub.desk.security import SESSION, VISITOR, csrf
from hub.desk.shown import words

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def form(request: Request, then: str = "/", ended: str = "") -> HTMLResponse:
    """The sign-in page; `ended`: somebody was signed in while they read, or pressed a button."""
    return sign_in_form(request, then, ended=ended)


@router.post("/sign-in", response_model=None)
def enter(
    request: Request,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    then: Annotated[str, Form()] = "/",
    token: Annotated[str, Form()] = "",
    kept: Annotated[str, Form()] = "",
) -> Response:
    """Signs somebody in, or says how long to wait."""
    checked(request, token)
    desk = desk_of(request)
    found = sign_in(desk.people, desk.keys.key("session"), email, password, desk.seconds())
    if isinstance(found, NotIn):
        wrong = "That e-mail address and password do not go together."
        if found.wait:
            left = words.span(timedelta(seconds=found.wait))
            wrong = f"Too many tries for this address. Wait {left}, then try again."
        status = 429 if found.wait else 403
        return sign_in_form(
            request,
            then,
            wrong=wrong,
            email=email,
            ended="kept" if kept else "",
            status=status,
            kept=kept,
        )
    response = _given_back(request, found, kept, _ours(then)) if kept else see_other(_ours(then))
    _set(request, response, SESSION, found.cookie, int(desk.limits.hours * 3600))
    response.delete_cookie(VISITOR, path="/", httponly=True, samesite="strict")
    return response


@router.post("/sign-out", response_model=None)
def leave(visit: Actor) -> Response:
    """Ends the sign-in."""
    sign_out(visit.desk.people, visit.request.cookies.get(SESSION, ""))
    response = see_other("/sign-in")
    response.delete_cookie(SESSION, path="/", httponly=True, samesite="strict")
    return response


def _given_back(request: Request, found: SignedIn, text: str, then: str) -> Response:
    """What they had typed when their sign-in had ended, with a button; nothing of anybody else's."""
    desk = desk_of(request)
    key = desk.keys.key("session")
    visit = Visit(request, desk, found.person, clock.now())
    by = mark(key, found.person.person_id)
    typed = opened(key, text, by, desk.seconds())
    token = csrf(key, found.cookie) + by
    return visit.page("kept.html", typed=typed, then=then, token=token)


def sign_in_form(
    request: Request,
    then: str,
    *,
    wrong: str = "",
    email: str = "",
    ended: str = "",
    status: int = 200,
    kept: str = "",
) -> HTMLResponse:
    """The form; `kept` is what was typed when nobody was signed in any more, sealed."""
    cookie = cookie_of(request)
    fresh = cookie or secrets.token_urlsafe(24)
    token = csrf(desk_of(request).keys.key("session"), fresh)
    page = draw(
        request,
        "sign_in.html",
        status,
        then=_ours(then),
        wrong=wrong,
        email=email,
        ended=ended,
        kept=kept,
        token=token,
    )
    if not cookie:
        _set(request, page, VISITOR, fresh, 3600)
    return page


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    secure = request.url.scheme == "https" or desk_of(request).settings.tls_in_front
    response.set_cookie(
        name, value, seconds, path="/", httponly=True, samesite="strict", secure=secure
    )


def _ours(then: str) -> str:
    """Only a path of the desk: a link must not lead a freshly signed-in person elsewhere."""
    safe = then.startswith("/") and not then.startswith(("//", "/\\")) and "\n" not in then
    return then if safe else "/"
