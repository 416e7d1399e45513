"""A whole hub stands under load while one schedule after another is done to it, and after each it is judged."""

import asyncio
import contextlib
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx
from nhs_number import generate  # type: ignore[attr-defined]
from nhs_number.constants import REGION_SYNTHETIC

from hub.embedded.processes import free_port
from tests.faults.crash.books import Verdict
from tests.faults.crash.manners import RIGHT
from tests.faults.crash.site import HOSPITALS, TOKEN, Site
from tests.faults.crash.teams import Arrived, Collector, Team
from tests.faults.crash.wards import Hospital, Said
from tests.faults.evening import BEARER, handing_over
from tests.faults.storms.apart import Apart
from tests.faults.storms.checker import Answers, check
from tests.faults.storms.custody import Custody, Night, Worker
from tests.faults.storms.deeds import Deeds
from tests.faults.storms.ground import Ground, ground
from tests.faults.storms.lists import whole
from tests.faults.storms.records import UNREAD
from tests.faults.storms.steps import TEAMS, Step
from tests.kit import people
from tests.kit.desk import sign_in

CHILDREN = 16
CONNECTIONS = 4
DRAIN = 45.0
"""Seconds without one more arrival after which what is missing counts as lost."""
QUIET = 25.0
"""Seconds within which equations are settled and incidents close, once everything has arrived."""
ROUNDS = 3
"""Times that it is asked at least, before what it answers counts as its last word."""


