"""An open page knows when the sign-in ends, and one press keeps it: a page that is only open does not."""

from datetime import timedelta

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from hub import clock
from hub.desk.accounts.sessions import left
from hub.desk.frame import Actor, Reader
from hub.desk.security import SESSION

router = APIRouter(include_in_schema=False)
WARN = 180.0
"""Seconds before its end that a sign-in is said to end; a third of a short one's idle time."""


@router.get("/live/left")
def how_long(visit: Reader) -> JSONResponse:
    """Seconds until it ends, when that is by the hub's clock, and whether using it puts that off."""
    desk = visit.desk
    found = left(desk.people, visit.request.cookies[SESSION], desk.seconds(), desk.limits)
    return JSONResponse(
        {
            "left": found.seconds,
            "idle": found.idle,
            "warn": min(WARN, desk.limits.idle_minutes * 20),
            "at": f"{clock.london(visit.now + timedelta(seconds=found.seconds)):%H:%M}",
        },
        headers={"Cache-Control": "no-store"},
    )


@router.post("/live/stay")
def stay(visit: Actor) -> Response:
    """Somebody is there: their sign-in goes on."""
    return Response(status_code=204)
