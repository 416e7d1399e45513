"""Each step of a schedule is done to a real process, a real disk or a real line, and undone when its time is over."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from hub.embedded.node import KafkaFailed
from tests.faults.crash.site import Site
from tests.faults.crash.teams import Team
from tests.faults.crash.wards import Hospital, Line
from tests.faults.storms import records
from tests.faults.storms.apart import Apart
from tests.faults.storms.checker import BY_ITSELF, Done
from tests.faults.storms.ground import Ground
from tests.faults.storms.proxy import MODES
from tests.faults.storms.steps import CODES, MANNERS, Step

FLOOD, EACH = 8, 15
"""Messages that are sent again, and how often, all at once."""

ROUND = 0.3
"""Seconds between two looks of an operator."""

_SHIFTS = {
    "+14h": timedelta(hours=14),
    "-14h": timedelta(hours=-14),
    "+400d": timedelta(days=400),
    "-1h": timedelta(hours=-1),
}


@dataclass
class Deeds:
    """Who can be disturbed.

    Args:
        site: the hub, which is started again by an operator of ours where it ends as a whole.
        ground: its servers, disks and lines.
    """

    site: Site
    ground: Ground
    teams: dict[str, Team]
    hospitals: dict[str, Hospital]
    done: list[Done] = field(default_factory=list)
    left: dict[str, list[bool]] = field(default_factory=dict)
    """Topic to what Kafka said to each record that a stranger left there."""
    deaths: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    shift: timedelta = timedelta(0)
    _meant: bool = False

    async def do(self, step: Step) -> Done:
        """Carries it out and undoes it."""
        done = Done(step, time.time(), time.time())
        self.done.append(done)
        how: Callable[[Step], Awaitable[str | None]]
        if step.what in MANNERS:
            how = self._manner
        elif step.what in MODES:
            how = self._line
        else:
            how = getattr(self, f"_{step.what}")
        done.what_came = await how(step) or ""
        done.ended = time.time()
        return done

    async def watch(self) -> None:
        """Operators: what ended as a whole, and was not ended by us, is started again."""
        async with asyncio.TaskGroup() as operators:
            for one in (self._see_to_the_hub, self._see_to_kafka, self._see_to_postgres):
                operators.create_task(_again_and_again(one))

    async def _see_to_the_hub(self) -> None:
        async with self.ground.turn("run"):
            code = self.site.fallen()
            if code is not None and not self._meant:
                self.deaths.append(f"with {code}: {_last(self.site.home / 'hub1.log')}")
                await asyncio.sleep(0.5)
                await self._again()

    async def _see_to_kafka(self) -> None:
        """A full disk ends it, perhaps only after there was room again."""
        async with self.ground.turn("kafka"):
            status = self.ground.kafka.status()
            if status is None or status.pid is None:
                await self._after_its_end("kafka", self.ground.kafka.start)

    async def _see_to_postgres(self) -> None:
        async with self.ground.turn("postgres"):
            server = self.ground.postgres
            if server is not None and not await asyncio.to_thread(server.runs):
                await self._after_its_end("postgres", server.serve)

    async def _after_its_end(self, whom: str, start: Callable[[], object]) -> None:
        """One try; a disk that is still full prevents it. To everybody else it is as if it had been killed."""
        done = Done(Step(0.0, "kill", whom), time.time() - ROUND, time.time(), BY_ITSELF)
        self.done.append(done)
        with contextlib.suppress(KafkaFailed, RuntimeError, OSError):
            await asyncio.to_thread(start)
        done.ended = time.time()

    async def whole(self) -> None:
        """Returns when everything runs that should."""
        for team in self.teams.values():
            team.manner = "well"
        for disk in self.ground.disks.values():
            disk.room()
        await self._kafka_runs()
        await self._postgres_runs()
        async with asyncio.timeout(90):
            while self.site.fallen() is not None or not self.site.serves():
                await asyncio.sleep(0.2)

    async def _kill(self, step: Step) -> None:
        await self._ended(step.whom, signal.SIGKILL)

    async def _restart(self, step: Step) -> None:
        await self._ended(step.whom, signal.SIGTERM)

    async def _ended(self, whom: str, how: signal.Signals) -> None:
        async with self.ground.turn(whom):
            if whom == "kafka":
                kafka = self.ground.kafka
                await asyncio.to_thread(kafka.kill if how == signal.SIGKILL else kafka.stop)
                await asyncio.sleep(0.5)
                await _up(kafka.start)
            elif whom == "postgres":
                if self.ground.postgres is not None:
                    mode = "immediate" if how == signal.SIGKILL else "fast"
                    await asyncio.to_thread(self.ground.postgres.stop, mode)
                    await asyncio.sleep(0.5)
                    await _up(self.ground.postgres.serve)
            elif whom == "run":
                await self._run_ended(how)
            else:
                await self._signal(whom, how)

    async def _run_ended(self, how: signal.Signals) -> None:
        self._meant = True
        try:
            run = self.site.supervisor()
            run.send_signal(how)
            await asyncio.to_thread(run.wait, 60)
            await asyncio.sleep(0.3)
            await self._again()
        finally:
            self._meant = False

    async def _again(self) -> None:
        """A database or a Kafka that is away at this moment keeps `hub run` from starting: once more."""
        for _ in range(30):
            try:
                await self.site.again()
            except RuntimeError:
                if self.site.fallen() is None:
                    return  # it only takes its time
                await asyncio.sleep(1)
            else:
                return
        raise RuntimeError("hub run could not be started again")

    async def _signal(self, role: str, how: signal.Signals) -> None:
        async with asyncio.timeout(60):
            while (pid := self.site.pid(role, 1)) is None:
                await asyncio.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)

    async def _stop(self, step: Step) -> None:
        """SIGSTOP for as long as the step lasts."""
        async with self.ground.turn(step.whom):
            if step.whom == "postgres" and self.ground.postgres is not None:
                with contextlib.suppress(OSError), self.ground.postgres.frozen():
                    await asyncio.sleep(step.long)
                return
            if step.whom == "kafka":
                status = self.ground.kafka.status()
                pid = status.pid if status else None
            else:
                pid = self.site.pid(step.whom, 1)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    await asyncio.sleep(step.long)
                    os.kill(pid, signal.SIGCONT)

    async def _full(self, step: Step) -> str | None:
        disk = self.ground.disks.get(step.whom)
        if disk is None:
            self.skipped.append(str(step))
            return "skipped: a disk of its own can be mounted by root alone"
        until = time.monotonic() + step.long
        try:
            while time.monotonic() < until:
                await asyncio.to_thread(disk.fill)
                await asyncio.sleep(0.05)
        finally:
            disk.room()
        await self._kafka_runs()
        await self._postgres_runs()
        return None

    async def _clock(self, step: Step) -> None:
        """Civil time of all processes jumps, as it does for a drill: with a restart."""
        async with self.ground.turn("run"):
            self.shift += _SHIFTS[step.whom]
            self.site.more["HUB_CLOCKSHIFT_SECONDS"] = str(self.shift.total_seconds())
            await self._run_ended(signal.SIGTERM)

    async def _upgrade(self, step: Step) -> str:
        """A role of an older program gives way to the one that is here."""
        if not isinstance(self.site, Apart):
            raise TypeError("this hub was not begun with an older program")
        return await self.site.upgrade(step.whom)

    async def _line(self, step: Step) -> None:
        async with self._carried(step.whom, mode=step.what):
            await asyncio.sleep(step.long)

    @asynccontextmanager
    async def _carried(self, route: str, **order: str | int) -> AsyncIterator[None]:
        await self.ground.lines.tell(route, **order)
        try:
            yield
        finally:
            await self.ground.lines.tell(route, mode="pass", code=0)

    async def _manner(self, step: Step) -> None:
        team = self.teams[step.whom]
        team.manner = step.what
        await asyncio.sleep(step.long)
        team.manner = "well"

    async def _code(self, step: Step) -> str:
        before = await self.ground.lines.tell("kafka")
        async with self._carried("kafka", code=CODES[step.whom]):
            await asyncio.sleep(step.long)
        after = await self.ground.lines.tell("kafka")
        return f"{after - before} answers altered"

    async def _write(self, step: Step) -> str:
        chance = Random(f"{step}")
        told = await asyncio.to_thread(records.leave, self.ground.bootstrap, step.whom, chance)
        for topic, confirmed in told.items():
            self.left.setdefault(topic, []).append(confirmed)
        return f"{sum(told.values())} of {len(told)} confirmed"

    async def _flood(self, step: Step) -> str:
        """Messages that were acknowledged come again, many times at once; each is acknowledged."""
        hospital = self.hospitals[step.whom]
        known = [one for one in hospital.book.values() if one.acknowledged is not None]
        again = Random(f"{step}").sample(known, min(FLOOD, len(known)))

        async def repeat(words: bytes, name: str) -> int:
            with contextlib.closing(Line(hospital.port, hospital.patience)) as line:
                answers = [await line.ask(words) for _ in range(EACH)]
            for answer in answers:
                if answer is not None and f"MSA|AA|{name}" not in answer:
                    hospital.refused.append(f"a repeat of {name}: {answer[-200:]!r}")
            return sum(answer is not None for answer in answers)

        sent = [repeat(hospital.words(one), one.name) for one in again]
        return f"{sum(await asyncio.gather(*sent))} repeats acknowledged"

    async def _kafka_runs(self) -> None:
        async with self.ground.turn("kafka"):
            await _up(self.ground.kafka.start)

    async def _postgres_runs(self) -> None:
        if self.ground.postgres is not None:
            async with self.ground.turn("postgres"):
                await _up(self.ground.postgres.serve)


async def _again_and_again(look: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(ROUND)
        await look()


async def _up(start: Callable[[], object]) -> None:
    """Starts a server that may not be ready to be started yet."""
    for _ in range(5):
        try:
            await asyncio.to_thread(start)
        except (KafkaFailed, RuntimeError, OSError):
            await asyncio.sleep(1)
        else:
            return
    await asyncio.to_thread(start)


def _last(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return " / ".join(lines[-3:])[-500:]
