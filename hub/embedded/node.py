"""One Kafka per data directory: started by whoever comes first, found by whoever comes later.

It is a process of its own that outlives its starter. `kafka.json` beside its data names it; the
ports of last time are taken again where they are free, so that clients find it after a crash.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from hub.embedded.processes import end, free_port, runs, start_detached
from hub.embedded.properties import properties
from hub.embedded.runtime import VERSION, arguments, class_path, locked, quick_start, tell

_STARTED = "Kafka Server started"
_PATIENCE = 90.0
_TRIES = 3
"""Starts with ports of its own choice: one that was free may be somebody's by the time Java binds it."""


class KafkaFailed(Exception):
    """The embedded Kafka did not start or did not stop; the message quotes its log."""


class PortLost(KafkaFailed):
    """Somebody took the port that was chosen; another one will do."""


@dataclass(frozen=True)
class Status:
    """What is known of a node; `pid` only while it runs."""

    port: int
    controller: int
    pid: int | None = None

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"127.0.0.1:{self.port}"


class EmbeddedKafka:
    """The Kafka of one data directory.

    Args:
        data: kept between runs; Kafka lives in `data/kafka`.
        heap: bound of the Java heap.
        port: of 127.0.0.1; none: the one of last time or any free one.
        brief: for short runs: compiles fast and shallow.
    """

    def __init__(
        self, data: Path, heap: str = "512m", port: int | None = None, *, brief: bool = False
    ):
        self.home = data.absolute() / "kafka"
        self.heap = heap
        self.brief = brief
        self._port = port
        self._properties = self.home / "server.properties"

    @property
    def log(self) -> Path:
        """What Kafka says of itself, of this run; the last run's stands beside it."""
        return self.home / "kafka.log"

    def status(self) -> Status | None:
        """The node as last started, with its pid while it runs; none where never started."""
        try:
            status = Status(**json.loads((self.home / "kafka.json").read_text()))
        except FileNotFoundError:
            return None
        if status.pid is not None and runs(status.pid, str(self._properties)):
            return status
        return Status(status.port, status.controller)

    def start(self) -> str:
        """Its address, once it serves; a node that runs already is left alone."""
        with locked(self.home / "kafka.lock"):
            before = self.status()
            if before is not None and before.pid is not None:
                return self._serving(before).bootstrap
            class_path()
            if not quick_start().exists():
                _learn()
            for _ in range(_TRIES - 1):
                try:
                    return self._launch(before).bootstrap
                except PortLost:
                    before = None
            return self._launch(before).bootstrap

    def stop(self, patience: float = 30.0) -> None:
        """Ends it and waits; whatever it holds stays on disk."""
        self._end(signal.SIGTERM, patience)

    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL)."""
        self._end(signal.SIGKILL, 10.0)

    def _end(self, how: signal.Signals, patience: float) -> None:
        with locked(self.home / "kafka.lock"):
            status = self.status()
            if status is None or status.pid is None:
                return
            if not end(status.pid, str(self._properties), how, patience):
                raise KafkaFailed(f"Kafka (pid {status.pid}) did not end within {patience:.0f} s")

    def _launch(self, before: Status | None, extra: tuple[str, ...] = ()) -> Status:
        wanted = self._port or (before.port if before else None)
        port = self._port or free_port(wanted)
        controller = free_port(before.controller if before else None)
        logs = self.home / "log"
        self._properties.write_text(properties(logs, port, controller))
        crash = f"-XX:ErrorFile={self.home / 'crash.log'}"
        program = [*arguments(self.heap, self.brief), crash, *extra]
        if not (logs / "meta.properties").exists():
            self._format(program)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        pid = start_detached([*program, "kafka.Kafka", str(self._properties)], self.log)
        status = Status(port, controller, pid)
        try:
            self._remember(status)
        except OSError:
            # Nobody would find it again, and it would keep its ports and data from the next one.
            end(pid, str(self._properties), signal.SIGKILL, 10.0)
            raise
        return self._serving(status)

    def _serving(self, status: Status) -> Status:
        """Waits until it says that it serves: who found it may have come before it was ready."""
        pid = status.pid or 0
        deadline = time.monotonic() + _PATIENCE
        while _STARTED not in self._said():
            if not runs(pid, str(self._properties)):
                why = f"Kafka ended while starting; {self.log} says:\n{self._tail()}"
                lost = self._port is None and "BindException" in self._said()
                raise PortLost(why) if lost else KafkaFailed(why)
            if time.monotonic() > deadline:
                end(pid, str(self._properties), signal.SIGKILL, 5.0)
                raise KafkaFailed(f"Kafka did not start in {_PATIENCE:.0f} s:\n{self._tail()}")
            time.sleep(0.03)
        return status

    def _format(self, program: list[str]) -> None:
        shutil.rmtree(self.home / "log", ignore_errors=True)
        formatting = subprocess.run(
            [*program, "kafka.tools.StorageTool", "format"]
            + [f"--cluster-id={_cluster_id()}", "-c", str(self._properties)],
            capture_output=True,
            text=True,
            check=False,
        )
        if formatting.returncode:
            raise KafkaFailed(
                f"{self.home} could not be formatted ({formatting.returncode}):\n{formatting.stdout}{formatting.stderr}"
            )

    def _remember(self, status: Status) -> None:
        path = self.home / "kafka.json"
        written = path.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(asdict(status)))
        written.replace(path)

    def _said(self) -> str:
        return self.log.read_text(errors="replace")

    def _tail(self) -> str:
        return "\n".join(self._said().splitlines()[-15:])


def _cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def _learn() -> None:
    """One training run, after which every start of this user takes about a second."""
    target = quick_start()
    with locked(target.with_suffix(".lock")):
        if target.exists():
            return
        tell(f"Preparing Apache Kafka {VERSION} for quick starts, once for this user")
        with tempfile.TemporaryDirectory(prefix="kafka-", dir=target.parent) as scratch:
            made = Path(scratch) / "made.aot"
            node = EmbeddedKafka(Path(scratch), "256m", brief=True)
            node.home.mkdir()
            node._launch(None, (f"-XX:AOTCacheOutput={made}",))
            node.stop(120.0)
            if made.exists():
                made.replace(target)
