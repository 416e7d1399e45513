"""One run of each scenario gives figures by name, from the clocks of generator and sink alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.load.cost import load_average, spent
from tests.load.hub_under_load import NUMBERS, Hub, Link, until

WARM = 4000
"""Messages: until then the compiler of Kafka's machine takes a fifth of a processor."""

Pairs = list[list[int]]
"""Stamp and arrival (or acknowledgement), in nanoseconds of one clock."""


@dataclass(frozen=True)
class Size:
    """How much is sent."""

    flat_out: int = 4000
    alone: int = 1500
    rate: float = 100.0
    seconds: float = 10.0

    @property
    def paced(self) -> int:
        """Messages of the open loop."""
        return int(self.rate * self.seconds)


class Sink:
    """The partners' process."""

    def __init__(self, process: "subprocess.Popen[str]"):
        self._process = process

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def counts(self) -> list[int]:
        """Arrivals at each port."""
        told: list[int] = self._ask("count")
        return told

    def take(self) -> list[Pairs]:
        """What arrived at each port since the last time."""
        told: list[Pairs] = self._ask("take")
        return told

    def _ask(self, word: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(word, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def sink(ports: Sequence[int]) -> Iterator[Sink]:
    """Runs one, listening."""
    command = [sys.executable, "-m", "tests.load.sink", *map(str, ports)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield Sink(process)
        assert process.stdin is not None
        process.stdin.close()


class Runs:
    """Measures one hub again and again."""

    def __init__(self, hub: Hub, arrivals: Sink, size: Size, server: int | None):
        self._hub = hub
        self._sink = arrivals
        self._size = size
        self._server = server
        self._serial = int(time.time() * 1000) % 1_000_000_000 * 1000

    def warm(self) -> None:
        """Sends until lists, lanes and code are warm, and Kafka's compiler has done most of its work."""
        for link in self._hub.links:
            self.begin(link)
            self._send(link, WARM, 8)
        self._settled()
        self._sink.take()

    def begin(self, link: Link) -> None:
        """Sends until edge has read its list, and drops no child that is watched."""
        while not self._sink.counts()[self._hub.links.index(link)]:
            self._send(link, 20, 8)
            time.sleep(0.3)

    def once(self) -> dict[str, float]:
        """Every scenario once."""
        lane, cases = self._hub.links
        size = self._size
        figures = {"load average": load_average()}
        flat = self.flat_out(lane, size.alone, 1)
        figures |= {f"{name}, 1 connection": flat[name] for name in _INTAKE}
        flat = self.flat_out(lane, size.flat_out, 8)
        figures |= {f"{name}, 8 connections": flat.pop(name) for name in _INTAKE}
        figures |= {f"{name}, one lane": value for name, value in flat.items()}
        flat = self.flat_out(cases, size.flat_out, 8)
        figures |= {f"{name}, lane a case": flat[name] for name in _DRAIN}
        figures |= self.intake_alone(lane, size.alone)
        return figures | self.paced(lane, size.paced, size.rate)

    def intake_alone(self, link: Link, count: int) -> dict[str, float]:
        """What the taking half of edge takes while core and the sending half stand still."""
        others = [self._hub.pids[role] for role in ("core", "edge-out")]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            acknowledged = self._send(link, count, 8)
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)
        self._settled(link, count)
        began = min(stamp for stamp, _ in acknowledged)
        ended = max(at for _, at in acknowledged)
        return {"limit: intake/s, the rest stopped": count / (ended - began) * 1e9}

    def flat_out(self, link: Link, count: int, connections: int) -> dict[str, float]:
        """As fast as the hub answers: how fast it takes, and how fast it then delivers."""
        before = spent(self._pids())
        load, acknowledged = self._send_watched(link, count, connections)
        arrived = self._settled(link, count)
        after = spent(self._pids())
        began = min(stamp for stamp, _ in acknowledged)
        ended = max(at for _, at in acknowledged)
        last = arrived[-1][1]
        late = [at for _, at in arrived if at > ended]
        waited = [at - stamp for stamp, at in acknowledged]
        figures = {
            "intake/s": count / (ended - began) * 1e9,
            "ack p50 ms": percentile(waited, 50),
            "ack p99 ms": percentile(waited, 99),
            "end to end/s": count / (last - began) * 1e9,
            "drain/s": len(late) / (last - ended) * 1e9 if len(late) > count / 10 else 0.0,
            "repeats": len(arrived) - len({stamp for stamp, _ in arrived}),
        }
        costs = {f"{name} µs": (after[name] - before[name]) / count for name in before}
        # Without a backlog worth the name, the hub kept pace: draining was as fast as intake.
        figures["drain/s"] = figures["drain/s"] or figures["end to end/s"]
        return figures | costs | {"generator µs": load / count}

    def paced(self, link: Link, count: int, rate: float) -> dict[str, float]:
        """So many a second, whether the hub keeps pace or not."""
        before = spent(self._pids())
        acknowledged = self._send(link, count, 8, rate)
        arrived = self._settled(link, count)
        after = spent(self._pids())
        whole = [at - stamp for stamp, at in arrived]
        waited = [at - stamp for stamp, at in acknowledged]
        costs = {
            f"{name} µs at {rate:.0f}/s": (after[name] - before[name]) / count
            for name in ("edge-in", "edge-out", "core")
        }
        return {
            f"p50 ms at {rate:.0f}/s": percentile(whole, 50),
            f"p99 ms at {rate:.0f}/s": percentile(whole, 99),
            f"ack p50 ms at {rate:.0f}/s": percentile(waited, 50),
            f"ack p99 ms at {rate:.0f}/s": percentile(waited, 99),
        } | costs

    def recovery(self, role: str) -> dict[str, float]:
        """Kills a role under load; seconds from then to what was sent after it."""
        link = self._hub.links[0]
        count = int(self._size.rate * 8)
        with self._generator(link, count, 4, self._size.rate) as process:
            time.sleep(2.0)
            pid = self._hub.pids[role]
            killed = time.monotonic_ns()
            os.kill(pid, signal.SIGKILL)
            acknowledged = _told(process)
        self._settled(link, count, 30)
        arrived = self._last
        until(self._hub.ready, 30, "not ready again")
        figures = {}
        for what, pairs in (("acknowledgement", acknowledged), ("delivery", arrived)):
            after = [at for stamp, at in pairs if stamp > killed]
            figures[f"first {what} after kill -9 of {role}, s"] = (min(after) - killed) / 1e9
        return figures

    def _send(self, link: Link, count: int, connections: int, rate: float = 0.0) -> Pairs:
        with self._generator(link, count, connections, rate) as process:
            return _told(process)

    def _send_watched(self, link: Link, count: int, connections: int) -> tuple[float, Pairs]:
        before = os.times()
        told = self._send(link, count, connections)
        after = os.times()
        children = after.children_user + after.children_system
        return (children - before.children_user - before.children_system) * 1e6, told

    @contextmanager
    def _generator(
        self, link: Link, count: int, connections: int, rate: float
    ) -> Iterator["subprocess.Popen[str]"]:
        told = {"port": link.inward, "agency": link.agency, "numbers": NUMBERS}
        told |= {"first": self._serial, "count": count, "connections": connections, "rate": rate}
        self._serial += count
        command = [sys.executable, "-m", "tests.load.generator", json.dumps(told)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield process
        if process.returncode:
            raise RuntimeError("the generator failed")

    def _settled(self, link: Link | None = None, count: int = 0, within: float = 90) -> Pairs:
        """What arrived, once nothing is missing and a while passed without more."""
        at = self._hub.links.index(link) if link else 0
        until(lambda: self._sink.counts()[at] >= count, within, "messages are missing at the sink")
        seen: list[int] = []
        while (now := self._sink.counts()) != seen:
            seen = now
            time.sleep(0.3)
        self._last = self._sink.take()[at]
        return self._last

    def _pids(self) -> dict[str, int]:
        more = {"sink": self._sink.pid}
        if self._server is not None:
            more["PostgreSQL"] = self._server
        return self._hub.pids | more


_INTAKE = ("intake/s", "ack p50 ms", "ack p99 ms")
_DRAIN = ("end to end/s", "drain/s")


def _told(process: "subprocess.Popen[str]") -> Pairs:
    assert process.stdout is not None
    told: Pairs = json.loads(process.stdout.read() or "[]")
    return told


def percentile(nanoseconds: Sequence[int], percent: int) -> float:
    """In milliseconds, by the nearest rank."""
    ordered = sorted(nanoseconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] / 1e6
