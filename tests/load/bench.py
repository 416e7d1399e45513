"""`make bench` measures the road as a partner sees it, beside what Kafka and the database allow.

Drain is the rate at which the backlog that intake left arrives at the sink after the last
acknowledgement; end to end counts from the first message sent to the last arrival.
"""

import argparse
import asyncio
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from hub.embedded import EmbeddedKafka
from tests.kit.postgres_server import PostgresServer, binaries
from tests.load import limits
from tests.load.figures import gathered, show
from tests.load.hub_under_load import hub
from tests.load.measure import Runs, Size, sink
from tests.load.parts import PARTS
from tests.load.parts import measured as part_measured
from tests.load.profiled import profile

OUT = Path("build/bench.json")
PARTS_OUT = Path("build/bench-parts.json")
QUICK = Size(flat_out=1500, alone=400, seconds=4.0)
_console = Console(stderr=True)


def measured(
    ledger: str, runs: int, size: Size, folder: Path, program: tuple[str, ...] = ("hub",)
) -> list[dict[str, float]]:
    """The figures of every run on one ledger, and then those of recovery."""
    found: list[dict[str, float]] = []
    with (
        _database(ledger, folder) as (url, server),
        hub(folder / "hub", url, program) as running,
        sink([link.outward for link in running.links]) as arrivals,
    ):
        status = EmbeddedKafka(running.data).status()
        assert status is not None
        measure = Runs(running, arrivals, size, server)
        measure.warm()
        if url is not None:
            limits.counted(url)
        for number in range(1, runs + 1):
            figures = measure.once()
            for in_flight in (1, 8):
                name = f"limit: flushed Kafka writes/s, {in_flight} in flight"
                figures[name] = asyncio.run(limits.round_trips(status.bootstrap, in_flight))
            figures["limit: bare commits/s"] = limits.commits(url, folder)
            figures["limit: turns/s of a Python loop"] = limits.turns()
            found.append(figures)
            said: tuple[str, ...] = ("load average", "intake/s, 8 connections", "drain/s, one lane")
            said += ("p50 ms at 100/s", "p99 ms at 100/s")
            told = ", ".join(f"{name} {figures[name]:.4g}" for name in said)
            _console.print(f"{ledger} run {number} of {runs}: {told}", highlight=False)
        if program == ("hub",):
            found += [
                measure.recovery(role)
                for _ in range(runs)
                for role in ("edge-in", "edge-out", "core")
            ]
    return found


@contextmanager
def _database(ledger: str, folder: Path) -> Iterator[tuple[str | None, int | None]]:
    if ledger == "sqlite":
        yield None, None
        return
    home = folder / "postgres"
    server = PostgresServer(home, binaries(folder), durable=True)
    url = server.start()
    try:
        yield url, server.pid
    finally:
        server.stop()


def main() -> int:
    """Measures, shows and keeps; 0 whatever the figures are: noise is no failure."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--ledger", choices=("sqlite", "postgres", "both"), default="both")
    asked.add_argument("--quick", action="store_true", help="fewer messages")
    asked.add_argument(
        "--profile", action="store_true", help="only where the time of edge and core goes"
    )
    asked.add_argument("--parts", help=f"only these, of {', '.join(PARTS)}")
    given = asked.parse_args()
    both = given.ledger == "both"
    ledgers: tuple[str, ...] = ("sqlite", "postgres") if both else (given.ledger,)
    if given.parts:
        return _parts(given.parts.split(","), ledgers)
    if given.profile:
        ledgers = ()
    size = QUICK if given.quick else Size()
    results = {}
    for ledger in ledgers:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=_disk()) as name:
            folder = Path(name)
            # PostgreSQL runs as another user where we are root.
            folder.chmod(0o755)
            results[ledger] = gathered(measured(ledger, given.runs, size, folder))
    if results:
        show(_console, results)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_disk()) as name:
        stages = profile(_console, Path(name))
    if results:
        OUT.parent.mkdir(exist_ok=True)
        kept: dict[str, Any] = {
            "python": f"{platform.python_version()}, {sys.executable}",
            "machine": platform.platform(),
        }
        kept |= {"runs": given.runs, "ledgers": results, "stages in µs": stages}
        OUT.write_text(json.dumps(kept, indent=1, ensure_ascii=False))
        _console.print(f"kept in {OUT}")
    return 0


def _parts(parts: Sequence[str], ledgers: Sequence[str]) -> int:
    found: dict[str, Any] = {}
    for part in parts:
        for ledger in ledgers:
            with tempfile.TemporaryDirectory(prefix="bench-", dir=_disk()) as name:
                folder = Path(name)
                folder.chmod(0o755)
                found.setdefault(part, {})[ledger] = part_measured(_console, part, ledger, folder)
    PARTS_OUT.parent.mkdir(exist_ok=True)
    known = json.loads(PARTS_OUT.read_text()) if PARTS_OUT.exists() else {}
    PARTS_OUT.write_text(json.dumps(known | found, indent=1, ensure_ascii=False))
    _console.print(f"kept in {PARTS_OUT}")
    return 0


def _disk() -> str:
    """Beside what is built: a temporary directory may be memory, where nothing is ever flushed."""
    home = Path(tempfile.gettempdir())
    free = shutil.disk_usage(home).free
    return str(home) if free > 2 * 1024**3 else str(Path.cwd())


if __name__ == "__main__":
    sys.exit(main())
