"""A hub that an older program began, whose roles run apart and give way to those of this one, one by one."""

import asyncio
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from hub.running import ports
from tests.faults.crash.site import Site

HERE = Path(__file__).parents[3]
Commands = dict[str, tuple[str, ...]]
OLD: Commands = {"core": ("core",), "edge": ("edge",), "desk": ("desk",)}
NEW: dict[str, Commands] = {
    "core": {"core": ("core",)},
    "edge": {"edge-in": ("edge", "--part", "in"), "edge-out": ("edge", "--part", "out")},
    "desk": {"desk": ("desk",)},
}
"""What stands in the place of an older role: edge has been two processes since."""


class NoHistory(Exception):
    """The older program is not in this copy's history."""


def program(commit: str, folder: Path) -> Path:
    """The tree of a commit, taken from the history; raises `NoHistory` where there is none."""
    found = subprocess.run(["git", "archive", commit], cwd=HERE, capture_output=True, check=False)
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip()
        raise NoHistory(f"{commit} cannot be had from the history here: {said}")
    with tarfile.open(fileobj=BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@dataclass
class Apart(Site):
    """Begun by `old`; `upgrade` brings one role after the other to the program that is here."""

    old: Path = HERE
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    async def start(self) -> None:
        """The older `hub run` makes keys, topics and ledger; then its roles run apart."""
        await self._first()
        self._begin(OLD, self.old)
        await self._all_serve()

    async def _first(self) -> None:
        from hub.embedded.processes import free_port

        self.ports["desk1"] = free_port()
        run = self._process(("run",), self.old)
        deadline = time.monotonic() + 90
        while not all((self.data(1) / "ports" / f"{name}.json").exists() for name in OLD):
            if run.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.home / "hub1.log").read_text()[-3000:])
            await asyncio.sleep(0.1)
        run.terminate()
        await asyncio.to_thread(run.wait, 60)

    async def upgrade(self, role: str) -> str:
        """Ends an older role and begins what is in its place now; the ledger goes first, with core."""
        began = time.monotonic()
        old = self.running.pop(role)
        old.terminate()
        await asyncio.to_thread(old.wait, 60)
        if role == "core":
            code, said = await self.command("ledger", "migrate")
            if code:
                raise RuntimeError(said)
        self._begin(NEW[role], HERE)
        await self._all_serve()
        return f"in {time.monotonic() - began:.1f} s"

    def pid(self, role: str, slot: int) -> int | None:
        """The process of a role, whichever program it is of."""
        process = self.running.get(role)
        return process.pid if process is not None and process.poll() is None else None

    def fallen(self, slot: int = 1) -> int | None:
        """Whether a role ended: nobody ends one here but by `upgrade`."""
        return next((code for one in self.running.values() if (code := one.poll())), None)

    def serves(self, slot: int = 1) -> bool:
        """Whether every role that runs has said that it is ready."""
        found = {role: ports.find(self.data(slot), role) for role in self.running}
        return all(place and place.pid == self.pid(role, slot) for role, place in found.items())

    def stop(self) -> None:
        """Ends every role."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    async def _all_serve(self) -> None:
        deadline = time.monotonic() + 90
        while not self.serves():
            if self.fallen() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.home / "hub1.log").read_text()[-3000:])
            await asyncio.sleep(0.05)

    def _begin(self, roles: Commands, tree: Path) -> None:
        for name, words in roles.items():
            self.running[name] = self._process(words, tree)

    def _process(self, words: tuple[str, ...], tree: Path) -> subprocess.Popen[bytes]:
        with (self.home / "hub1.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "hub", *words],
                cwd=tree,
                env=self._environment(1) | {"PYTHONPATH": str(tree)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
