"""A hub whose roles run apart, each as its own user of Kafka and of the database, as production has them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hub.running import ports
from tests.kit.waiting import eventually

ROOT = Path(__file__).parents[2]
WORDS = {
    "core": ("core",),
    "desk": ("desk",),
    "edge-in": ("edge", "--part", "in"),
    "edge-out": ("edge", "--part", "out"),
}


@dataclass
class ApartHub:
    """Where it is, its partner files, and what each role is told beside what all are told."""

    home: Path
    partners: Mapping[str, str]
    all: dict[str, str]
    roles: dict[str, dict[str, str]]
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.home / "partners").mkdir(parents=True, exist_ok=True)
        for name, text in self.partners.items():
            (self.home / "partners" / f"{name}.yaml").write_text(text)

    def env(self, role: str) -> dict[str, str]:
        """Of one role, or of a command that works as it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        told = {
            "HUB_DATA": str(self.home / "hub"),
            "HUB_PARTNERS_DIR": str(self.home / "partners"),
            "HUB_RULES_DIR": str(ROOT / "deploy/rules"),
            "HUB_CALENDARS_DIR": str(ROOT / "deploy/calendars"),
            "HUB_DESK_PORT": "0",
            "HUB_DOOR_PORT": "0",
            "PYTHONPATH": str(ROOT),
        }
        return kept | told | self.all | self.roles.get(role.partition("-")[0], {})

    def log(self, role: str) -> Path:
        """Everything that a role said."""
        return self.home / f"{role}.log"

    async def command(self, role: str, *words: str) -> tuple[int, str]:
        """Runs `hub …` with a role's settings: its exit code, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.env(role),
            cwd=self.home,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def done(self, role: str, *words: str) -> str:
        """The same for a command that must not fail."""
        code, said = await self.command(role, *words)
        assert code == 0, said
        return said

    async def start(self, *roles: str) -> None:
        """Starts roles, and waits until each says that it serves."""
        for role in roles:
            with self.log(role).open("ab") as log:
                self.running[role] = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "hub", *WORDS[role]),
                    stdout=log,
                    stderr=log,
                    env=self.env(role),
                    cwd=self.home,
                )
        for role in roles:
            await eventually(partial(self._serves, role), 120, 0.1)

    def _serves(self, role: str) -> bool:
        process = self.running[role]
        assert process.returncode is None, self.log(role).read_text()[-3000:]
        place = ports.find(self.home / "hub", role)
        return place is not None and place.pid == process.pid

    async def stop(self, *roles: str) -> None:
        """Ends roles as an operator does; all where none is named."""
        names = roles or tuple(self.running)
        for name in names:
            if self.running[name].returncode is None:
                self.running[name].send_signal(signal.SIGTERM)
        for name in names:
            process = self.running.pop(name)
            try:
                await asyncio.wait_for(process.wait(), 40)
            except TimeoutError:
                process.kill()
                await process.wait()

    def url(self, role: str) -> str:
        """Where the door or the desk listens."""
        place = ports.find(self.home / "hub", role)
        assert place is not None and place.port is not None
        return f"http://127.0.0.1:{place.port}"
