"""A core that works is heard outside, one that only lives is not, and a deaf monitor is an incident."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from pydantic import SecretStr

from hub import clock
from hub.core import pulse as module
from hub.core.pulse import KIND, LATELY, UNHEARD, Pulse
from hub.core.start.horizon import NEVER, Upto
from hub.core.work import Work
from hub.settings import Settings
from tests.contract.transports.http_peer import Endpoint
from tests.kit.deeds import incidents
from tests.kit.site import Bench
from tests.kit.waiting import eventually


@pytest.fixture
async def monitor() -> AsyncIterator[Endpoint]:
    """Whoever is to hear us."""
    made = Endpoint()
    await made.up()
    yield made
    await made.down()


class Time:
    """Monotonic time that the test owns; waiting takes none of it."""

    def __init__(self, patch: pytest.MonkeyPatch):
        self.now = 1_000.0
        patch.setattr(clock, "monotonic", lambda: self.now)
        patch.setattr(module, "LOOK", 0.01)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """It stands still until it is moved."""
    return Time(monkeypatch)


def a_pulse(monitor: Endpoint, **more: Any) -> Pulse:
    url = SecretStr(f"http://127.0.0.1:{monitor.port}/ping/{{instance}}")
    return Pulse(Settings(heartbeat_url=url, site="Exemplar", instance="7", **more))


def at(pulse: Pulse, work: Work, upto: Upto) -> None:
    """A committed round that knows so much of the roads."""
    work.upto = upto
    pulse.committed(work)


def read_to(behind: float = 0.0) -> Upto:
    moment = clock.machine() - timedelta(seconds=behind)
    return Upto(moment, moment)


class Beating:
    """A pulse that beats while the block lasts."""

    def __init__(self, pulse: Pulse):
        self._stop = asyncio.Event()
        self._pulse = pulse

    async def __aenter__(self) -> "Beating":
        self._task = asyncio.create_task(self._pulse.beat(self._stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.wait_for(self._task, 5)


async def test_one_call_an_interval_says_who_is_well_and_names_nobody(
    monitor: Endpoint, time: Time, bench: Bench
) -> None:
    pulse = a_pulse(monitor, heartbeat_token=SecretStr("t0ken"))
    bench.do(lambda work: work.incident("stuck", "flows.health", "why"))
    bench.do(pulse.look)
    bench.do(lambda work: at(pulse, work, read_to()))
    async with Beating(pulse):
        await eventually(lambda: monitor.heard)
        await asyncio.sleep(0.2)
        assert len(monitor.heard) == 1
        said = orjson.loads(monitor.heard[0][1])
        assert said.pop("at")
        assert said == {"site": "Exemplar", "instance": "core-7", "open_incidents": 1}
        assert monitor.asked[0][1]["authorization"] == "Bearer t0ken"
        pulse.recorded()
        time.now += 61
        pulse.recorded()
        await eventually(lambda: len(monitor.heard) == 2)


def busy(pulse: Pulse, work: Work) -> None:
    """Far behind, and reading on."""
    at(pulse, work, read_to(600))
    pulse.recorded()


WELL: dict[str, tuple[float, Callable[[Pulse, Work], None]]] = {
    "it has read to the end": (0, lambda pulse, work: at(pulse, work, read_to())),
    "it had read to the end": (LATELY - 5, lambda pulse, work: at(pulse, work, read_to())),
    "it records what comes": (0, busy),
}
ILL: dict[str, tuple[float, Callable[[Pulse, Work], None]]] = {
    "it has not begun": (0, lambda pulse, work: None),
    "it knows no end": (0, lambda pulse, work: at(pulse, work, Upto(NEVER, NEVER))),
    "Kafka does not answer": (0, lambda pulse, work: at(pulse, work, read_to(LATELY + 1))),
    "it goes on without reading": (
        0,
        lambda pulse, work: at(pulse, work, Upto(clock.machine(), clock.machine(), unread=True)),
    ),
    "it commits nothing": (LATELY + 1, lambda pulse, work: at(pulse, work, read_to())),
}


@pytest.mark.parametrize("why", [*WELL, *ILL])
async def test_only_who_commits_and_reads_is_well(
    monitor: Endpoint, time: Time, bench: Bench, why: str
) -> None:
    pulse = a_pulse(monitor)
    later, done = (WELL | ILL)[why]
    bench.do(lambda work: done(pulse, work))
    time.now += later
    assert pulse.well is (why in WELL)
    async with Beating(pulse):
        if why in WELL:
            await eventually(lambda: monitor.heard)
        else:
            await asyncio.sleep(0.3)
            assert not monitor.heard


async def test_a_monitor_that_does_not_answer_is_one_line_and_one_incident(
    monitor: Endpoint, time: Time, bench: Bench
) -> None:
    pulse = a_pulse(monitor)
    monitor.status = 404

    async def call(count: int) -> None:
        pulse.recorded()
        time.now += 61
        pulse.recorded()
        await eventually(lambda: len(monitor.heard) == count)
        await asyncio.sleep(0.05)
        bench.do(pulse.look)

    with structlog.testing.capture_logs() as lines:
        async with Beating(pulse):
            for count in range(1, UNHEARD):
                await call(count)
            assert incidents(bench) == {}, "one call that is lost is nothing"
            await call(UNHEARD)
            await call(UNHEARD + 1)
            assert incidents(bench) == {KIND: 1}
            monitor.status = 200
            await call(UNHEARD + 2)
            assert incidents(bench) == {}
    told = [line["event"] for line in lines if line["event"].startswith("the monitor")]
    assert told == ["the monitor does not take our calls", "the monitor takes our calls again"]
    assert "ping" not in str(lines), "the address is the monitor's secret"


async def test_nothing_that_is_wrong_with_the_monitor_ends_core(
    time: Time, bench: Bench, tmp_path: Path
) -> None:
    for url in ("http://127.0.0.1:1/", "no address", "http://[::1", "https://127.0.0.1:1/"):
        missing = tmp_path / "token"
        pulse = Pulse(Settings(heartbeat_url=SecretStr(url), heartbeat_token_file=missing))
        pulse.recorded()
        async with Beating(pulse) as beating:
            await eventually(partial(getattr, pulse, "_unanswered"))
            assert not beating._task.done()
        missing.write_text("t0ken")


async def test_a_stop_waits_for_no_monitor(time: Time) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        while await reader.read(4096):
            pass
        writer.close()
        await writer.wait_closed()
        gone.set()

    called, gone = asyncio.Event(), asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pulse = Pulse(Settings(heartbeat_url=SecretStr(f"http://127.0.0.1:{port}/")))
    pulse.recorded()
    async with Beating(pulse):
        await asyncio.wait_for(called.wait(), 10)
    await asyncio.wait_for(gone.wait(), 10)
    server.close()


async def test_a_start_alone_does_not_end_it(monitor: Endpoint, bench: Bench) -> None:
    bench.do(lambda work: work.incident(KIND, "core-7", "since before we started"))
    pulse = a_pulse(monitor)
    bench.do(pulse.look)
    assert incidents(bench) == {KIND: 1}
    pulse.recorded()
    async with Beating(pulse):
        await eventually(lambda: monitor.heard)
        await eventually(lambda: pulse._heard)
    bench.do(pulse.look)
    assert incidents(bench) == {}


async def test_who_is_to_call_nobody_does_not(bench: Bench) -> None:
    pulse = Pulse(Settings())
    await asyncio.wait_for(pulse.beat(asyncio.Event()), 1)
    bench.do(lambda work: work.incident(KIND, "core-1", "before its address was taken out"))
    bench.do(pulse.look)
    assert incidents(bench) == {}
