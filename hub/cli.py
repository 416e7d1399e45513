"""`hub` is one program: every role, every tool and every question about it start here.

A command's module is imported when the command is called, so that `hub --help` answers at once and
a role does not carry the others.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands import audit, kafka, keys, ledger, partners, people
from hub.commands.calling import InWords, ask, call, effective, fail, on_the_road

app = typer.Typer(
    cls=InWords,
    help="Front Door Hub: messages between those who protect children, delivered and accounted for.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(kafka.app, name="kafka")
app.add_typer(partners.app, name="partners")
app.add_typer(people.app, name="people")
app.add_typer(audit.app, name="audit")
app.add_typer(ledger.app, name="ledger")
app.add_typer(keys.app, name="keys")

_STORY = Path(__file__).parent.parent / "deploy/demo/story.py"


@app.command()
def run() -> None:
    """Start edge, core and desk, watch them, and start again what ends."""
    call("hub.run", "main", effective())


@app.command()
def edge(
    partners: Annotated[str, typer.Option(help="Only these, separated by commas")] = "",
    part: Annotated[str, typer.Option(help="in: only accept; out: only deliver")] = "",
) -> None:
    """Speak with partners: accept what they send, deliver what core hands out."""
    asked = {"partners": partners, "edge_part": part}
    named: dict[str, Any] = {name: value for name, value in asked.items() if value}
    call("hub.edge.app", "main", on_the_road(effective(**named)))


@app.command()
def core() -> None:
    """Decide: record, route, dispatch, settle, and keep the clocks."""
    call("hub.core.app", "main", on_the_road(effective()))


@app.command()
def desk() -> None:
    """Show the ledger to people and let them act."""
    call("hub.desk.app", "main", on_the_road(effective()))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself; exit 0 if all agrees")
    ] = False,
) -> None:
    """Play an evening at the front door, with one real peer for each protocol."""
    if not _STORY.exists():
        fail(f"the demo is part of the source tree; {_STORY} is not there")
    os.execv(sys.executable, [sys.executable, str(_STORY), *(["--once"] if once else [])])


@app.command()
def settings() -> None:
    """Show every setting: its value, where it came from, what it is for; secrets hidden."""
    from hub.commands.shown import table

    table(effective())


@app.command()
def status() -> None:
    """Show the hub on one screen."""
    ask("hub.commands.status", "status_command", effective())


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty")],
) -> None:
    """Copy ledger and people while the hub runs; keys apart."""
    ask("hub.commands.backups", "backup_command", effective(), target)


@app.command()
def restore(source: Annotated[Path, typer.Argument(metavar="DIR")]) -> None:
    """Put a backup back where no ledger stands."""
    ask("hub.commands.backups", "restore_command", effective(), source)


@app.command()
def trace(
    reference: Annotated[str, typer.Argument(metavar="ID", help="Of a message or a case")],
) -> None:
    """Print the whole journey of a message or a case."""
    ask("hub.commands.trace", "trace_command", effective(), reference)
