"""Anyone who can read the ledger can verify its audit chains and take their root away."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import typer

from hub.commands.calling import NO_LEDGER, effective, fail

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

app = typer.Typer(help="The audit chains.", no_args_is_help=True)


@app.command()
def verify(case: str = typer.Option("", help="Only this case")) -> None:
    """Recompute every chain; exit 1 and each place where one does not hold."""
    from hub.ledger.audit import verify as broken_places
    from hub.ledger.session import at_one_moment

    with _ledger(at_one_moment) as conn:
        broken = list(broken_places(conn, [case] if case else None))
    for place in broken:
        print(f"case {place.case_ref}, entry {place.seq}: {place.why}")
    if broken:
        fail(f"{len(broken)} places where a chain does not hold", 1)
    print("every chain holds")


@app.command()
def root() -> None:
    """Print today's root over all chains, to be kept outside the hub."""
    from hub.clock import london, now
    from hub.ledger.audit import root as root_of

    with _ledger(lambda engine: engine.begin()) as conn:
        made = root_of(conn, f"{london(now()):%Y-%m-%d}", now())
        print(f"{made.day} {made.root} over {made.chains} chains")


@contextmanager
def _ledger(
    how: "Callable[[Engine], AbstractContextManager[Connection]]",
) -> Iterator["Connection"]:
    from sqlalchemy.exc import DBAPIError

    from hub.ledger.session import open_ledger

    engine = open_ledger(effective().ledger_url)
    try:
        with how(engine) as conn:
            yield conn
    except DBAPIError as error:
        fail(f"{NO_LEDGER}: {error.orig}")
    finally:
        engine.dispose()
