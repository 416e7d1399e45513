"""An administrator adds people and changes what they may do; nobody is deleted, for the ledger names them."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from hub.desk.access import Action, Role
from hub.desk.accounts.people import (
    NotAdded,
    a_grant,
    add_person,
    everybody,
    give,
    hash_password,
    new_password,
    set_active,
    set_password,
)
from hub.desk.accounts.tokens import end_token, end_tokens, make_token, tokens
from hub.desk.frame import Actor, Reader, Stop, Visit, see_other

router = APIRouter(include_in_schema=False)


@router.get("/people")
def people(visit: Reader) -> HTMLResponse:
    """Everybody, with what they may do."""
    visit.must(Action.SEE_PEOPLE)
    return _page(visit)


def _page(visit: Visit, told: str = "", password: str = "", wrong: str = "") -> HTMLResponse:
    with visit.desk.people.connect().execution_options(reading=True) as conn:
        found = everybody(conn)
        given = tokens(conn)
    agencies = sorted({(p.agency, p.team or "") for p in visit.desk.directory})
    codes = sorted({a for p in visit.desk.directory for a in p.authorities})
    return visit.page(
        "people.html",
        400 if wrong else 200,
        people=found,
        tokens=given,
        moment=lambda seconds: datetime.fromtimestamp(seconds, UTC),
        roles=list(Role),
        agencies=agencies,
        codes=codes,
        told=told,
        password=password,
        wrong=wrong,
        may_change=visit.may(Action.MANAGE_PEOPLE),
    )


@router.post("/people", response_model=None)
def add(
    visit: Actor,
    name: Annotated[str, Form(max_length=120)] = "",
    email: Annotated[str, Form(max_length=254)] = "",
    role: Annotated[str, Form()] = "",
    authority: Annotated[str, Form(max_length=20)] = "*",
    agency: Annotated[str, Form(max_length=40)] = "",
    team: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Adds somebody; the password is shown once, here."""
    visit.must(Action.MANAGE_PEOPLE)
    try:
        grant = a_grant(role, authority, agency, team)
        _, password = add_person(visit.desk.people, name=name, email=email, grants=[grant])
    except NotAdded as error:
        return _page(visit, wrong=str(error))
    return _page(visit, f"{name} may sign in. This password is shown once:", password)


@router.post("/people/{person_id}/role", response_model=None)
def roles(
    visit: Actor,
    person_id: str,
    role: Annotated[str, Form()] = "",
    authority: Annotated[str, Form(max_length=20)] = "*",
    agency: Annotated[str, Form(max_length=40)] = "",
    team: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Gives one more role, or with `none` takes all away."""
    visit.must(Action.MANAGE_PEOPLE)
    with visit.desk.people.begin() as conn:
        known = {one.person_id: one for one, _ in everybody(conn)}
        if person_id not in known:
            raise Stop(404, "There is nobody under that number")
        held = () if role == "none" else known[person_id].grants
        try:
            new = [] if role == "none" else [a_grant(role, authority, agency, team)]
        except NotAdded as error:
            raise Stop(400, str(error), "Go back and choose a role.") from error
        give(conn, person_id, [*held, *new])
    return see_other("/people")


@router.post("/people/{person_id}/token", response_model=None)
def token(
    visit: Actor, person_id: str, label: Annotated[str, Form(max_length=120)] = ""
) -> Response:
    """A token by which a program acts for somebody; shown once, here."""
    visit.must(Action.MANAGE_PEOPLE)
    try:
        with visit.desk.people.begin() as conn:
            secret = make_token(conn, person_id, label, visit.desk.seconds())
    except NotAdded as error:
        return _page(visit, wrong=str(error))
    return _page(visit, "The new token is shown once:", secret)


@router.post("/people/{person_id}/token/{token_id}/end", response_model=None)
def end(visit: Actor, person_id: str, token_id: str) -> Response:
    """A token opens nothing any more."""
    visit.must(Action.MANAGE_PEOPLE)
    with visit.desk.people.begin() as conn:
        end_token(conn, token_id, visit.desk.seconds())
    return see_other("/people")


@router.post("/people/{person_id}/{what}", response_model=None)
def change(visit: Actor, person_id: str, what: str) -> Response:
    """Lets somebody in or out, or makes a new password."""
    visit.must(Action.MANAGE_PEOPLE)
    if what in ("close", "open"):
        if person_id == visit.person.person_id:
            raise Stop(400, "You cannot close your own account", "Ask another administrator.")
        with visit.desk.people.begin() as conn:
            set_active(conn, person_id, what == "open")
            if what == "close":
                end_tokens(conn, person_id, visit.desk.seconds())
        return see_other("/people")
    if what == "password":
        password = new_password()
        hashed = hash_password(password)
        with visit.desk.people.begin() as conn:
            set_password(conn, person_id, hashed)
        return _page(visit, "The new password is shown once:", password)
    raise Stop(404, "There is no such change")
