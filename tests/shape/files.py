"""The shape of the house is measured over the files that people wrote."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("schemas", "connectors", "hub")
_MADE = {"build", ".venv", ".venv-browser", "__pycache__", ".git", "static", "node_modules"}


def modules(*tops: str) -> Iterator[Path]:
    """Every hand-written Python file below `tops`; migrations are written by need, not by taste."""
    for top in tops:
        for path in sorted((ROOT / top).rglob("*.py")):
            if not _MADE.intersection(path.parts) and "versions" not in path.parts:
                yield path


def everything() -> Iterator[Path]:
    """Every file that is kept, whatever it is."""
    for path in sorted(ROOT.rglob("*")):
        below = path.relative_to(ROOT).parts
        if path.is_file() and not _MADE.intersection(below) and not below[0].endswith("_cache"):
            yield path


def lines(path: Path) -> int:
    """Physical lines."""
    return len(path.read_text().splitlines())


def name(path: Path) -> str:
    """As people say it."""
    return path.relative_to(ROOT).as_posix()
