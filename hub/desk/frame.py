"""Every page is drawn, refused and signed for in the same way, and none without knowing who reads it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hub import clock
from hub.desk.access import NOTHING, Action, Allowed, Facts, Grant, Person, may
from hub.desk.accounts.sessions import whose
from hub.desk.desk import Desk
from hub.desk.kept import mark
from hub.desk.security import LENGTH, SESSION, VISITOR, csrf, from_here, from_our_page
from hub.desk.shown import words
from hub.desk.shown.incident_words import (
    incident_cause,
    incident_count,
    incident_end,
    incident_link,
    incident_title,
)
from hub.desk.whose import concerning
from hub.ledger.read.handovers import Whose
from hub.ledger.read.sentences import Deadline, Part, answer_of
from schemas.endings import ConflictEnd

HERE = Path(__file__).parent


class Stop(Exception):
    """A page that is not shown: what happened, and what to do next."""

    def __init__(self, status: int, happened: str, do: str = ""):
        super().__init__(happened)
        self.status = status
        self.happened = happened
        self.do = do


class SignIn(Exception):
    """Nobody is signed in, or no longer (`ended`)."""

    def __init__(self, *, ended: bool = False):
        super().__init__()
        self.ended = ended


class SignedInAnew(Exception):
    """They posted a form that was shown to them under a sign-in before this one."""


def nothing_here() -> Stop:
    """The same words whether there is nothing or it may not be seen: existence tells, too."""
    return Stop(
        404,
        "There is nothing here that you may see",
        "Check the reference. If it was passed on to another team or authority, ask them.",
    )


def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals |= {
        "when": _time(words.when),
        "due": _time(words.due),
        "at": _time(words.when, short=True),
        "second": _time(words.second, short=True),
        "clock_of": words.clock,
        "shown": _part,
        "left": words.left,
        "mood_of": lambda moment, now: words.due(moment, now).mood.value,
        "when_text": _instant,
        "incident_title": incident_title,
        "incident_end": incident_end,
        "incident_link": incident_link,
        "incident_cause": incident_cause,
        "incident_count": incident_count,
        "answer_of": answer_of,
        "Action": Action,
        "conflict_ends": tuple(ConflictEnd),
    }
    env.filters |= {
        "count": words.count,
        "seconds": words.seconds,
        "title_of": words.title,
        "size": words.size,
        "short": words.short,
        "capital": words.capital,
        "field": words.field,
        "snake": words.snake,
        "span": words.span,
    }
    return env


_SHORT = Markup('<time datetime="{}" title="{}" class="{}">{}</time>')
_WITH_DISTANCE = Markup(
    '<time datetime="{}" title="{}" class="{}">{} <span class="far">({})</span></time>'
)


def _time(say: Callable[[datetime, datetime], words.When], *, short: bool = False) -> Any:
    """A moment as a page shows it; the exact instant stands behind it. `short`: inside a sentence."""
    shape = _SHORT if short else _WITH_DISTANCE

    def shown(moment: datetime | None, now: datetime) -> Markup:
        if moment is None:
            return Markup("")
        told = say(moment, now)
        more = () if short else (told.far,)
        return shape.format(told.iso, told.exact, told.mood.value, told.text, *more)

    return shown


def _part(part: Part, now: datetime) -> str | Markup:
    """A part of a sentence, as a page shows it."""
    if isinstance(part, str):
        return part
    told: Markup = _BY(part.at, now) if isinstance(part, Deadline) else _AT(part, now)
    return told


def _instant(said: str, now: datetime) -> Markup | None:
    """A message's own instants, as people read them; None for any other text."""
    if len(said) < 19 or said[10:11] != "T":
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        return None
    return _WHEN(found, now) if found.tzinfo else None


_WHEN = _time(words.when)
_AT, _BY = _time(words.when, short=True), _time(words.due, short=True)
PAGES = _environment()


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    desk: Desk
    person: Person
    now: datetime
    program: bool = False
    """It came by a token, and is answered in JSON"""

    @property
    def authorities(self) -> list[str] | None:
        """What of the ledger is read for them; None is all."""
        held = self.person.authorities
        return None if "*" in held else list(held)

    @property
    def whose(self) -> Whose:
        """What of it may be theirs to act on."""
        return concerning(self.desk.directory, self.person)

    def may(self, action: Action, facts: Facts = NOTHING) -> bool:
        """Whether a button is shown."""
        return bool(may(self.person, action, facts))

    def must(self, action: Action, facts: Facts = NOTHING) -> Grant:
        """The grant by which they do it; refuses the page where there is none."""
        found = may(self.person, action, facts)
        if isinstance(found, Allowed):
            return found.by
        raise Stop(
            403,
            f"You may not {action.value}: {found.why}",
            "If you should be able to, ask your administrator for the role.",
        )

    def page(self, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
        """A page, or only its live part where the page asks for that."""
        return draw(self.request, template, status, visit=self, **facts)


def desk_of(request: Request) -> Desk:
    """The desk that serves this request."""
    found: Desk = request.app.state.desk
    return found


def cookie_of(request: Request) -> str:
    """The cookie that forms are bound to: the session's, else the visitor's."""
    return request.cookies.get(SESSION) or request.cookies.get(VISITOR) or ""


def signed_in(request: Request) -> Visit:
    """Who is here; raises `SignIn`. A page that refreshes itself does not keep a sign-in alive."""
    desk = desk_of(request)
    cookie = request.cookies.get(SESSION, "")
    by_itself = "x-live" in request.headers or request.url.path in ("/live", "/live/left")
    if not cookie:
        raise SignIn
    person = whose(desk.people, cookie, desk.seconds(), desk.limits, used=not by_itself)
    if person is None:
        raise SignIn(ended=True)
    visit = request.state.visit = Visit(request, desk, person, clock.now())
    return visit


def posted(request: Request, token: Annotated[str, Form()] = "") -> Visit:
    """Who posted this form, from our own page; raises `SignIn`, `SignedInAnew` or `Stop`."""
    visit = signed_in(request)
    key = visit.desk.keys.key("session")
    ours = from_our_page(key, cookie_of(request), token, request.headers)
    if (
        not ours
        and from_here(request.headers)
        and token[LENGTH:] == mark(key, visit.person.person_id)
    ):
        raise SignedInAnew
    checked(request, token)
    return visit


def checked(request: Request, token: str) -> None:
    """Refuses a form that did not come from a page of ours."""
    desk = desk_of(request)
    if not from_our_page(desk.keys.key("session"), cookie_of(request), token, request.headers):
        raise Stop(
            403,
            "This form did not come from a page of the desk, so nothing was done",
            "Go back, load the page again, and press the button there.",
        )


Version = Annotated[int, Form(ge=0, le=2**31 - 1)]
"""The version that they saw; no journey has more than a database counts."""

Reader = Annotated[Visit, Depends(signed_in)]
Actor = Annotated[Visit, Depends(posted)]


def draw(request: Request, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """Draws a page."""
    desk = desk_of(request)
    key = desk.keys.key("session")
    by = mark(key, facts["visit"].person.person_id) if facts.get("visit") else ""
    common: Mapping[str, Any] = {
        "site": desk.settings.site,
        "now": clock.now(),
        "here": clock.london(clock.now()),
        "token": csrf(key, cookie_of(request)) + by,
        "path": request.url.path,
        "visit": None,
        "desk": desk,
        "road_up": desk.road.up,
    }
    text = PAGES.get_template(template).render({**common, **facts})
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def see_other(where: str) -> Response:
    """After a form, the page again: reloading it does nothing twice."""
    return RedirectResponse(where, 303)
