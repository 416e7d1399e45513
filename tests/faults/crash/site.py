"""A whole hub of its own, as one is run: `hub run` in each slot, and every process known by its role."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.embedded.processes import free_port
from hub.running import ports
from hub.running.supervise import NAMES
from tests.faults.crash.manners import PATIENCE

TOKEN = "collect-for-the-campaign"
HOSPITALS = ("north", "south")

HOSPITAL = """\
partner: hospital-{name}
title: Campaign Hospital {name}
role: health
agency: X26H{slot}
authorities: ["383"]
transport: {{kind: mllp, listen: {listen}}}
format: {{kind: hl7v2}}
sends: [health.attendance]
live: false
"""
TEAM = """\
partner: {name}
title: Campaign Team {name}
role: assessment_team
agency: X26T{number}
authorities: ["383"]
transport: {transport}
format: {{kind: {format}}}
receives: [{{type: health.attendance, for: action}}]
order: {order}
connections: {connections}
window: 128
retry: {{first: PT0.3S, longest: PT3S, tries: 200}}
live: false
"""


@dataclass
class Site:
    """One hub in one directory; `slots` processes of each role.

    Args:
        home: everything of this hub, and the evidence.
        slots: one on SQLite, two on PostgreSQL.
        database: SQLAlchemy's address; none: SQLite.
        kafka: a Kafka that somebody else runs; none: the hub's own.
        others: partners beside those of the campaign, file name to text.
    """

    home: Path
    slots: int
    database: str | None
    kafka: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    """Settings beside the campaign's own, by their names."""
    ports: dict[str, int] = field(default_factory=dict)
    _runs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def write(self, teams: dict[str, int]) -> None:
        """Partner files: two hospitals, a team in order of the case, one in order, one that collects."""
        folder = self.home / "partners"
        folder.mkdir(parents=True)
        for slot, name in enumerate(HOSPITALS, 1):
            self.ports[name] = free_port()
            listen = f"{{host: 127.0.0.1, port: {self.ports[name]}}}"
            text = HOSPITAL.format(name=name, slot=slot, listen=listen)
            (folder / f"hospital-{name}.yaml").write_text(text)
        shapes = {"by-case": ("case", 2), "by-arrival": ("partner", 1)}
        for number, (name, (order, connections)) in enumerate(shapes.items()):
            send = f"{{kind: mllp, send: {{host: 127.0.0.1, port: {teams[name]}, ack_timeout: {PATIENCE}}}}}"
            text = TEAM.format(
                name=name,
                number=number,
                transport=send,
                format="hl7v2",
                order=order,
                connections=connections,
            )
            (folder / f"{name}.yaml").write_text(text)
        text = TEAM.format(
            name="collects",
            number=9,
            transport="{kind: outbox, token: {env: CRASH_TOKEN}}",
            format="hub-json",
            order="case",
            connections=1,
        )
        (folder / "collects.yaml").write_text(text)
        for name, text in self.others.items():
            (folder / f"{name}.yaml").write_text(text)

    def data(self, slot: int) -> Path:
        """The data directory of a slot; the first has Kafka and the keys."""
        return self.home / f"hub{slot}"

    async def start(self) -> None:
        """Returns when every slot serves."""
        for slot in range(1, self.slots + 1):
            self.ports[f"desk{slot}"] = free_port()
            self._runs.append(self._run(slot))
            await self._ready(slot)

    def _run(self, slot: int) -> subprocess.Popen[bytes]:
        with (self.home / f"hub{slot}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "hub", "run"],
                env=self._environment(slot),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _environment(self, slot: int) -> dict[str, str]:
        teams = ["by-case", "by-arrival", "collects"]
        mine = HOSPITALS if self.slots == 1 else (HOSPITALS[slot - 1],)
        told = {
            "HUB_DATA": str(self.data(slot)),
            "HUB_PARTNERS_DIR": str(self.home / "partners"),
            "HUB_PARTNERS": ",".join([*teams, *self.others, *(f"hospital-{n}" for n in mine)]),
            "HUB_INSTANCE": str(slot),
            "HUB_KAFKA_PARTITIONS": str(self.slots),
            "HUB_KAFKA_SESSION_TIMEOUT": "10",
            "HUB_LEASE": "8",
            "HUB_DOOR_PORT": "0",
            "HUB_DESK_PORT": str(self.ports[f"desk{slot}"]),
            "CRASH_TOKEN": TOKEN,
        }
        if self.database:
            told["HUB_DATABASE_URL"] = self.database
        if self.kafka:
            told["HUB_KAFKA_BOOTSTRAP"] = self.kafka
        elif slot > 1:
            node = json.loads((self.data(1) / "kafka/kafka.json").read_text())
            told["HUB_KAFKA_BOOTSTRAP"] = f"127.0.0.1:{node['port']}"
        if slot > 1:
            told["HUB_KEYS_DIR"] = str(self.data(1) / "keys")
        told |= self.more
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return kept | told

    def fallen(self, slot: int = 1) -> int | None:
        """How `hub run` ended, if it did."""
        return self._runs[slot - 1].poll()

    def supervisor(self, slot: int = 1) -> subprocess.Popen[bytes]:
        """The `hub run` of a slot."""
        return self._runs[slot - 1]

    async def again(self, slot: int = 1) -> None:
        """Starts `hub run` once more, after it ended; returns when all of it serves."""
        self._runs[slot - 1] = self._run(slot)
        await self._ready(slot)

    def serves(self, slot: int = 1) -> bool:
        """Whether every role that runs has said that it is ready."""
        found = {role: ports.find(self.data(slot), role) for role in NAMES}
        return all(place and place.pid == self.pid(role, slot) for role, place in found.items())

    async def _ready(self, slot: int) -> None:
        deadline = time.monotonic() + 90
        while not self.serves(slot):
            if self._runs[slot - 1].poll() is not None or time.monotonic() > deadline:
                said = (self.home / f"hub{slot}.log").read_text()[-3000:]
                raise RuntimeError(f"the hub of slot {slot} did not start:\n{said}")
            await asyncio.sleep(0.05)

    def desk(self, slot: int = 1) -> str:
        """Where a slot's desk answers."""
        return f"http://127.0.0.1:{self.ports[f'desk{slot}']}"

    async def command(self, *words: str) -> tuple[int | None, str]:
        """Runs `hub …` as an operator of the first slot would: how it ended, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", *words),
            env=self._environment(1),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    def pid(self, role: str, slot: int) -> int | None:
        """The process of a role as the supervisor wrote it down, if it is alive."""
        try:
            told = json.loads((self.data(slot) / "run.json").read_text())
            pid = int(told[role])
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except (OSError, ValueError, KeyError):
            return None
        return pid if str(self.home) in command else None

    async def kill(self, role: str, slot: int) -> int:
        """SIGKILL; a role that is down already is killed as soon as it is there again."""
        while True:
            pid = self.pid(role, slot)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                return pid
            if self._runs[slot - 1].poll() is not None:
                raise RuntimeError(f"the supervisor of slot {slot} ended: see {self.home}")
            await asyncio.sleep(0.01)

    def stop(self) -> None:
        """Ends every slot, the one with Kafka last."""
        for run in reversed(self._runs):
            run.terminate()
            try:
                run.wait(40)
            except subprocess.TimeoutExpired:
                for role in (*NAMES, "kafka"):
                    for slot in range(1, self.slots + 1):
                        if pid := self.pid(role, slot):
                            os.kill(pid, signal.SIGKILL)
                run.kill()
                run.wait()
