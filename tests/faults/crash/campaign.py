"""Two hospitals send, three teams receive, and meanwhile every process of the hub is killed again and again."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from nhs_number import generate  # type: ignore[attr-defined]
from nhs_number.constants import REGION_SYNTHETIC
from sqlalchemy import Engine

from hub.embedded.processes import free_port
from hub.ledger.session import open_ledger
from hub.ledger.write import rows
from tests.faults.crash.books import Verdict
from tests.faults.crash.judge import judge
from tests.faults.crash.schedule import WEIGHTS, Kill, schedule
from tests.faults.crash.site import HOSPITALS, TOKEN, Site
from tests.faults.crash.teams import Arrived, Collector, Team
from tests.faults.crash.wards import Hospital, Said

CHILDREN = 40
CONNECTIONS = 4
STALLED = 20.0
"""Seconds without enough acknowledgements after which the next kill comes all the same."""

DRAIN = 60.0
"""Seconds without one more delivery after which what is open counts as left behind."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a campaign is to do; `first` are roles that are killed in any case."""

    seed: int
    kills: int
    messages: int
    rate: float = 80.0
    pause: float = 1.3
    first: tuple[str, ...] = ()


Disturb = Callable[[Site, list[Hospital]], Awaitable[None]]
"""What is done to a hub while its partners send; they send on until it is done."""


@dataclass
class Killed:
    """A kill that took place, and when work of that role was seen again at a partner."""

    kill: Kill
    at: float
    seen: float | None = None
    alone: bool = True
    """No other kill of this role or of Kafka came before the work was seen."""


@dataclass
class Told:
    """All that a campaign found."""

    verdict: Verdict
    figures: dict[str, Any]

    @property
    def held(self) -> bool:
        """Whether every promise was kept."""
        return not self.verdict.wrong