@dataclass
class Storm:
    """One hub, its partners, and what is done to them; schedule after schedule until one fails."""

    home: Path
    ledger: str
    old: Path | None = None
    """The program that begins the hub, where it is not the one that is here."""
    rate: float = 40.0
    say: Callable[[str], None] = print
    teams: dict[str, Team] = field(default_factory=dict)
    hospitals: dict[str, Hospital] = field(default_factory=dict)
    collector: Collector = field(default_factory=lambda: Collector("collects", TOKEN, ""))
    records: Collector = field(
        default_factory=lambda: Collector("records", TOKEN, "", visit=lambda _: "handover")
    )

    @asynccontextmanager
    async def standing(self) -> AsyncIterator["Storm"]:
        """A hub that serves, while the block lasts."""
        self.home.mkdir(parents=True)
        async with AsyncExitStack() as stack:
            stand = await stack.enter_async_context(ground(self.home, self.ledger))
            await self._partners(stand)
            site = self._site
            stack.push_async_callback(asyncio.to_thread, site.stop)
            for team in self.teams.values():
                stack.callback(team.close)
            await site.start()
            self.collector.base = self.records.base = site.desk()
            self._deeds = Deeds(site, stand, self.teams, self.hospitals)
            self._web = await stack.enter_async_context(
                httpx.AsyncClient(base_url=site.desk(), timeout=20, trust_env=False)
            )
            operator = asyncio.create_task(self._deeds.watch())
            stack.callback(operator.cancel)
            await self._people(site, stack)
            stack.callback(self._write_down)
            yield self

    async def _partners(self, stand: Ground) -> None:
        where = (self.home, 1, stand.database, stand.shown, handing_over())
        self._site = site = Site(*where) if self.old is None else Apart(*where, old=self.old)
        site.more["HUB_DOOR_PORT"] = str(free_port())
        # Its disk is small, so that it can be filled: what is left of it otherwise is enough.
        site.more["HUB_DISK_FREE_MIN"] = "32MB"
        shown = {}
        for number, name in enumerate(TEAMS):
            team = self.teams[name] = Team(name, number)
            await team.start(free_port())
            shown[name] = await stand.lines.open(name, team.port)
        site.write(shown)
        numbers = list(dict.fromkeys(generate(quantity=2 * CHILDREN, for_region=REGION_SYNTHETIC)))
        for name in HOSPITALS:
            port = await stand.lines.open(name, site.ports[name])
            code, rate = name[0].upper(), self.rate / len(HOSPITALS)
            self.hospitals[name] = Hospital(code, port, numbers[:CHILDREN], 1, rate, 6.0)

    async def _people(self, site: Site, stack: AsyncExitStack) -> None:
        """An operator looks at the desk, two of the duty team accept, and the night hands over."""
        council = ("--agency", "exemplar-council")
        duty = ("--role", "duty_manager", "--authority", "383", *council, "--team", "duty")
        grants = {"o": ("--role", "operations", "--authority", "*", *council), "a": duty, "b": duty}

        async def added(short: str) -> str:
            who = ("--name", f"Person {short.upper()}", "--email", f"{short}@example.org")
            code, said = await site.command("people", "add", *who, *grants[short])
            if code:
                raise RuntimeError(said)
            return said.split()[-1]

        added_all = await asyncio.gather(*map(added, grants))
        passwords = dict(zip(grants, added_all, strict=True))
        self._password = passwords["o"]

        async def client(base: str, **more: Any) -> httpx.AsyncClient:
            made = httpx.AsyncClient(base_url=base, timeout=15, trust_env=False, **more)
            return await stack.enter_async_context(made)

        self.workers = [
            Worker(short, f"{short}@example.org", passwords[short], await client(site.desk()))
            for short in "ab"
        ]
        door = await client(f"http://127.0.0.1:{site.more['HUB_DOOR_PORT']}", headers=BEARER)
        self.night = Night(door, _a_handover)

    async def play(self, steps: Sequence[Step]) -> Verdict:
        """Does the steps under load, waits until all is quiet, and judges all that was ever said here."""
        began, over, enough = time.time(), asyncio.Event(), asyncio.Event()
        receiving: tuple[Collector | Worker, ...] = (self.collector, self.records, *self.workers)
        collecting = [asyncio.create_task(one.run(over.is_set)) for one in receiving]
        hospitals = [one.run(CONNECTIONS, enough.is_set) for one in self.hospitals.values()]
        sending = [asyncio.create_task(one) for one in (*hospitals, self.night.run(enough.is_set))]
        try:
            async with asyncio.TaskGroup() as group:
                for step in steps:
                    group.create_task(self._in_time(step))
            await self._deeds.whole()
            await asyncio.sleep(1)
            enough.set()
            await self._until(sending)
            await self._arrived()
            answers = await self._answers()
        finally:
            over.set()
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, *collecting, return_exceptions=True)
        verdict = self._check(answers)
        refused = [words for one in self.hospitals.values() for words in one.refused]
        verdict.fault("refused at the door", refused)
        verdict.counted["seconds"] = round(time.time() - began)
        return verdict

    @property
    def said(self) -> list[Said]:
        """All that hospitals ever said here."""
        return [one for hospital in self.hospitals.values() for one in hospital.book.values()]

    @property
    def books(self) -> dict[str, list[Arrived]]:
        """All that ever arrived, by team."""
        found = {team.name: team.arrived for team in self.teams.values()}
        return found | {self.collector.name: self.collector.arrived}

    @property
    def skipped(self) -> list[str]:
        """Steps that could not be done here."""
        return self._deeds.skipped

    async def _in_time(self, step: Step) -> None:
        await asyncio.sleep(step.at)
        done = await self._deeds.do(step)
        self.say(f"      {step}  {done.what_came}".rstrip())

    async def _until(self, sending: Iterable[asyncio.Task[None]]) -> None:
        """What is never acknowledged is judged, not waited for."""
        _, late = await asyncio.wait(sending, timeout=DRAIN)
        for task in late:
            task.cancel()

    async def _arrived(self) -> None:
        """Until everything acknowledged is in every book, or nothing comes any more."""
        deadline, before = time.monotonic() + DRAIN, -1
        wanted = {one.visit for one in self.said if one.acknowledged is not None}
        while time.monotonic() < deadline:
            known = [
                {one.visit for one in book if one.manner in RIGHT} for book in self.books.values()
            ]
            if all(wanted <= visits for visits in known):
                return
            count = sum(map(len, known))
            if count != before:
                deadline, before = time.monotonic() + DRAIN, count
            await asyncio.sleep(0.2)

    async def _answers(self) -> Answers:
        """What the hub says of itself, once it is at rest or should long have been."""
        answers = Answers(deaths=self._deeds.deaths)
        kept = [told for topic, told in self._deeds.left.items() if not topic.startswith(UNREAD)]
        answers.left = (sum(map(sum, kept)), sum(map(len, kept)))
        await self._held()
        deadline, rounds = time.monotonic() + QUIET, 0
        while True:
            await self._ask(answers)
            rounds += 1
            # A busy machine may take the whole time for one answer.
            if not self._check(answers).wrong or (time.monotonic() > deadline and rounds >= ROUNDS):
                return answers
            await asyncio.sleep(1)

    async def _held(self) -> None:
        """Until all that was handed over is held; asking the desk costs less than asking a command."""
        deadline = time.monotonic() + QUIET
        while time.monotonic() < deadline:
            held = [await one.holds() for one in self.workers]
            if {one for some in held for one in some or ()} >= self.night.owned.keys():
                # The last receipts are on their way.
                await asyncio.sleep(1.5)
                return
            await asyncio.sleep(0.3)

    def _check(self, answers: Answers) -> Verdict:
        custody = Custody(
            set(self.night.owned),
            len(self.records.arrived),
            self.night.refused,
            {one.name: one.told for one in self.workers},
            self._holds,
        )
        return check(self.said, self.books, self._deeds.done, answers, custody)

    async def _ask(self, answers: Answers) -> None:
        reconciled, verified, pages = await asyncio.gather(
            self._site.command("ledger", "reconcile"),
            self._site.command("audit", "verify"),
            self._pages(),
        )
        answers.reconciled, answers.equations = reconciled
        answers.verified, answers.chains = verified
        answers.incidents, answers.shelf = pages
        self._holds = {one.name: await one.holds() for one in self.workers}

    async def _pages(self) -> tuple[list[str], int]:
        """Open incidents, and records on the shelf, as the desk shows them."""
        for _ in range(20):
            with contextlib.suppress(httpx.TransportError):
                pages = await whole(self._web, "/incidents")
                if isinstance(pages, list):
                    shelf = (await self._web.get("/failed")).text
                    count = re.search(r"Stuck records \((\d+)\)", shelf)
                    titles = [title for page in pages for title in _open_titles(page)]
                    return titles, int(count[1]) if count else 0
                await sign_in(self._web, "o@example.org", self._password)
            await asyncio.sleep(0.5)
        return ["the desk showed no incidents"], 0

    def _write_down(self) -> None:
        """What everybody wrote down is kept as the evidence."""
        for name, book in self.books.items():
            _lines(self.home / f"book-{name}.jsonl", map(asdict, book))
        _lines(self.home / "book-hospitals.jsonl", map(asdict, self.said))
        _lines(self.home / "done.jsonl", map(asdict, self._deeds.done))
        kafka = (self.home / "broker" / "kafka").glob("kafka.log*")
        for kept in (*(self.home / "hub1").glob("ledger.db*"), *kafka):
            # Its disk goes with the storm.
            shutil.copy(kept, self.home)
        told = {one.name: one.told for one in self.workers}
        _lines(self.home / "custody.jsonl", [self.night.owned, told])


def _a_handover(number: int) -> dict[str, Any]:
    return people.a_handover(number).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _lines(path: Path, found: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in found))


def _open_titles(page: str) -> list[str]:
    """Title and cause of each incident that the page shows as open."""
    open_ones = page.partition('id="closed"')[0]
    found = re.findall(r"<strong>(.*?)</strong><span class=\"more\">(.*?)\. Seen", open_ones)
    return [unescape(f"{title}: {cause}") for title, cause in found]
