"""A killed role runs again at once, a killed supervisor leaves nothing that runs twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("run_with_fakes.py")


class Hub:
    """Supervisors of one data directory; whatever they started is gone when the test is."""

    def __init__(self, data: Path):
        self.data = data
        self._started: list[subprocess.Popen[str]] = []

    def run(self, *names: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(self.data), *names],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )
        self._started.append(process)
        return process

    def started(self) -> list[tuple[str, int, float]]:
        """Role, pid and time of every start so far."""
        try:
            lines = (self.data / "started").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [(n, int(pid), float(at)) for n, pid, at in (line.split() for line in lines)]

    def pids(self) -> dict[str, int]:
        """The roles as recorded, once each of them serves."""
        told: dict[str, int] = json.loads((self.data / "run.json").read_text())
        return told

    def wait(self, count: int) -> None:
        until(lambda: len(self.started()) >= count)

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stderr is not None:
                process.stderr.close()
        for _, pid, _ in self.started():
            if alive(pid, str(self.data)):
                os.kill(pid, signal.SIGKILL)


def alive(pid: int, sign: str) -> bool:
    try:
        return sign in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def spares(hub: Hub) -> set[int]:
    """Processes that wait for their turn: of ours, and not recorded."""
    ours = {int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()}
    sign = f"{hub.data}/run.json"
    return {pid for pid in ours if alive(pid, sign)} - set(hub.pids().values())


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path)
    yield made
    made.end()


def test_a_killed_role_is_running_again_from_its_warm_process(hub: Hub) -> None:
    hub.run("edge", "core")
    hub.wait(2)
    until(lambda: len(spares(hub)) == 2)
    before, warm = hub.pids(), spares(hub)
    killed = time.time()
    os.kill(before["edge"], signal.SIGKILL)
    hub.wait(3)
    name, pid, at = hub.started()[2]
    assert (name, pid) == ("edge", hub.pids()["edge"])
    assert pid in warm
    assert at - killed < 0.5
    assert hub.pids()["core"] == before["core"]


def test_one_that_is_killed_before_it_was_ready_has_a_warm_process_behind_it_next_time(
    hub: Hub,
) -> None:
    """`slow` never says that it serves: nothing was warmed behind its first life."""
    hub.run("slow")
    hub.wait(1)
    assert not spares(hub)
    os.kill(hub.started()[-1][1], signal.SIGKILL)
    hub.wait(2)
    until(lambda: len(spares(hub)) == 1)
    (warm,) = spares(hub)
    os.kill(hub.started()[-1][1], signal.SIGKILL)
    hub.wait(3)
    assert hub.started()[-1][1] == warm


def test_a_stop_ends_everything_and_forgets_it(hub: Hub) -> None:
    process = hub.run("edge", "core")
    hub.wait(2)
    until(lambda: len(spares(hub)) == 2)
    process.terminate()
    assert process.wait(8) == 0
    assert not any(alive(pid, str(hub.data)) for _, pid, _ in hub.started())
    assert not (hub.data / "run.json").exists()


def test_who_does_not_hear_is_killed_in_bounded_time(hub: Hub) -> None:
    process = hub.run("deaf", "edge")
    hub.wait(2)
    until((hub.data / "ports" / "deaf.json").exists)
    began = time.monotonic()
    process.terminate()
    assert process.wait(20) == 0
    assert 1 < time.monotonic() - began < 5
    assert not any(alive(pid, str(hub.data)) for _, pid, _ in hub.started())


def test_a_second_supervisor_is_refused_and_the_first_goes_on(hub: Hub) -> None:
    first = hub.run("edge")
    hub.wait(1)
    second = hub.run("edge")
    assert second.wait(15) == 78
    assert second.stderr is not None
    assert f"runs already for {hub.data} (pid {first.pid})" in second.stderr.read()
    assert first.poll() is None
    assert len(hub.started()) == 1


def test_what_a_killed_supervisor_left_is_ended_before_anything_starts(hub: Hub) -> None:
    first = hub.run("edge", "core")
    hub.wait(2)
    until(lambda: len(spares(hub)) == 2)
    orphans = hub.pids()
    first.kill()
    first.wait()
    # The roles go on serving, the waiting ones leave: nothing would give them their turn.
    until(lambda: not spares(hub))
    assert all(alive(pid, str(hub.data)) for pid in orphans.values())
    hub.run("edge", "core")
    hub.wait(4)
    assert not any(alive(pid, str(hub.data)) for pid in orphans.values())
    assert {name for name, _, _ in hub.started()[2:]} == {"edge", "core"}


def test_a_role_that_cannot_live_is_tried_ever_more_slowly_with_a_line_each(hub: Hub) -> None:
    process = hub.run("frail")
    hub.wait(6)
    process.terminate()
    process.wait(10)
    at = [when for _, _, when in hub.started()]
    assert at[5] - at[4] > at[4] - at[3] > 0.4
    assert process.stderr is not None
    told = [json.loads(line) for line in process.stderr]
    deaths = [line for line in told if line["event"].startswith("a role died")]
    assert [(d["exit_code"], d["delay"]) for d in deaths[:5]] == [
        (3, 0.0),
        (3, 0.0),
        (3, 0.0),
        (3, 0.5),
        (3, 1.0),
    ]


def test_a_full_disk_keeps_a_role_waiting_and_ends_no_other(hub: Hub) -> None:
    process = hub.run("edge", "core")
    hub.wait(2)
    before = hub.pids()
    in_the_way = hub.data / f".run.json.{process.pid}"
    in_the_way.mkdir()
    os.kill(before["edge"], signal.SIGKILL)
    time.sleep(1)
    assert (process.poll(), len(hub.started())) == (None, 2)
    assert alive(before["core"], str(hub.data))
    in_the_way.rmdir()
    hub.wait(3)
    assert hub.pids() == {"edge": hub.started()[2][1], "core": before["core"]}
