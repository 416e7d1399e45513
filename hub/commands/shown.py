"""What a hub really runs with can be read, secrets excepted."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from rich.console import Console
from rich.table import Table

from hub.settings import Settings


def table(settings: Settings) -> None:
    """Prints each setting with its value, its source and what it is for."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("setting", "value", "from", "what it is for"):
        shown.add_column(heading, overflow="fold")
    for name, value, source, purpose in rows(settings):
        shown.add_row(name, value, source, purpose)
    Console(soft_wrap=not os.isatty(1)).print(shown, markup=False)


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Name as in the environment, value (never a secret), source, purpose."""
    file = settings.model_config.get("toml_file")
    written = _written(Path(str(file)))
    return [
        (
            f"HUB_{name.upper()}",
            _value(getattr(settings, name)),
            _source(name, written),
            field.description or "",
        )
        for name, field in _fields().items()
    ]


def _fields() -> dict[str, FieldInfo]:
    return Settings.model_fields


def _value(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(hidden)"
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def _source(name: str, written: set[str]) -> str:
    if f"HUB_{name}".upper() in {each.upper() for each in os.environ}:
        return "environment"
    return "hub.toml" if name in written else "default"


def _written(path: Path) -> set[str]:
    return set(tomllib.loads(path.read_text())) if path.exists() else set()
