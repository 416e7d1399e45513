"""A call is somebody's by the token it shows, and never by what a browser keeps."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from hub import clock
from hub.desk.accounts.tokens import bearer
from hub.desk.frame import SignIn, Visit, desk_of

_SCHEME = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A person's token, made by an administrator on the people page",
)


def caller(
    request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]
) -> Visit:
    """Whose token it is; raises `SignIn`."""
    desk = desk_of(request)
    person = bearer(desk.people, shown.credentials, desk.seconds()) if shown else None
    if person is None:
        raise SignIn
    return Visit(request, desk, person, clock.now(), program=True)


Caller = Annotated[Visit, Depends(caller)]
