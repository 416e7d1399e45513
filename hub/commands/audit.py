"""Anyone who can read the ledger can verify its audit chains and take their root away."""

import sys
from typing import TYPE_CHECKING

import typer

from hub.commands.calling import ask, effective

if TYPE_CHECKING:
    from hub.settings import Settings

app = typer.Typer(help="The audit chains.", no_args_is_help=True)


@app.command()
def verify(case: str = typer.Option("", help="Only this case")) -> None:
    """Recompute every chain; exit 1 and each place where one does not hold."""
    ask("hub.commands.audit", "verify_command", effective(), [case] if case else None)


@app.command()
def root() -> None:
    """Print today's root over all chains, to be kept outside the hub."""
    ask("hub.commands.audit", "root_command", effective())


def verify_command(settings: "Settings", cases: list[str] | None) -> int:
    """`hub audit verify`; 1 where a chain does not hold."""
    from hub.ledger.audit import verify as broken_places
    from hub.ledger.read.there import ledger_there
    from hub.ledger.session import at_one_moment

    with ledger_there(settings.ledger_url) as engine, at_one_moment(engine) as conn:
        broken = list(broken_places(conn, cases))
    for place in broken:
        print(f"case {place.case_ref}, entry {place.seq}: {place.why}")
    if broken:
        print(f"{len(broken)} places where a chain does not hold", file=sys.stderr)
        return 1
    print("every chain holds")
    return 0


def root_command(settings: "Settings") -> None:
    """`hub audit root`; the day's is kept in the ledger, too."""
    from hub.clock import london, now
    from hub.ledger.audit import root as root_of
    from hub.ledger.read.there import ledger_there

    with ledger_there(settings.ledger_url, write=True) as engine, engine.begin() as conn:
        made = root_of(conn, f"{london(now()):%Y-%m-%d}", now())
    print(f"{made.day} {made.root} over {made.chains} chains")
