"""A whole hub runs as `hub run` starts it, with two hospitals, two teams and children who are watched."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub import ids, wire
from hub.broker import make_broker, publish_all
from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from hub.running import ports
from hub.running.supervise import NAMES
from hub.seal import Keyring
from hub.settings import Settings
from hub.topics import WATCHED
from tests.kit.persons import nhs
from tests.load.attendances import CHILDREN

NUMBERS = [nhs(40_000 + number) for number in range(CHILDREN)]
_HOSPITAL = """\
partner: {name}-hospital
title: Bench Hospital {name}
role: health
agency: {agency}
authorities: ["{authority}"]
transport: {{kind: mllp, listen: {{host: 127.0.0.1, port: {inward}}}}}
format: {{kind: hl7v2}}
sends: [health.attendance]
filtered: true
"""
_TEAM = """\
partner: {name}-team
title: Bench Team {name}
role: assessment_team
agency: {agency}T
authorities: ["{authority}"]
transport: {{kind: mllp, send: {{host: 127.0.0.1, port: {outward}}}}}
format: {{kind: hl7v2}}
receives: [{{type: health.attendance, for: {purpose}}}]
order: {order}
connections: {connections}
window: {window}
"""


@dataclass(frozen=True)
class Link:
    """A hospital and the one team that its attendances reach."""

    name: str
    agency: str
    authority: str
    order: str
    connections: int
    inward: int
    outward: int
    window: int = 256
    purpose: str = "action"


def links() -> tuple[Link, Link]:
    """One lane over one connection, and one lane a case over four."""
    return (
        Link("lane", "X26H1", "383", "partner", 1, free_port(), free_port()),
        Link("cases", "X26H2", "384", "case", 4, free_port(), free_port()),
    )


@dataclass(frozen=True)
class Hub:
    """A running hub."""

    data: Path
    links: tuple[Link, Link]
    process: "subprocess.Popen[bytes]"

    @property
    def pids(self) -> dict[str, int]:
        """Its processes, by role; `kafka` too."""
        told: dict[str, int] = json.loads((self.data / "run.json").read_text())
        return told

    def ready(self) -> bool:
        """True where every role that was started says that it serves."""
        pids = self.pids
        places = {role: ports.find(self.data, role) for role in NAMES}
        return all(place is not None and place.pid == pids[role] for role, place in places.items())


def settle_in(data: Path, pair: Sequence[Link], more: Mapping[str, str] | None = None) -> None:
    """Writes the partner files of these links, and more of them by name."""
    partners = data / "partners"
    partners.mkdir(parents=True, exist_ok=True)
    texts = dict(more or {})
    for link in pair:
        for kind, text in (("hospital", _HOSPITAL), ("team", _TEAM)):
            texts[f"{link.name}-{kind}"] = text.format(**vars(link))
    for name, text in texts.items():
        (partners / f"{name}.yaml").write_text(text)


@contextmanager
def hub(
    data: Path,
    database: str | None,
    program: Sequence[str] = ("hub",),
    pair: tuple[Link, Link] | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[Hub]:
    """Runs one, ready and with its lists filled, for as long as the block runs.

    `pair`: links that were settled in before; `more`: settings.
    """
    if pair is None:
        settle_in(data, pair := links())
    partners = data / "partners"
    env = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    env |= {"HUB_DATA": str(data), "HUB_PARTNERS_DIR": str(partners)}
    env |= {"HUB_DOOR_PORT": "0", "HUB_DESK_PORT": "0"}
    env |= more or {}
    if database is not None:
        env["HUB_DATABASE_URL"] = database
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *program, "run"], env=env, stdout=log, stderr=log
        )
    running = Hub(data, pair, process)
    try:
        try:
            until(lambda: _ready(running), 90, "the hub is not ready")
        except TimeoutError as error:
            raise RuntimeError(f"{error}:\n{(data / 'log').read_text()[-3000:]}") from error
        asyncio.run(_watch(running, env))
        yield running
    finally:
        process.terminate()
        process.wait(60)


def _ready(running: Hub) -> bool:
    if running.process.poll() is not None:
        raise RuntimeError(f"the hub ended:\n{(running.data / 'log').read_text()[-3000:]}")
    try:
        return running.ready()
    except (OSError, KeyError, ValueError):
        return False


async def _watch(running: Hub, env: dict[str, str]) -> None:
    """Puts every child on both hospitals' lists, as core would after a referral."""
    status = EmbeddedKafka(running.data).status()
    assert status is not None
    settings = Settings(data=running.data, kafka_bootstrap=status.bootstrap)
    keys = Keyring.load(settings.keys)
    records = []
    for link in running.links:
        partner = f"{link.name}-hospital"
        for number in NUMBERS:
            token = ids.token(keys.watch(partner), "nhs", number)
            told: dict[str, Any] = {"partner": partner, "token": token}
            record = wire.Record("watched", token, told, b"", {"partner": partner})
            records.append(wire.write(keys, WATCHED, f"{partner}.{token}", record))
    broker = make_broker(settings)
    await broker.connect()
    try:
        await publish_all(broker, records, 30)
    finally:
        await broker.stop()


def until(condition: Callable[[], bool], within: float, why: str, every: float = 0.05) -> None:
    """Waits; raises `TimeoutError` that says why."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(why)
        time.sleep(every)
