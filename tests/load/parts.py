"""What the short bench leaves out is measured by name: `--parts open,import,pairs`."""

import os
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.load.figures import gathered, show
from tests.load.hub_under_load import Hub, hub
from tests.load.importing import imported
from tests.load.measure import Runs, Sink, Size, sink
from tests.load.pairs import PARTITIONS, paired
from tests.load.scale.site import TOKEN, site
from tests.load.scale.sized import ledger

RATE = 500.0
SECONDS = 20
Part = Callable[[Hub, Sink, Runs, str, int], dict[str, float]]


def _open(hub: Hub, arrivals: Sink, runs: Runs, url: str, server: int) -> dict[str, float]:
    return runs.paced(hub.links[0], int(RATE * SECONDS), RATE)


def _import(hub: Hub, arrivals: Sink, runs: Runs, url: str, server: int) -> dict[str, float]:
    return imported(hub, arrivals, url)


def _pairs(hub: Hub, arrivals: Sink, runs: Runs, url: str, server: int) -> dict[str, float]:
    return paired(hub, runs, url) if server else {}


PARTS: dict[str, Part] = {"open": _open, "import": _import, "pairs": _pairs}


def measured(console: Console, part: str, kind: str, folder: Path) -> dict[str, float]:
    """One part on a hub of its own."""
    data = folder / "hub"
    data.mkdir()
    os.environ["LOAD_TOKEN"] = TOKEN
    pair = site(data)
    more = {"HUB_KAFKA_PARTITIONS": str(PARTITIONS)} if part == "pairs" else {}
    with (
        ledger(kind, folder) as (url, server),
        hub(data, None if kind == "sqlite" else url, pair=pair, more=more) as running,
        sink([one.outward for one in pair]) as arrivals,
    ):
        runs = Runs(running, arrivals, Size(), server)
        runs.warm()
        figures = PARTS[part](running, arrivals, runs, url, server or 0)
    show(console, {kind: gathered([figures])}, title=f"part `{part}`")
    return figures
