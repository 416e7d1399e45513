"""`make scale` asks a hub over histories of several sizes the same questions, and draws the answers.

Each history is bulk-loaded (alike to what comes by the road: test_alike.py) into a database of its
own, which ends with the run unless `--keep` names where it stays.
"""

import argparse
import json
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.load.scale.plot import plot
from tests.load.scale.sized import filled, measured

OUT = Path("build")
BACKLOG = 100_000
SMALL = 10_000
_console = Console(stderr=True)
PANELS = {
    "messages a second": ("drain/s, one lane", "drain/s, lane a case"),
    "µs of core a message": ("core µs, one lane", "core µs, lane a case"),
    "ms until the page is there, p95": tuple(
        f"{page}, p95 ms"
        for page in ("waiting list", "inbox", "partners", "case", "message", "search")
    ),
    "s until core serves": ("core ready after kill -9, s (worst of 3)", "core ready after s, cold"),
}


def main() -> int:
    """Loads, measures, shows and keeps; 0 whatever the figures are."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--ledger", choices=("sqlite", "postgres"), default="postgres")
    asked.add_argument("--sizes", default="10000 1000000 5000000")
    asked.add_argument("--keep", type=Path, help="where loaded ledgers stay, to be measured again")
    asked.add_argument("--day", type=int, default=0, help="so many more in the last 24 hours")
    asked.add_argument("--no-backlog", action="store_true", help="without what waits for a partner")
    given = asked.parse_args()
    results: dict[int, dict[str, float]] = {}
    for size in map(int, given.sizes.replace(",", " ").split()):
        results[size] = _of(given.ledger, size, given.keep, day=given.day)
    if results:
        _show(f"{given.ledger}: after so many messages", {f"{n:,}": f for n, f in results.items()})
    waiting = {}
    if not given.no_backlog:
        for waits in (200, BACKLOG):
            name = f"{waits:,} wait"
            waiting[name] = _of(given.ledger, SMALL, given.keep, waits, calm=True)
        _show("while they wait for a partner that is down", waiting)
    OUT.mkdir(exist_ok=True)
    kept = {"machine": platform.platform(), "ledger": given.ledger, "sizes": results}
    (OUT / "scale.json").write_text(json.dumps(kept | {"waiting": waiting}, indent=1))
    if results:
        (OUT / "scale.svg").write_text(plot(PANELS, results))
    _console.print(f"kept in {OUT}/scale.json and {OUT}/scale.svg")
    return 0


def _of(
    kind: str, size: int, keep: Path | None, waits: int = 200, *, day: int = 0, calm: bool = False
) -> dict[str, float]:
    """Figures of one history, loaded unless it stands."""
    home = keep or Path(tempfile.mkdtemp(prefix="scale-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)
    folder = home / f"{kind}-{size}-{waits}-{day}"
    try:
        figures = {}
        if not folder.exists():
            _console.print(f"{kind}: {size:,} messages, {waits:,} wait", highlight=False)
            figures = filled(kind, folder, size, waits, day)
        return figures | measured(kind, folder, calm)
    finally:
        if keep is None:
            shutil.rmtree(home, ignore_errors=True)


def _show(title: str, results: dict[str, dict[str, float]]) -> None:
    table = Table("figure", *results, title=title)
    for name in dict.fromkeys(name for found in results.values() for name in found):
        cells = [f"{found[name]:,.4g}" if name in found else "" for found in results.values()]
        table.add_row(name, *cells)
    _console.print(table)


if __name__ == "__main__":
    sys.exit(main())
