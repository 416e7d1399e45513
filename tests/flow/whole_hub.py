"""A whole hub as `hub run` makes it, in a directory of its own, with Kafka, on free ports."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hub.embedded import EmbeddedKafka
from hub.running import ports
from hub.running.supervise import NAMES
from hub.settings import Settings
from tests.kit.waiting import eventually

ROOT = Path(__file__).parents[2]
STARTS = 150.0
"""Seconds after which a hub that does not serve hangs: eight programs are read, perhaps beside another hub."""
EDT = """\
partner: edt
title: Emergency Duty Team
role: edt
agency: X26EDT
speaks_for: ["383"]
authorities: ["383"]
transport: {kind: http, token: {env: EDT_TOKEN}}
format: {kind: hub-json}
sends: [edt.handover]
"""
TEAM = """\
partner: team
title: Team East
role: assessment_team
agency: X26TEA
authorities: ["383"]
transport: {kind: outbox, token: {env: TEAM_TOKEN}}
format: {kind: hub-json}
receives: [{type: edt.handover, for: action}]
"""


@dataclass
class WholeHub:
    """Where it is, and what it runs with; `partners` are file names to YAML."""

    home: Path
    partners: Mapping[str, str]
    more: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.home / "hub"

    @property
    def log(self) -> Path:
        """Everything that all roles said."""
        return self.home / "hub.log"

    @property
    def settings(self) -> Settings:
        return Settings(data=self.data, kafka_bootstrap=self.bootstrap)

    @property
    def bootstrap(self) -> str:
        status = EmbeddedKafka(self.data).status()
        assert status is not None
        return status.bootstrap

    def url(self, role: str) -> str:
        """Where the door or the desk listens."""
        place = ports.find(self.data, role)
        assert place is not None and place.port is not None
        return f"http://127.0.0.1:{place.port}"

    @property
    def env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        told = {
            "DATA": self.data,
            "PARTNERS_DIR": self.home / "partners",
            "RULES_DIR": ROOT / "deploy/rules",
            "CALENDARS_DIR": ROOT / "deploy/calendars",
            "DESK_PORT": 0,
            "DOOR_PORT": 0,
            "KAFKA_HEAP": "256m",
        }
        return (
            kept
            | {f"HUB_{name}": str(value) for name, value in told.items()}
            | {"PYTHONPATH": str(ROOT)}
            | self.more
        )

    async def command(self, *words: str, may_fail: bool = False) -> str:
        """Runs `hub …` as an operator would; what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "hub", *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.env,
            cwd=self.home,
        )
        said, _ = await process.communicate()
        assert may_fail or process.returncode == 0, said.decode()
        return said.decode()

    @asynccontextmanager
    async def running(self, until: Sequence[str] = NAMES) -> AsyncIterator["WholeHub"]:
        """From when these roles serve, while the block lasts; all that it started is gone afterwards."""
        (self.home / "partners").mkdir(exist_ok=True)
        for name, text in self.partners.items():
            (self.home / "partners" / f"{name}.yaml").write_text(text)
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "hub", "run"),
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.home,
            )
        try:
            await eventually(
                lambda: process.returncode is not None or self.serve(until), STARTS, 0.1
            )
            assert process.returncode is None, self.log.read_text()
            if until == NAMES:
                await eventually(self.ready, 30, 0.1)
            yield self
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 40)
                except TimeoutError:
                    process.kill()
                    await process.wait()
            await asyncio.to_thread(EmbeddedKafka(self.data).kill)

    def serve(self, roles: Sequence[str] = NAMES) -> bool:
        """Whether these roles said where they are."""
        return all(ports.find(self.data, role) for role in roles)

    async def ready(self) -> bool:
        """Whether door and desk say that they are ready."""
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                answers = [await client.get(self.url(r) + "/ready") for r in ("door", "desk")]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers)
