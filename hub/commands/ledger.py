"""The ledger is brought up to date, and its equations are computed, by hand as by the roles."""

import typer

from hub.commands.calling import ask, effective

app = typer.Typer(help="The ledger.", no_args_is_help=True)


@app.command()
def migrate() -> None:
    """Bring the ledger to this program's version."""
    ask("hub.ledger.migrate", "migrate_command", effective())


@app.command()
def reconcile() -> None:
    """Compute both equations of what was owned and planned; name what is missing."""
    ask("hub.ledger.reconcile", "reconcile_command", effective())
