"""One partner delivered to over a real Kafka, with a partner's end that tests can hold, break and read."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import orjson
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faststream.kafka import KafkaBroker

from connectors.base import Accept, Outgoing, Pushed
from connectors.base import Settings as Base
from hub import clock, topics, wire
from hub.broker import make_broker, publish_all
from hub.edge.attempt import Mouth
from hub.edge.deliver import Deliverer, Road
from hub.partners import Partner
from hub.settings import Settings
from hub.wire import Outbound, Record
from schemas.envelope import AckLevel, Envelope, Sender
from tests.unit.edge.speaks import KEYS, Lines, partner

Behaviour = Callable[[str, str], Awaitable[Pushed]]


async def takes(reference: str, text: str) -> Pushed:
    """A partner that acknowledges what it is sent."""
    return Pushed(AckLevel.TRANSPORT, f"taken|{reference}".encode())


class Peer:
    """A transport whose other end is the test."""

    name: ClassVar[str] = "peer"
    Settings: ClassVar[type[Base]] = Base
    proves: ClassVar[AckLevel] = AckLevel.RECEIVED
    mode: ClassVar[str] = "sent"
    pulls: ClassVar[bool] = False
    replies: ClassVar[bool] = True

    def __init__(self, partner: str = "", settings: Any = None) -> None:
        self.sent: list[str] = []
        self.dropped: list[int] = []
        self.behave: Behaviour = takes

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        await stop.wait()

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        reference, text = outgoing.body.decode().split("|")
        self.sent.append(text)
        return await self.behave(reference, text)

    async def drop(self, connection: int = 0) -> None:
        self.dropped.append(connection)

    async def probe(self) -> str:
        return "there"

    async def close(self) -> None:
        pass


@dataclass
class Bench:
    """A partner of its own on the shared Kafka."""

    bootstrap: str
    broker: KafkaBroker
    partner: Partner
    said: list[Outbound] = field(default_factory=list)
    unable: Exception | None = None
    peer: Peer = field(default_factory=Peer)

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        """Publishes, and keeps what Kafka confirmed."""
        if self.unable is not None:
            raise self.unable
        await publish_all(self.broker, outbounds)
        self.said += outbounds

    def settings(self, instance: str = "1") -> Settings:
        return Settings(
            kafka_bootstrap=self.bootstrap,
            kafka_session_timeout=6.0,
            instance=instance,
            data=Path("build/none"),
        )

    def deliverer(self, broker: KafkaBroker | None = None, instance: str = "1") -> Deliverer:
        speaks = Lines()
        road = Road(broker or self.broker, self.settings(instance), KEYS, self.publish)
        return Deliverer(road, self.partner, Mouth(self.partner.partner, self.peer, speaks))

    @asynccontextmanager
    async def delivering(self) -> AsyncIterator[Deliverer]:
        """Delivers while the block lasts, then ends as an edge ends."""
        stop = asyncio.Event()
        deliverer = self.deliverer()
        task = asyncio.create_task(deliverer.run(stop))
        try:
            yield deliverer
        finally:
            stop.set()
            await task

    def order(self, text: str, attempt: int = 1, **more: Any) -> Outbound:
        """What core would hand out; `text` names the delivery as well."""
        immediate = more.pop("immediate", False)
        name = self.partner.partner
        topic = (topics.deliveries_now if immediate else topics.deliveries)(name)
        meta = {
            "delivery_id": f"d-{text}",
            "attempt": attempt,
            "message_id": str(uuid4()),
            "lane": "lane",
            "predecessor": None,
            "not_after": (clock.now() + timedelta(seconds=30)).isoformat(),
            "priority": "routine",
            "reference": f"ref-{text}",
            "address": None,
            "envelope": envelope().model_dump(mode="json"),
        } | more
        record = Record("order", f"d-{text}:{attempt}", meta, orjson.dumps({"text": text}))
        return wire.write(KEYS, topic, "lane", record)

    async def hand_out(self, *orders: Outbound) -> None:
        await publish_all(self.broker, orders)

    def records(self, kind: str) -> list[dict[str, Any]]:
        """What was said to core, oldest first."""
        read = []
        for out in self.said:
            headers = {name: value.encode() for name, value in out.headers.items()}
            record = wire.read(KEYS, out.topic, headers, out.value)
            if record.kind == kind:
                read.append(dict(record.meta))
        return read

    def receipts(self) -> list[dict[str, Any]]:
        return [told for record in self.records("receipts") for told in record["receipts"]]

    def outcomes(self) -> dict[str, str]:
        """The last outcome of each delivery, by its text."""
        return {told["delivery_id"][2:]: told["outcome"] for told in self.receipts()}


def envelope() -> Envelope:
    message = uuid4()
    return Envelope(
        message_id=message,
        type="note.sent",
        schema_version=1,
        occurred_at=clock.now(),
        recorded_at=clock.now(),
        correlation_id=message,
        idempotency_key="R-1",
        authority="E09000099",
        sender=Sender(agency="X2601"),
    )


@asynccontextmanager
async def bench(bootstrap: str, **changes: Any) -> AsyncIterator[Bench]:
    """A partner with topics of its own."""
    name = f"p-{os.urandom(5).hex()}"
    made = partner(partner=name, **changes)
    create(bootstrap, topics.of_partner(name, made.connections, True))
    create(bootstrap, [topic for topic in topics.fixed() if topic.name == topics.RECEIPTS])
    settings = Settings(kafka_bootstrap=bootstrap)
    broker = make_broker(settings)
    await broker.connect()
    try:
        yield Bench(bootstrap, broker, made)
    finally:
        await broker.stop()


def create(bootstrap: str, wanted: Sequence[topics.Topic]) -> None:
    """Creates the topics that are not there yet."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    there = admin.list_topics(timeout=10).topics
    new = [
        NewTopic(t.name, t.partitions, 1, config=t.config) for t in wanted if t.name not in there
    ]
    for future in admin.create_topics(new).values() if new else ():
        future.exception(10)
