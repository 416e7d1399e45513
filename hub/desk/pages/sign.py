"""Nobody sees a page before signing in, and a wrong password never says what was wrong."""

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from hub.desk.accounts.sessions import NotIn, sign_in, sign_out
from hub.desk.frame import Actor, checked, cookie_of, desk_of, draw, see_other
from hub.desk.security import SESSION, VISITOR, csrf
from hub.desk.shown import words

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def form(request: Request, then: str = "/", ended: str = "") -> HTMLResponse:
    """The sign-in page; `ended`: somebody was signed in while they read, or pressed a button."""
    return _form(request, then, ended=ended)


@router.post("/sign-in", response_model=None)
def enter(
    request: Request,
    email: Annotated[str, Form(max_length=254)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    then: Annotated[str, Form()] = "/",
    token: Annotated[str, Form()] = "",
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
        return _form(request, then, wrong=wrong, email=email, status=429 if found.wait else 403)
    response = see_other(_ours(then))
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


def _form(
    request: Request,
    then: str,
    *,
    wrong: str = "",
    email: str = "",
    ended: str = "",
    status: int = 200,
) -> HTMLResponse:
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
