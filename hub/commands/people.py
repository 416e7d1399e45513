"""The first administrator is added by who can already reach the ledger's machine."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from hub.commands.calling import effective, fail

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(help="Who may sign in at the desk.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Who may sign in at the desk."""


@app.command()
def add(
    name: Annotated[str, typer.Option(prompt=True)],
    email: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[
        str, typer.Option(help="What they may do: a wrong one is answered with all there are")
    ] = "administrator",
    authority: Annotated[str, typer.Option(help="Local authority code; *: all")] = "*",
    agency: Annotated[str, typer.Option(help="Of an agency's worker")] = "",
    team: Annotated[str, typer.Option(help="Of one team's worker")] = "",
) -> None:
    """Add a person; prints the password to hand over, once."""
    from hub.desk.accounts.people import a_grant, add_person

    with _people(make=True) as engine:
        grant = a_grant(role, authority, agency, team)
        _, password = add_person(engine, name=name, email=email, grants=[grant])
    print(f"{email} signs in with {password}")


@app.command()
def token(
    email: Annotated[str, typer.Argument(help="Of whom the program acts for")],
    label: Annotated[str, typer.Option(help="What the token is for")] = "API",
) -> None:
    """Make a token for the desk's API, in force until it is ended on the people page."""
    import time

    from hub.desk.accounts.people import NotAdded
    from hub.desk.accounts.tokens import make_token
    from hub.ledger.write import rows

    with _people() as engine, engine.begin() as conn:
        sql = "select person_id from person where email = :email"
        found = rows(conn, sql, email=email.strip().lower())
        if not found:
            raise NotAdded(
                f"there is nobody with {email} in {engine.url.render_as_string()}:"
                " add them first (`hub people add`)"
            )
        secret = make_token(conn, found[0].person_id, label, time.time())
    print(secret)


@contextmanager
def _people(*, make: bool = False) -> Iterator["Engine"]:
    """The people of this site; what keeps a command from them is a sentence, not a traceback."""
    from sqlalchemy.exc import DBAPIError

    from hub.desk.accounts.open import open_people
    from hub.desk.accounts.people import NotAdded
    from hub.ledger.session import named
    from hub.ledger.version import there

    url = effective().people_database
    known = there(url)
    if not known and not make:
        fail(
            f"nobody stands in {named(url)}, which is not there: add them first (`hub people add`)"
        )
    engine = None
    try:
        engine = open_people(url)
        yield engine
        if not known:
            print(
                f"{named(url)} was not there and was made: a desk that runs elsewhere knows nobody"
                " in it",
                file=sys.stderr,
            )
    except NotAdded as error:
        fail(str(error))
    except DBAPIError as error:
        fail(f"people cannot be read or written in {named(url)}: {error.orig}")
    finally:
        if engine is not None:
            engine.dispose()
