"""One reader of core over a topic of its own, whose effects are rows that can be counted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord
from sqlalchemy import Connection, Engine

from hub.broker import make_broker, publish_all, road
from hub.core.reader import Reader
from hub.kafka.told import told_now
from hub.ledger.migrate import migrate_engine
from hub.ledger.session import open_ledger
from hub.ledger.thread import Ledger
from hub.ledger.write import rows, run
from hub.settings import Settings
from hub.topics import Topic
from hub.wire import Outbound
from tests.flow.edge_kit import create
from tests.kit.kafka import fresh


@dataclass
class Shelf:
    """A topic, a ledger, and as many readers as a test starts."""

    bootstrap: str
    engine: Engine
    topic: str
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Closed: a batch is held before its transaction, as long as the test wants."""
    held: int = 0

    def settings(self, instance: str = "1", **more: Any) -> Settings:
        named = {"kafka_session_timeout": 6.0} | more
        return Settings(kafka_bootstrap=self.bootstrap, instance=instance, **named)

    def effects(self) -> list[str]:
        """Every effect that was committed, twice where it was had twice."""
        with self.engine.connect() as conn:
            return [row.value for row in rows(conn, "select value from effect order by n")]

    async def publish(self, values: Sequence[bytes], headers: Any = None) -> None:
        broker = make_broker(self.settings())
        await broker.connect()
        try:
            out = [
                Outbound(self.topic, None, value, {"ce_id": f"{n}"} | (headers or {}))
                for n, value in enumerate(values)
            ]
            await publish_all(broker, out)
        finally:
            await broker.stop()

    @asynccontextmanager
    async def reading(self, instance: str = "1") -> AsyncIterator[Reader]:
        """A reader as core runs it, until the block ends."""
        broker = make_broker(self.settings(instance))
        group = f"trap.{self.topic}"
        # Of its own, as another core's is.
        ledger = Ledger(open_ledger(str(self.engine.url)))
        reader = Reader(
            ledger,
            "trap",
            f"core-{instance}",
            "cluster",
            self._record,
            _nothing,
            partial(told_now, self.settings(instance), self.bootstrap, group, "cluster"),
            _nothing,
            _nothing,
        )
        subscriber = road(
            broker,
            self.settings(instance),
            self.topic,
            group=group,
            listener=reader.stale,
        )
        await broker.start()
        reader.attach(subscriber)
        stop = asyncio.Event()
        task = asyncio.create_task(reader.run(stop))
        try:
            yield reader
        finally:
            stop.set()
            self.gate.set()
            await task
            await broker.stop()
            ledger.close()

    def _record(
        self, conn: Connection, records: Sequence[ConsumerRecord], hopeful: bool = False
    ) -> None:
        for record in records:
            headers = {name: value or b"" for name, value in record.headers}
            assert "ce_id" in headers
            run(conn, "insert into effect (value) values (:v)", v=(record.value or b"").decode())


async def _nothing(*_: Any) -> None:
    return None


@asynccontextmanager
async def shelf(bootstrap: str, folder: Path, partitions: int = 1) -> AsyncIterator[Shelf]:
    """An empty ledger and an empty topic."""
    engine = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
    migrate_engine(engine)
    with engine.begin() as conn:
        run(conn, "create table effect (n integer primary key autoincrement, value text)")
    topic = fresh("trap")
    create(bootstrap, [Topic(topic, partitions, "none", "test", "test")])
    try:
        yield Shelf(bootstrap, engine, topic)
    finally:
        engine.dispose()
