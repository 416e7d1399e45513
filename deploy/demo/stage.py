"""The demo's hub and peers stand on free ports in a fresh directory, and all of them end with the demo."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

import httpx

from hub.clock import LONDON
from hub.running import ports
from hub.running.supervise import NAMES

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "build/demo"
HTTP = ("assessment-north", "edt", "exemplar-police", "referral-form")
_READY = 90.0
_ENDING = 40.0


class StageFell(Exception):
    """Something that the demo needs did not start, or did not do as it was told."""


def evening() -> timedelta:
    """From now to half past eight of the next evening that has a working day before and after it."""
    now = datetime.now(UTC)
    day = now.astimezone(LONDON).replace(hour=20, minute=30, second=0, microsecond=0)
    while day < now or day.weekday() > 3:
        day += timedelta(days=1)
    return day - now


def home() -> Path:
    """A fresh directory for this run, or the one that is named; what ended runs left is removed."""
    if named := os.environ.get("HUB_DEMO_DATA"):
        data = Path(named).absolute()
        if data.exists() and any(data.iterdir()):
            raise OSError(f"{data} is not empty: HUB_DEMO_DATA names a new directory for each run")
    else:
        RUNS.mkdir(parents=True, exist_ok=True)
        for old in RUNS.iterdir():
            pid = old.name.rpartition("-")[2]
            if pid.isdigit() and not _runs(int(pid)):
                shutil.rmtree(old, ignore_errors=True)
        data = RUNS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
    data.mkdir(parents=True, exist_ok=True)
    return data


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_ports(count: int) -> list[int]:
    """Ports that nobody has; all are held until the last is found, so that none comes twice."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    found = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return found


class Peer:
    """A partner's process, and what it answers."""

    def __init__(self, name: str, process: asyncio.subprocess.Process):
        self.name = name
        self.process = process
        self._turn = asyncio.Lock()

    async def do(self, what: str, **order: Any) -> Any:
        """Has it do something; returns what it says of it."""
        async with self._turn:
            assert self.process.stdin and self.process.stdout
            self.process.stdin.write(json.dumps({"do": what, **order}).encode() + b"\n")
            await self.process.stdin.drain()
            async with asyncio.timeout(60):
                line = await self.process.stdout.readline()
        told = json.loads(line or b'{"failed": "it ended"}')
        if "did" not in told:
            raise StageFell(f"{self.name} could not {what}: {told.get('failed')}")
        return told["did"]


