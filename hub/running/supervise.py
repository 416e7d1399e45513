"""A role that dies is running again before a partner notices, and no role ever runs twice."""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from hub.clock import monotonic
from hub.embedded.processes import end
from hub.running import ports
from hub.running.standby import TURN
from hub.wrong import SetUpWrong

GRACE = 10.0
"""Seconds a child is given to finish what it holds."""
_QUICK = 3.0
_AT_ONCE = 4
_LONGEST = 10.0
_LONGEST_KILLED = 1.0
_UNRECORDED = 0.5
_READY_LOOK = 0.02
_READY_PATIENCE = 60.0
_log = structlog.get_logger()


class AlreadyRunning(SetUpWrong):
    """Another `hub run` has this data directory."""


@dataclass(frozen=True)
class Role:
    """A child process; `command` is completed by the path of the record."""

    name: str
    command: tuple[str, ...]


NAMES = ("edge-in", "edge-out", "core", "desk")
"""Edge twice: what a partner waits for is not held up by what waits for a partner."""
ROLES = tuple(Role(name, (sys.executable, "-m", "hub.running.standby", name)) for name in NAMES)


class Record:
    """`run.json`: which process runs which role, for whoever comes after us or must end one."""

    def __init__(self, data: Path):
        self.path = data.absolute() / "run.json"
        self.roles: dict[str, int] = {}
        self._kafka: int | None = None
        with contextlib.suppress(OSError, ValueError):
            told = json.loads(self.path.read_text())
            self._kafka = told.pop("kafka", None)
            self.roles = {name: int(pid) for name, pid in told.items()}

    @property
    def kafka(self) -> int | None:
        """The embedded Kafka, where `hub run` started it and so will stop it."""
        return self._kafka

    @kafka.setter
    def kafka(self, pid: int | None) -> None:
        self._kafka = pid
        self._write()

    def note(self, role: str, pid: int) -> None:
        """Written before the process gets its turn, so that no role runs unrecorded."""
        self.roles[role] = pid
        self._write()

    def end_orphans(self) -> None:
        """Ends what a killed supervisor left behind; a process is ours if its command names us."""
        for role, pid in self.roles.items():
            if not end(pid, str(self.path), signal.SIGTERM, GRACE):
                end(pid, str(self.path), signal.SIGKILL, GRACE)
            _log.debug("no process left behind", kind=role, pid=pid)
        self.roles = {}

    def forget(self) -> None:
        """Nothing runs any more."""
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        known: dict[str, int] = dict(self.roles)
        if self._kafka is not None:
            known["kafka"] = self._kafka
        ports.write_whole(self.path, json.dumps(known))


@contextlib.contextmanager
def alone(data: Path) -> Iterator[None]:
    """Holds the data directory; raises `AlreadyRunning` while another process does."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise AlreadyRunning(
                f"`hub run` runs already for {data} (pid {lock.read().strip() or 'unknown'}): "
                "stop it, or set HUB_DATA to another directory"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def pause(lives: Sequence[float], killed: bool = False) -> float:
    """Seconds before the next start, after lives that lasted so long; the newest stands last.

    The first deaths are answered at once, however they came. Only a role that dies again and again
    within seconds waits: half a second, doubled up to ten. One that was killed found nothing wrong
    with itself, and partners wait for it: a second is the most.
    """
    quick = 0
    for life in reversed(lives):
        if life >= _QUICK:
            break
        quick += 1
    over = quick - _AT_ONCE
    return 0.0 if over < 0 else min(_LONGEST_KILLED if killed else _LONGEST, 0.5 * 2**over)


_Spare = asyncio.Task[asyncio.subprocess.Process] | asyncio.Task[asyncio.subprocess.Process | None]


class Starts:
    """Which roles have their turn and do not serve yet: no spare takes the processor from them."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._over = asyncio.Event()
        self._over.set()

    def begins(self, role: str) -> None:
        """Its turn has come."""
        self._names.add(role)
        self._over.clear()

    def ends(self, role: str) -> None:
        """It serves, or is gone."""
        self._names.discard(role)
        if not self._names:
            self._over.set()

    async def over(self) -> None:
        """Until none starts."""
        await self._over.wait()


