"""The first administrator is added by who can already reach the ledger's machine."""

from typing import Annotated

import typer

from hub.commands.calling import effective, fail

app = typer.Typer(help="Who may sign in at the desk.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Who may sign in at the desk."""


@app.command()
def add(
    name: Annotated[str, typer.Option(prompt=True)],
    email: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[str, typer.Option(help="As in DESIGN, e.g. administrator")] = "administrator",
    authority: Annotated[str, typer.Option(help="Local authority code; *: all")] = "*",
    agency: Annotated[str, typer.Option(help="Of an agency's worker")] = "",
    team: str = "",
) -> None:
    """Add a person; prints the password to hand over, once."""
    from hub.desk.access import Grant, Role
    from hub.desk.open import open_people
    from hub.desk.people import NotAdded, add_person

    if role not in set(Role):
        fail(f"there is no role `{role}`: write one of {', '.join(Role)}")
    settings = effective()
    settings.data.mkdir(parents=True, exist_ok=True)
    engine = open_people(settings.people_database)
    grant = Grant(Role(role), authority, agency, team)
    try:
        _, password = add_person(engine, name=name, email=email, grants=[grant])
    except NotAdded as error:
        fail(str(error))
    finally:
        engine.dispose()
    print(f"{email} signs in with {password}")


@app.command()
def token(
    email: Annotated[str, typer.Argument(help="Of whom the program acts for")],
    label: Annotated[str, typer.Option(help="What the token is for")] = "API",
) -> None:
    """Make a token for the desk's API, in force until it is ended on the people page."""
    import time

    from hub.desk.api_tokens import make_token
    from hub.desk.open import open_people
    from hub.desk.people import NotAdded
    from hub.ledger.write import rows

    engine = open_people(effective().people_database)
    try:
        with engine.begin() as conn:
            sql = "select person_id from person where email = :email"
            found = rows(conn, sql, email=email.strip().lower())
            if not found:
                fail(f"there is nobody with {email}: add them first")
            secret = make_token(conn, found[0].person_id, label, time.time())
    except NotAdded as error:
        fail(str(error))
    finally:
        engine.dispose()
    print(secret)
