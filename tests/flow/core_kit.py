"""Core as it runs, over a real Kafka of this worker, with the small site's four partners."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr
from sqlalchemy import Engine

from hub import topics
from hub.broker import make_broker, publish_all
from hub.core.app import Core
from hub.core.arrival import Arrival
from hub.ids import fresh
from hub.ledger.migrate import migrate_engine
from hub.ledger.reconcile import Reconciled, reconcile
from hub.ledger.session import open_ledger
from hub.ledger.write import rows
from hub.running import ports
from hub.seal import Keyring
from hub.settings import Settings
from hub.wire import Outbound, Record, read, write
from schemas.register import entry_of
from tests.flow.edge_kit import create
from tests.kit.kafka import read_to_end
from tests.kit.people import an_attendance
from tests.kit.site import an_arrival, the_partners
from tests.kit.waiting import eventually

EPOCH = fresh()


class Road:
    """One hub's Kafka and ledger, and as many cores as a test starts."""

    def __init__(self, bootstrap: str, folder: Path, url: str):
        self.bootstrap = bootstrap
        self.folder = folder
        self.url = url
        self.engine: Engine = open_ledger(url)
        migrate_engine(self.engine)
        self.keys = Keyring.first_start(folder / "keys")
        names = [p.partner for p in the_partners()]
        wanted = [
            *topics.fixed(),
            *(t for name in names for t in topics.of_partner(name, 1, False)),
        ]
        create(bootstrap, wanted)

    def settings(self, instance: str = "1", **more: Any) -> Settings:
        """Of one core."""
        facts = {"kafka_session_timeout": 6.0} | more
        return Settings(
            data=self.folder / f"core-{instance}",
            keys_dir=self.folder / "keys",
            kafka_bootstrap=self.bootstrap,
            database_url=SecretStr(self.url),
            instance=instance,
            **facts,
        )

    @asynccontextmanager
    async def core(self, instance: str = "1", **more: Any) -> AsyncIterator[Core]:
        """A core that reads, until the block ends; it is stopped as SIGTERM stops it."""
        settings = self.settings(instance, **more)
        (settings.data / "ports/core.json").unlink(missing_ok=True)
        core = Core(settings, self.bootstrap)
        task = asyncio.create_task(core.run())
        try:
            await eventually(lambda: task.done() or ports.find(settings.data, "core"), 30)
            if task.done():
                await task
            yield core
        finally:
            core.stop.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, 15)
            await core.close()

    async def publish(self, *out: Outbound) -> None:
        """Puts records on the road, as an edge or anybody else would."""
        broker = make_broker(self.settings("test"))
        await broker.connect()
        try:
            await publish_all(broker, out)
        finally:
            await broker.stop()

    async def say(self, *arrivals: Arrival) -> None:
        """Messages of the hospital, each with its parcel."""
        await self.publish(*map(self.record, arrivals))

    def record(self, one: Arrival) -> Outbound:
        """A message's record, with the parcel that it came in."""
        meta = {
            "parcel_id": one.parcel_id,
            "partner": one.partner,
            "stream": one.stream,
            "reference": one.reference,
            "part": one.part,
            "digest": one.digest,
            "subject": one.subject.model_dump(),
            "answers": one.answers,
            "envelope": orjson.loads(one.envelope.model_dump_json(by_alias=True)),
        }
        facts = {"partner": one.partner, "priority": one.envelope.priority.value}
        topic = topics.flow(entry_of(one.type).flow)
        parcel = {
            "partner": one.partner,
            "transport": "mllp",
            "received_at": one.envelope.recorded_at.isoformat(),
            "reference": one.reference,
            "media_type": "application/hl7-v2",
            "digest": "d",
            "size": 1,
            "messages": [one.message_id],
            "state": "accepted",
        }
        rides = Record("parcel", str(one.parcel_id), parcel, b"x")
        record = Record(one.type, one.message_id, meta, one.body, facts, rides)
        return write(self.keys, topic, one.reference, record)

    async def receive(self, *told: dict[str, Any]) -> None:
        """Receipts of the team's edge."""
        meta = {"partner": "team", "edge": "1", "receipts": list(told)}
        record = Record("receipts", fresh(), meta, b"", {"partner": "team"})
        await self.publish(write(self.keys, topics.RECEIPTS, "team", record))

    async def report(self, owned: int) -> None:
        """What an edge of the hospital has acknowledged since it began this life of its own."""
        counts = {"owned": owned, "not_ours": 0, "refused": 0, "unable": 0}
        meta: dict[str, Any] = {
            "edge": "in-1",
            "epoch": EPOCH,
            "directory": "d",
            "partners": {},
            "tallies": {"hospital": counts},
        }
        await self.publish(
            write(self.keys, topics.REPORTS, "in-1", Record("report", fresh(), meta))
        )

    async def orders(self) -> list[dict[str, Any]]:
        """Everything that was ever handed out to the team."""
        topic = topics.deliveries("team")
        return [
            dict(read(self.keys, topic, dict(raw.headers), raw.value).meta)
            async for raw in read_to_end(self.settings("test"), self.bootstrap, topic)
        ]

    def all(self, sql: str, **named: Any) -> list[Any]:
        """Rows of the ledger."""
        with self.engine.connect() as conn:
            return rows(conn, sql, **named)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.all(f"select count(*) as n from {table}")[0].n)

    def balance(self) -> Reconciled:
        """Both equations."""
        with self.engine.connect() as conn:
            return reconcile(conn)


def attendances(numbers: Sequence[int]) -> list[Arrival]:
    """One for each number, each about a child of its own."""
    return [an_arrival("health.attendance", an_attendance(n), reference=f"R{n}") for n in numbers]
