"""A hospital sends all the time, and what became of it is read from its own book and those of who gets it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from nhs_number import generate  # type: ignore[attr-defined]
from nhs_number.constants import REGION_SYNTHETIC
from sqlalchemy import Connection

from hub.ledger.session import open_ledger
from hub.ledger.write import rows
from tests.containers.furnished import address
from tests.containers.stack import Stack
from tests.faults.crash.books import Verdict
from tests.faults.crash.judge import judge
from tests.faults.crash.site import HOSPITAL, TEAM
from tests.faults.crash.teams import Collector, Team
from tests.faults.crash.wards import Hospital
from tests.kit.waiting import eventually

T = TypeVar("T")
INSIDE = 2575
CHILDREN, CONNECTIONS, RATE = 24, 3, 5.0
BACK_WITHIN = 120.0
"""Seconds until work is seen again after a fault; a machine that is busy elsewhere is slow."""


def partners(port: int) -> dict[str, str]:
    """A hospital, a team that is sent to, and one that collects at the desk."""
    listen = f"{{host: 0.0.0.0, port: {INSIDE}, private_link: true}}"
    send = f"{{host: partners, port: {port}, ack_timeout: 5, private_link: true}}"
    shapes = {
        "by-case": ("hl7v2", 2, f"{{kind: mllp, send: {send}}}"),
        "collects": ("hub-json", 1, "{kind: outbox, token: {env: CRASH_TOKEN}}"),
    }
    teams = {
        name: TEAM.format(
            name=name,
            number=number,
            transport=transport,
            format=format,
            order="case",
            connections=connections,
        )
        for number, (name, (format, connections, transport)) in enumerate(shapes.items(), 1)
    }
    return teams | {"hospital-north": HOSPITAL.format(name="north", slot=1, listen=listen)}


@dataclass
class Night:
    """Partners of a stack, whose books go on from one fault to the next.

    Args:
        mllp: the published port of the edge that takes in.
        desk: where the desk answers.
        password: of the role that backs the ledger up, which reads it.
    """

    stack: Stack
    mllp: int
    desk: str
    token: str
    password: str
    team: Team = field(default_factory=lambda: Team("by-case", 1))

    def __post_init__(self) -> None:
        numbers = list(dict.fromkeys(generate(quantity=2 * CHILDREN, for_region=REGION_SYNTHETIC)))
        self.hospital = Hospital("N", self.mllp, numbers[:CHILDREN], 1, RATE)
        self.collector = Collector("collects", self.token, self.desk)

    @property
    def seen(self) -> dict[str, int]:
        """How much is in each book."""
        return {
            "acknowledged": self.hospital.acknowledged,
            "arrived": len({one.visit for one in self.team.arrived}),
            "collected": len(self.collector.arrived),
        }

    @asynccontextmanager
    async def receiving(self, host: str, port: int) -> AsyncIterator[None]:
        """The team listens, and the other one collects, while the block lasts."""
        over = asyncio.Event()
        await self.team.start(port, host)
        task = asyncio.create_task(self.collector.run(over.is_set))
        try:
            yield
        finally:
            over.set()
            await task
            self.team.close()

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """While the block lasts, and until the last of it is acknowledged."""
        over = asyncio.Event()
        task = asyncio.create_task(self.hospital.run(CONNECTIONS, over.is_set))
        try:
            yield
            over.set()
            await asyncio.wait_for(task, BACK_WITHIN)
        finally:
            task.cancel()

    async def flows(self) -> None:
        """Returns when some that were acknowledged from now on are at both who get them."""
        since = time.time()

        def new() -> set[str]:
            return {
                one.visit for one in self.hospital.book.values() if (one.acknowledged or 0) > since
            }

        def there(book: list[str]) -> bool:
            return len(new().intersection(book)) >= 5

        await eventually(
            lambda: (
                there([one.visit for one in self.team.arrived])
                and there([one.visit for one in self.collector.arrived])
            ),
            BACK_WITHIN,
            0.2,
        )

    async def settled(self) -> None:
        """Returns when nothing that was acknowledged is under way any more."""
        await eventually(lambda: self.seen["arrived"] >= self.seen["acknowledged"], BACK_WITHIN, 1)
        await eventually(lambda: asyncio.to_thread(self._all_delivered), BACK_WITHIN, 1)
        # Edge tells its tallies once a second.
        await asyncio.sleep(3)

    async def verdict(self) -> Verdict:
        """Of all books so far."""
        said = list(self.hospital.book.values())
        books = {self.team.name: self.team.arrived, self.collector.name: self.collector.arrived}
        found = await asyncio.to_thread(self._reads, lambda conn: judge(conn, said, books))
        found.fault("refused at the door", self.hospital.refused)
        return found

    def _all_delivered(self) -> bool:
        sql = "select count(*) as n from delivery where state <> 'delivered'"
        return bool(self._reads(lambda conn: rows(conn, sql))[0].n == 0)

    def _reads(self, ask: Callable[[Connection], T]) -> T:
        host = self.stack.address("postgres", "ledger")
        engine = open_ledger(address("hub_backup", self.password, host), pool=1)
        try:
            with engine.connect().execution_options(reading=True) as conn:
                return ask(conn)
        finally:
            engine.dispose()