class Stage:
    """Where everything of one run is, and what runs of it."""

    def __init__(self, data: Path):
        self.data = data
        self.shift = evening()
        taken = free_ports(7)
        self.desk, self.door = (f"http://127.0.0.1:{port}" for port in taken[:2])
        self._ports = taken
        self.peers: dict[str, Peer] = {}
        self._hub: asyncio.subprocess.Process | None = None

    def now(self) -> datetime:
        """The time of the story."""
        return datetime.now(UTC) + self.shift

    @property
    def at(self) -> str:
        """The same, as messages write it, in London's own time."""
        return self.now().astimezone(LONDON).replace(microsecond=0).isoformat()

    @property
    def env(self) -> dict[str, str]:
        """What the hub of this demo is started with; nothing of another hub's settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return kept | {
            "PYTHONPATH": str(ROOT),
            "HUB_SITE": "Front Door Hub (demo)",
            "HUB_DATA": str(self.data / "hub"),
            "HUB_PARTNERS_DIR": str(self.data / "partners"),
            "HUB_RULES_DIR": str(ROOT / "deploy/rules"),
            "HUB_CALENDARS_DIR": str(ROOT / "deploy/calendars"),
            "HUB_RUNBOOK_DIR": str(ROOT / "deploy/runbook"),
            "HUB_DESK_PORT": str(self._ports[0]),
            "HUB_DESK_URL": self.desk,
            "HUB_DOOR_PORT": str(self._ports[1]),
            "HUB_CLOCKSHIFT_SECONDS": str(self.shift.total_seconds()),
        }

    def furnish(self) -> None:
        """Writes tokens, folders and the partners' files with this run's ports."""
        tokens, folder = self.data / "tokens", self.data / "contact-centre"
        for each in (tokens, folder, self.data / "partners", self.data / "books"):
            each.mkdir(exist_ok=True)
        tokens.chmod(0o700)
        for name in HTTP:
            (tokens / name).write_text(secrets.token_urlsafe(32))
        mllp, police, edt, smtp, operations = self._ports[2:]
        filled = {
            "tokens": tokens,
            "folder": folder,
            "mllp_port": mllp,
            "police_port": police,
            "edt_port": edt,
            "smtp_port": smtp,
            "operations_port": operations,
        }
        for source in (Path(__file__).parent / "partners").glob("*.yaml"):
            text = Template(source.read_text("utf-8")).substitute(filled)
            (self.data / "partners" / source.name).write_text(text, "utf-8")

    async def open(self) -> None:
        """Starts the peers, each a process of its own."""
        mllp, police, edt, smtp, operations = map(str, self._ports[2:])
        token = {name: str(self.data / "tokens" / name) for name in HTTP}
        await asyncio.gather(
            self._peer("hospital", "hospital", mllp),
            self._peer("letters", "letters", smtp),
            self._peer("operations", "letters", operations),
            self._peer("contact-centre", "contact_centre", str(self.data / "contact-centre")),
            self._peer("team", "team", self.desk, self.door, HTTP[0], token[HTTP[0]]),
            self._peer("edt", "system", self.door, "edt", token["edt"], edt),
            self._peer("police", "system", self.door, HTTP[2], token[HTTP[2]], police),
            self._peer("form", "system", self.door, HTTP[3], token[HTTP[3]], "0"),
        )

    async def _peer(self, name: str, module: str, *arguments: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
        with (self.data / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                f"deploy.demo.peers.{module}",
                str(self.books(name)),
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=kept | {"PYTHONPATH": str(ROOT)},
                start_new_session=True,
                limit=2**22,
            )
        self.peers[name] = Peer(name, process)
        assert process.stdout
        if not (await process.stdout.readline()).startswith(b'{"ready": true'):
            raise StageFell(f"{name} did not start; {self.data / f'{name}.log'} says why")

    def books(self, name: str) -> Path:
        """A peer's own ledger."""
        return self.data / "books" / f"{name}.db"

    async def start_hub(self) -> None:
        """Starts the hub, Kafka and all; returns when every role is ready."""
        shutil.rmtree(self.data / "hub/ports", ignore_errors=True)
        with (self.data / "hub.log").open("ab") as log:
            self._hub = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "hub",
                "run",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.data,
                start_new_session=True,
            )
        until = time.monotonic() + _READY
        while not await self._all_ready():
            if self._hub.returncode is not None:
                raise StageFell(f"the hub did not start; {self.data / 'hub.log'} says why")
            if time.monotonic() > until:
                raise StageFell(f"the hub was not ready in {_READY:.0f} s")
            await asyncio.sleep(0.1)

    async def _all_ready(self) -> bool:
        if any(ports.find(self.data / "hub", role) is None for role in NAMES):
            return False
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                answers = [await client.get(f"{place}/ready") for place in (self.door, self.desk)]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    async def stop_hub(self) -> None:
        """Ends the hub and its Kafka."""
        if self._hub is not None and self._hub.returncode is None:
            self._hub.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_ENDING):
                    await self._hub.wait()
            except TimeoutError:
                self._hub.kill()
                await self._hub.wait()
        self._hub = None

    async def command(self, *words: str, extra: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Runs `hub …` as an operator would; exit code and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hub",
            *words,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self.env | dict(extra or {}),
            cwd=self.data,
            start_new_session=True,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def close(self) -> None:
        """Ends everything that was started."""
        for peer in self.peers.values():
            if peer.process.stdin:
                peer.process.stdin.close()
        await self.stop_hub()
        for peer in self.peers.values():
            try:
                async with asyncio.timeout(5):
                    await peer.process.wait()
            except TimeoutError:
                peer.process.kill()
                await peer.process.wait()
