"""The same questions are put to a hub whatever stands in its ledger: how fast, how soon, how large."""

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from rich.console import Console

from hub.ledger.session import open_ledger
from tests.kit.postgres_server import PostgresServer, binaries
from tests.load.cost import load_average, spent
from tests.load.hub_under_load import Hub, hub, until
from tests.load.measure import Runs, Size, sink
from tests.load.scale import pages
from tests.load.scale.load import load
from tests.load.scale.mix import WAITS, councils
from tests.load.scale.site import TOKEN, site

ROLES = ("core", "edge-in", "edge-out", "desk")
MINUTES = 1.0
_SIZE = Size(flat_out=3000, rate=50.0)
_console = Console(stderr=True)


@contextmanager
def ledger(kind: str, folder: Path) -> Iterator[tuple[str, int | None]]:
    """A database of this kind in a folder, where it may stand already; and its server's process."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'hub' / 'ledger.db'}", None
        return
    server = PostgresServer(folder / "postgres", binaries(folder), durable=True)
    url = server.start()
    try:
        yield url, server.pid
    finally:
        server.stop()


def filled(
    kind: str, folder: Path, messages: int, waits: int = WAITS, day: int = 0
) -> dict[str, float]:
    """Loads a folder's ledger, and tells what that took."""
    data = folder / "hub"
    data.mkdir(parents=True)
    # PostgreSQL runs as another user where we are root.
    folder.chmod(0o755)
    site(data)
    began = time.monotonic()
    with ledger(kind, folder) as (url, _):
        load(url, data, councils(messages, waits, day))
        size = _bytes(url)
    took = time.monotonic() - began
    return {"loaded in s": took, "ledger bytes a message": size / (messages + waits + day)}


def measured(kind: str, folder: Path, calm: bool = False) -> dict[str, float]:
    """Everything of one ledger that stands; `calm`: how it fares for a minute, instead of how fast."""
    data = folder / "hub"
    os.environ["LOAD_TOKEN"] = TOKEN
    pair = site(data)
    (data / "log").unlink(missing_ok=True)
    with ledger(kind, folder) as (url, server):
        given = None if kind == "sqlite" else url
        with (
            hub(data, given, pair=pair) as running,
            sink([one.outward for one in pair]) as arrivals,
        ):
            figures = {"load average": load_average()}
            figures |= {f"{role} ready after s, cold": s for role, s in ready(data).items()}
            # A hub that has just started warms a spare of each role for some twenty seconds.
            _spares_are_warm(running, ROLES)
            runs = Runs(running, arrivals, _SIZE, server)
            if calm:
                figures |= _a_while(running, runs)
                return figures | pages.read_pages(data, url) | _again(running)
            figures |= pages.read_pages(data, url)
            runs.warm()
            for at, link in enumerate(pair):
                before = _touched(url)
                found = runs.flat_out(link, _SIZE.flat_out, 8)
                after = _touched(url)
                figures |= {f"{name}, {_OF[at]}": found[name] for name in found if _said(name)}
                figures |= {
                    f"{name} a message, {_OF[at]}": (after[name] - before[name]) / _SIZE.flat_out
                    for name in before
                }
            return figures | _again(running)


_OF = ("one lane", "lane a case")


def _said(name: str) -> bool:
    return name.endswith(("/s", " µs")) and not name.startswith(("sink", "generator"))


def _a_while(running: Hub, runs: Runs) -> dict[str, float]:
    """How large each role is, before and after a minute of traffic beside what waits."""
    before = _resident(running)
    runs.paced(running.links[1], int(_SIZE.rate * 60 * MINUTES), _SIZE.rate)
    after = _resident(running)
    figures = {}
    for role in before:
        figures[f"{role} MB at the start"] = before[role]
        figures[f"{role} MB after a minute at {_SIZE.rate:.0f}/s"] = after[role]
    return figures


def _again(running: Hub) -> dict[str, float]:
    """Kills core with a warm spare behind it, three times; then once more before another is warm."""
    took = []
    for _ in range(3):
        _spares_are_warm(running, ("core",))
        took.append(_killed(running))
    return {
        "core ready after kill -9, s (worst of 3)": max(took),
        "core ready after kill -9 at once again, s": _killed(running),
    }


def _killed(running: Hub) -> float:
    pid = running.pids["core"]
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    until(partial(_another, running, pid), 60, "core does not come back", 0.01)
    return time.monotonic() - began


def _spares_are_warm(running: Hub, roles: Sequence[str]) -> None:
    """The processes behind these roles have read their programs: they have used no processor for a second."""
    seen, since = 0.0, time.monotonic()
    ends = since + 90
    while time.monotonic() < ends:
        spares = _spares(running, roles)
        used = sum(spent({str(pid): pid for pid in spares}).values())
        if used != seen or len(spares) < len(roles):
            seen, since = used, time.monotonic()
        elif time.monotonic() - since > 1:
            return
        time.sleep(0.05)
    raise TimeoutError(f"no warm spare of each of {', '.join(roles)}")


def _spares(running: Hub, roles: Sequence[str]) -> list[int]:
    record = str(running.data.absolute() / "run.json")
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = set((place / "cmdline").read_bytes().decode().split("\0"))
            if {"hub.running.standby", record} <= words and words & set(roles):
                found.append(int(place.name))
    return [pid for pid in found if pid not in running.pids.values()]


def _another(running: Hub, gone: int) -> bool:
    return running.pids["core"] != gone and running.ready()


def ready(data: Path) -> dict[str, float]:
    """What the supervisor said of the first start of each role."""
    found: dict[str, float] = {}
    for line in (data / "log").read_text().splitlines():
        if line.startswith("{") and '"ready"' in line:
            said = json.loads(line)
            if said.get("event") == "ready" and said.get("kind") in ROLES:
                found.setdefault(said["kind"], float(said["seconds"]))
    return found


def _resident(running: Hub) -> dict[str, float]:
    """Megabytes of each role."""
    found = {}
    for role in ROLES:
        status = Path(f"/proc/{running.pids[role]}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        found[role] = int(line.split()[1]) / 1024
    return found


def _touched(url: str) -> dict[str, float]:
    """Pages of 8 KB that PostgreSQL has looked at so far, and those of them that it had to fetch.

    What a message costs where no disk and no neighbour has a say in it.
    """
    if url.startswith("sqlite"):
        return {}
    engine = open_ledger(url)
    with engine.connect() as conn:
        # What a connection did is counted when it is idle, a second later at most.
        time.sleep(1.5)
        sql = "select blks_hit + blks_read, blks_read from pg_stat_database where datname = current_database()"
        looked, fetched = conn.exec_driver_sql(sql).one()
    engine.dispose()
    return {"pages looked at": float(looked), "pages fetched": float(fetched)}


def _bytes(url: str) -> float:
    engine = open_ledger(url)
    sql = "select pg_database_size(current_database())"
    if url.startswith("sqlite"):
        sql = "select page_count * page_size from pragma_page_count(), pragma_page_size()"
    with engine.connect() as conn:
        size = float(conn.exec_driver_sql(sql).scalar_one())
    engine.dispose()
    return size
