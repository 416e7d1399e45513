"""Two cores and two edges work beside one another on one PostgreSQL, and what that costs is told beside one of each.

The second core and the second edge that sends out are processes of their own on the same Kafka; who
waits for whose rows is looked up in the server's own account, twenty times a second.
"""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from hub.embedded import EmbeddedKafka
from hub.running import ports
from tests.load.cost import spent
from tests.load.hub_under_load import Hub, until
from tests.load.measure import Runs

EVERY = 0.05
COUNT = 4000
PARTITIONS = 2
_WAITING = (
    "select wait_event_type, count(*) from pg_stat_activity where state = 'active'"
    " and pid <> pg_backend_pid() group by 1"
)
_DATABASE = "select deadlocks, xact_commit, xact_rollback from pg_stat_database where datname = %s"


def paired(hub: Hub, runs: Runs, ledger: str) -> dict[str, float]:
    """The same traffic for one of each, and then for two."""
    figures = {f"{name}, one of each": value for name, value in _run(hub, runs, ledger, {}).items()}
    with ExitStack() as second:
        more = {
            name: second.enter_context(_second(hub, ledger, name, command))
            for name, command in (("core", ("core",)), ("edge-out", ("edge", "--part", "out")))
        }
        time.sleep(3)
        found = _run(hub, runs, ledger, more)
    return figures | {f"{name}, two of each": value for name, value in found.items()}


@contextmanager
def _second(hub: Hub, ledger: str, name: str, command: tuple[str, ...]) -> Iterator[int]:
    """Another process of a role, in a slot of its own."""
    status = EmbeddedKafka(hub.data).status()
    assert status is not None
    home = hub.data / f"second-{name}"
    home.mkdir()
    env = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    env |= {
        "HUB_DATA": str(home),
        "HUB_KEYS_DIR": str(hub.data / "keys"),
        "HUB_PARTNERS_DIR": str(hub.data / "partners"),
        "HUB_INSTANCE": "2",
        "HUB_KAFKA_BOOTSTRAP": status.bootstrap,
        "HUB_KAFKA_PARTITIONS": str(PARTITIONS),
        "HUB_DATABASE_URL": ledger,
        "HUB_DOOR_PORT": "0",
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", *command], env=env, stdout=log, stderr=log
        )
    try:
        until(lambda: _serves(home, name, process), 60, f"a second {name} does not serve")
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _serves(home: Path, name: str, process: "subprocess.Popen[bytes]") -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"a second {name} ended:\n{(home / 'log').read_text()[-3000:]}")
    return ports.find(home, name) is not None


def _run(hub: Hub, runs: Runs, ledger: str, more: Mapping[str, int]) -> dict[str, float]:
    seconds = {f"second {name}": pid for name, pid in more.items()}
    before = spent(seconds)
    with _watched(ledger) as seen:
        found = runs.flat_out(hub.links[1], COUNT, 8)
    after = spent(seconds)
    costs = {name: value for name, value in found.items() if name.endswith(" µs")}
    costs |= {f"{name} µs": (after[name] - before[name]) / COUNT for name in seconds}
    ours = ("core µs", "edge-in µs", "edge-out µs", "PostgreSQL µs")
    whole = sum(v for n, v in costs.items() if n in ours or n.startswith("second"))
    rates = {name: found[name] for name in ("intake/s", "drain/s", "end to end/s")}
    return rates | costs | {"hub and PostgreSQL µs": whole} | _told(seen)


def _told(seen: Counter[str]) -> dict[str, float]:
    waits = {"lock": "Lock", "light lock": "LWLock", "disk": "IO"}
    figures = {
        f"µs of waiting for a {name} a message": seen[kind] * EVERY / COUNT * 1e6
        for name, kind in waits.items()
    }
    return figures | {"deadlocks": seen["deadlocks"], "rollbacks": seen["rollbacks"]}


@contextmanager
def _watched(ledger: str) -> Iterator[Counter[str]]:
    """What the server's connections wait for, while the block runs."""
    url = make_url(ledger)
    seen: Counter[str] = Counter()
    ended = threading.Event()
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)

    def look(conn: "psycopg.Connection[Any]") -> None:
        while not ended.wait(EVERY):
            for kind, count in conn.execute(_WAITING).fetchall():
                seen[kind or "none"] += count

    with psycopg.connect(plain, autocommit=True) as conn:
        first = conn.execute(_DATABASE, (url.database,)).fetchone() or (0, 0, 0)
        thread = threading.Thread(target=look, args=(conn,))
        thread.start()
        try:
            yield seen
        finally:
            ended.set()
            thread.join()
        last = conn.execute(_DATABASE, (url.database,)).fetchone() or (0, 0, 0)
        seen["deadlocks"] = last[0] - first[0]
        seen["rollbacks"] = last[2] - first[2]