class Supervisor:
    """Keeps one process of each role running until `stop`, with a warm one behind each."""

    def __init__(
        self,
        data: Path,
        roles: Sequence[Role],
        env: Mapping[str, str],
        record: Record,
        starts: Starts,
    ):
        self._starts = starts
        self._data = data
        self._roles = roles
        self._env = dict(env)
        self._record = record

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when `stop` is set and every child is gone."""
        tasks = [asyncio.create_task(self._keep(role, stop)) for role in self._roles]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, role: Role, stop: asyncio.Event) -> None:
        lives: deque[float] = deque(maxlen=12)
        warm: _Spare | None = None
        unready = False
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                child = await warm if warm is not None else None
                warm = None
                if child is None or child.returncode is not None:
                    child = await self._spawn(role)
                if not await self._recorded(role, child, stopping):
                    await _end(child)
                    return
                self._turn(child)
                self._starts.begins(role.name)
                if unready:
                    # It may be killed again before it is ready; its successor does not start cold.
                    warm = asyncio.create_task(self._spawn(role))
                began = monotonic()
                gone = asyncio.ensure_future(child.wait())
                ready = asyncio.ensure_future(self._ready(role, child.pid, began))
                try:
                    await asyncio.wait({gone, ready, stopping}, return_when="FIRST_COMPLETED")
                    unready = gone.done()
                    self._starts.ends(role.name)
                    if not unready and not stop.is_set():
                        warm = warm or asyncio.create_task(self._spare(role, gone, stopping))
                        await asyncio.wait({gone, stopping}, return_when="FIRST_COMPLETED")
                finally:
                    self._starts.ends(role.name)
                    ready.cancel()
                    if not gone.done():
                        await _end(child)
                    gone.cancel()
                if stop.is_set():
                    return
                lives.append(monotonic() - began)
                delay = pause(lives, killed=child.returncode == -signal.SIGKILL)
                _log.warning(
                    "a role died and is started again",
                    kind=role.name,
                    pid=child.pid,
                    exit_code=child.returncode,
                    seconds=round(lives[-1], 2),
                    delay=delay,
                )
                if delay:
                    await asyncio.wait({stopping}, timeout=delay)
        finally:
            stopping.cancel()
            if warm is not None and (spare := await warm) is not None:
                await _end(spare)

    async def _spare(
        self, role: Role, gone: "asyncio.Future[int]", stopping: "asyncio.Future[Any]"
    ) -> asyncio.subprocess.Process | None:
        """Begun once nobody starts, or when it is needed; none where we stop before."""
        over = asyncio.ensure_future(self._starts.over())
        ends: set[asyncio.Future[Any]] = {over, gone, stopping}
        await asyncio.wait(ends, return_when="FIRST_COMPLETED")
        over.cancel()
        return None if stopping.done() else await self._spawn(role)

    async def _spawn(self, role: Role) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *role.command,
            str(self._record.path),
            stdin=asyncio.subprocess.PIPE,
            env=self._env,
            # Ctrl-C is for us: we tell the children, in order and once.
            start_new_session=True,
        )

    async def _recorded(
        self, role: Role, child: asyncio.subprocess.Process, stopping: asyncio.Future[Any]
    ) -> bool:
        """A full disk keeps this role waiting, and ends no other; false where we stop meanwhile."""
        while not stopping.done():
            try:
                self._record.note(role.name, child.pid)
            except OSError as error:
                _log.warning("a role waits to be recorded", kind=role.name, exc_info=error)
                await asyncio.wait({stopping}, timeout=_UNRECORDED)
            else:
                return True
        return False

    def _turn(self, child: asyncio.subprocess.Process) -> None:
        if child.stdin is not None:
            child.stdin.write(TURN)

    async def _ready(self, role: Role, pid: int, began: float) -> None:
        while monotonic() - began < _READY_PATIENCE:
            place = ports.find(self._data, role.name)
            if place is not None and place.pid == pid:
                _log.info(
                    "ready",
                    kind=role.name,
                    pid=pid,
                    port=place.port,
                    seconds=round(monotonic() - began, 2),
                )
                return
            await asyncio.sleep(_READY_LOOK)
        _log.warning("not ready yet", kind=role.name, pid=pid, seconds=_READY_PATIENCE)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(GRACE):
            await child.wait()
    except TimeoutError:
        _log.warning("did not stop in time and was killed", pid=child.pid, seconds=GRACE)
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
