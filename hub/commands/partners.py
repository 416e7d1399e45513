"""Partner files are checked, and partners probed, before anything depends on them."""

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.calling import call, effective

app = typer.Typer(help="Who the hub speaks with.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Check every partner file; each mistake with file, line and what to write instead."""
    call("hub.directory.partner_files", "check_command", effective())


@app.command("test")
def probe(
    partner: str,
    alert: Annotated[bool, typer.Option("--alert", help="Send one alert marked as a test")] = False,
) -> None:
    """Open a partner's connection and probe it."""
    if alert:
        call("hub.commands.try_alert", "try_command", effective(), partner)
    else:
        call("hub.commands.try_partner", "probe_command", effective(), partner)


@app.command("dry-run")
def dry_run(
    partner: str, file: Annotated[Path, typer.Argument(help="What the partner would send")]
) -> None:
    """Show what would be read, filtered, routed, withheld and written; nothing happens."""
    call("hub.commands.dry_run_shown", "dry_run_command", effective(), partner, file)
