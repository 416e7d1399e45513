"""A program is refused in the same words as a person, as problem details (RFC 9457)."""

from typing import Any, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree
from starlette.exceptions import HTTPException as StarletteHTTPException

from hub.desk.frame import SignIn, Stop
from hub.ids import fresh

log = structlog.get_logger("desk")
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(description="What happened")
    status: int
    detail: str = Field(description="What to do next")
    reference: str = Field(description="Tell operations, if it happens again")
    act_id: str | None = Field(None, description="The act that the ledger refused")
    errors: list[str] | None = Field(None, description="Where in what you sent, and what is wrong")


def problem(status: int, title: str, detail: str = "", **more: Any) -> Response:
    """An answer that says what happened and what to do."""
    told = Problem(title=title, status=status, detail=detail, reference=fresh()[-12:], **more)
    if status >= 500:
        log.warning("a call was refused", code=told.reference, why=status)
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = "5"
    return Response(told.model_dump_json(exclude_none=True), status, headers, MEDIA_TYPE)


def fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a call may be refused with, for its description."""
    schema = Problem.model_json_schema()
    made: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        title, detail = _MEANT[status]
        example = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "reference": "9a2d7c1f4e11",
        }
        content = {MEDIA_TYPE: {"schema": schema, "example": example}}
        made[status] = {"description": title, "content": content}
    return made


_MEANT = {
    400: ("Why you refuse is missing", "Fill it in and send it again."),
    401: ("Show a token that is in force", "An administrator makes one on the people page."),
    403: ("You may not pass it on: it is held by J. Ahmed", "Ask for the role."),
    404: ("There is nothing here that you may see", "Check the reference."),
    409: ("The ledger refused", "held by J. Ahmed, duty manager: read it again."),
    422: ("This must be mended", "See `errors`."),
    503: ("The ledger does not answer", "Ask again in a minute."),
}


def install(app: FastAPI) -> None:
    """Problem details for everything that can go wrong."""
    app.exception_handler(SignIn)(_no_token)
    app.exception_handler(Stop)(_stopped)
    app.exception_handler(DBAPIError)(_ledger_away)
    app.exception_handler(NoneFree)(_ledger_away)
    app.exception_handler(StarletteHTTPException)(_http)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(Exception)(_broken)


async def _no_token(request: Request, error: Exception) -> Response:
    return problem(401, *_MEANT[401])


async def _stopped(request: Request, error: Exception) -> Response:
    stop = cast(Stop, error)
    return problem(stop.status, stop.happened, stop.do)


async def _ledger_away(request: Request, error: Exception) -> Response:
    log.warning("the ledger does not answer", exc_info=error)
    return problem(503, *_MEANT[503])


async def _http(request: Request, error: Exception) -> Response:
    told = cast(StarletteHTTPException, error)
    answer = problem(told.status_code, str(told.detail), "See the description of this API.")
    answer.headers.update(told.headers or {})
    return answer


async def _invalid(request: Request, error: Exception) -> Response:
    mistakes = cast(RequestValidationError, error).errors()
    # Where and what, and never what was sent: it may speak of a child.
    wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in mistakes]
    return problem(422, *_MEANT[422], errors=wrong)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("a call broke", exc_info=error)
    return problem(500, "Something broke on our side, and nothing was done", "Try once more.")
