"""An edge beside a partner's network is handed the keys it may hold, and no other."""

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.calling import effective, fail

app = typer.Typer(help="Keys.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keys."""


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="An empty or new directory")],
    partners: Annotated[str, typer.Option(help="Separated by commas")],
) -> None:
    """Write the key files for `hub edge --partners …`."""
    from hub.seal_export import export_keys

    names = [name.strip() for name in partners.split(",") if name.strip()]
    try:
        for path in export_keys(effective(), names, target):
            print(path)
    except ValueError as error:
        fail(str(error))


@app.command()
def make() -> None:
    """Make the keys of a new hub; those that are there stay as they are."""
    from hub.seal import Keyring

    settings = effective()
    Keyring.first_start(settings.keys)
    print(f"{settings.keys}: keep a copy elsewhere, apart from every backup")