@dataclass
class Campaign:
    """One hub, its partners, and its killer, or whoever else disturbs it."""

    home: Path
    wanted: Wanted
    slots: int = 1
    database: str | None = None
    disturb: Disturb | None = None
    say: Callable[[str], None] = print
    kafka: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    """Partners beside its own; whoever disturbs looks after them."""
    killed: list[Killed] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)

    async def run(self) -> Told:
        """Starts everything, kills, waits until all is settled, judges, and stops everything."""
        began = time.time()
        self.home.mkdir(parents=True)
        teams = self.teams
        teams += [Team("by-case", self.wanted.seed), Team("by-arrival", self.wanted.seed + 1)]
        for team in teams:
            await team.start(free_port())
        site = Site(self.home, self.slots, self.database, self.kafka, self.others)
        site.write({team.name: team.port for team in teams})
        collector = Collector("collects", TOKEN, "")
        hospitals: list[Hospital] = []
        try:
            await site.start()
            collector.base = site.desk()
            hospitals = self._hospitals(site)
            started = time.time()
            settled = await self._play(site, hospitals, collector)
            loaded = time.time() - started
            said = [one for hospital in hospitals for one in hospital.book.values()]
            books = {team.name: team.arrived for team in teams}
            books[collector.name] = collector.arrived
            verdict = await self._judged(site, said, books)
            if not settled:
                verdict.wrong.insert(0, f"deliveries were left open: none more in {DRAIN:.0f} s")
            refused = [words for hospital in hospitals for words in hospital.refused]
            verdict.fault("refused at the door", refused)
            self._recoveries(said, books, hospitals)
            return Told(verdict, self._figures(verdict, began, loaded))
        finally:
            self._evidence(hospitals, [*teams, collector])
            await asyncio.to_thread(site.stop)
            for team in teams:
                team.close()

    def _hospitals(self, site: Site) -> list[Hospital]:
        """Both know the same children: one case then gets messages over two roads."""
        numbers = list(dict.fromkeys(generate(quantity=2 * CHILDREN, for_region=REGION_SYNTHETIC)))
        rate = self.wanted.rate / len(HOSPITALS)
        return [
            Hospital(
                name[0].upper(),
                site.ports[name],
                numbers[:CHILDREN],
                min(slot, site.slots),
                rate,
            )
            for slot, name in enumerate(HOSPITALS, 1)
        ]

    async def _play(self, site: Site, hospitals: list[Hospital], collector: Collector) -> bool:
        share = -(-self.wanted.messages // len(hospitals))

        def enough(hospital: Hospital) -> Callable[[], bool]:
            return lambda: hospital.acknowledged >= share and killing.done()

        over = asyncio.Event()
        killing = asyncio.ensure_future((self.disturb or self._kill)(site, hospitals))
        collecting = asyncio.create_task(collector.run(over.is_set))
        sending = [asyncio.create_task(one.run(CONNECTIONS, enough(one))) for one in hospitals]
        try:
            await asyncio.wait([*sending, killing], return_when=asyncio.FIRST_EXCEPTION)
            for task in (*sending, killing):
                if task.done():
                    task.result()
            acknowledged = sum(one.acknowledged for one in hospitals)
            self.say(f"all {acknowledged} messages acknowledged; waiting for deliveries")
            return await self._settled(site)
        finally:
            over.set()
            for task in (*sending, killing):
                task.cancel()
            await asyncio.gather(*sending, killing, collecting, return_exceptions=True)

    async def _kill(self, site: Site, hospitals: list[Hospital]) -> None:
        plan = schedule(self.wanted.seed, self.slots, self.wanted.pause, self.wanted.first)
        for number, kill in enumerate(islice(plan, self.wanted.kills), 1):
            await asyncio.sleep(kill.after)
            if not kill.hasty:
                await self._worked(hospitals, (number - 1) / self.wanted.kills)
            await site.kill(kill.role, kill.slot)
            self.killed.append(Killed(kill, time.time()))
            count = sum(one.acknowledged for one in hospitals)
            self.say(f"{number:4}  {kill}  {count} acknowledged")

    async def _worked(self, hospitals: list[Hospital], share: float) -> None:
        """Waits until that share of the messages was acknowledged, or nothing is for a while."""
        wanted, deadline = share * self.wanted.messages, time.monotonic() + STALLED
        while sum(one.acknowledged for one in hospitals) < wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def _settled(self, site: Site) -> bool:
        """Waits until no delivery is open for three looks; false where nothing moves any more."""
        deadline, calm, before = time.monotonic() + DRAIN, 0, -1
        while calm < 3 and time.monotonic() < deadline:
            await asyncio.sleep(1)
            left, delivered = await asyncio.to_thread(self._open, site)
            calm = calm + 1 if left == 0 else 0
            if delivered != before:
                deadline = time.monotonic() + DRAIN
                self.say(f"      {left} deliveries open, {delivered} delivered")
            before = delivered
        return calm >= 3

    def _open(self, site: Site) -> tuple[int, int]:
        engine = self._engine(site)
        try:
            with engine.connect().execution_options(reading=True) as conn:
                sql = "select state = 'delivered' as done, count(*) as n from delivery group by 1"
                found = {bool(row.done): int(row.n) for row in rows(conn, sql)}
                return found.get(False, 0), found.get(True, 0)
        finally:
            engine.dispose()

    def _engine(self, site: Site) -> Engine:
        return open_ledger(self.database or f"sqlite:///{site.data(1) / 'ledger.db'}", pool=1)

    async def _judged(
        self, site: Site, said: list[Said], books: dict[str, list[Arrived]]
    ) -> Verdict:
        # Edge tells its tallies once a second.
        await asyncio.sleep(2)

        def work() -> Verdict:
            engine = self._engine(site)
            try:
                with engine.connect().execution_options(reading=True) as conn:
                    return judge(conn, said, books)
            finally:
                engine.dispose()

        return await asyncio.to_thread(work)

    def _recoveries(
        self, said: list[Said], books: dict[str, list[Arrived]], hospitals: list[Hospital]
    ) -> None:
        """Edge that takes in: an acknowledgement over a new connection; others: a later message delivered."""
        slot_of = {id(one): h.slot for h in hospitals for one in h.book.values()}
        acks = sorted(
            (one.acknowledged, one.connected, slot_of[id(one)])
            for one in said
            if one.acknowledged is not None
        )
        owned = {one.visit: one.acknowledged or 0.0 for one in said}
        first: dict[str, float] = {}
        for name in ("by-case", "by-arrival"):
            for one in books[name]:
                first[one.visit] = min(one.at, first.get(one.visit, one.at))
        arrivals = sorted((at, owned.get(visit, 0.0)) for visit, at in first.items())
        for killed in self.killed:
            at, slot = killed.at, killed.kill.slot
            if killed.kill.role == "edge-in":
                found = (t for t, c, s in acks if t > at and c > at and s == slot)
            elif killed.kill.role in ("core", "edge-out"):
                found = (t for t, since in arrivals if t > at and since > at)
            elif killed.kill.role == "kafka":
                found = (t for t, _, _ in acks if t > at + 0.2)
            else:
                continue
            killed.seen = next(found, None)
            until = killed.seen or time.time()
            killed.alone = not any(
                other is not killed and at - 1.0 < other.at < until and other.kill.role != "desk"
                for other in self.killed
            )

    def _figures(self, verdict: Verdict, began: float, loaded: float) -> dict[str, Any]:
        roles = [killed.kill.role for killed in self.killed]
        return {
            "ledger": "postgres" if self.database else "sqlite",
            "wanted": asdict(self.wanted),
            "kills": {role: roles.count(role) for role in WEIGHTS},
            "counted": verdict.counted,
            "recovery": {role: self._recovery(role) for role in WEIGHTS if role != "desk"},
            "seconds": {"whole": round(time.time() - began, 1), "load": round(loaded, 1)},
            "wrong": verdict.wrong,
            "evidence": str(self.home),
        }

    def _recovery(self, role: str) -> dict[str, float | int]:
        """Of kills that no other kill overlapped (`alone`), and of all."""
        mine = [one for one in self.killed if one.kill.role == role and one.seen]
        alone = sorted(one.seen - one.at for one in mine if one.alone and one.seen)
        every = sorted(one.seen - one.at for one in mine if one.seen)
        if not every:
            return {}
        found: dict[str, float | int] = {
            "all_p50": round(every[len(every) // 2], 2),
            "all_max": round(every[-1], 2),
            "alone": len(alone),
        }
        if alone:
            found |= {"p50": round(alone[len(alone) // 2], 2), "max": round(alone[-1], 2)}
        return found

    def _evidence(self, hospitals: list[Hospital], teams: list[Team | Collector]) -> None:
        for hospital in hospitals:
            lines = [json.dumps(asdict(one)) for one in hospital.book.values()]
            (self.home / f"book-{hospital.code}.jsonl").write_text("\n".join(lines))
        for team in teams:
            lines = [json.dumps(asdict(one)) for one in team.arrived]
            (self.home / f"book-{team.name}.jsonl").write_text("\n".join(lines))
        lines = [json.dumps({"at": one.at} | asdict(one.kill)) for one in self.killed]
        (self.home / "kills.jsonl").write_text("\n".join(lines))
