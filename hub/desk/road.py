"""What a person does is in Kafka before the desk says so, and the desk works on while Kafka is away."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from faststream.kafka import KafkaBroker

from hub.broker import ProducerBroken, Unable, publish_all
from hub.wire import Outbound

log = structlog.get_logger("desk")

AGAIN = 2.0
"""Seconds between tries to reach Kafka."""


class Road(Protocol):
    """How acts and receipts leave the desk."""

    @property
    def up(self) -> bool:
        """Whether Kafka answered last."""
        ...

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        """Returns when Kafka has all of them; raises `Unable`."""
        ...


class KafkaRoad:
    """The road of a running desk: connects when it can, and builds the producer anew when it breaks."""

    def __init__(self, make: Callable[[], KafkaBroker], bootstrap: str):
        self._make = make
        self._bootstrap = [one.strip().rpartition(":") for one in bootstrap.split(",")]
        self._broker: KafkaBroker | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()

    @property
    def up(self) -> bool:
        return self._broker is not None

    def start(self) -> None:
        """Begins to connect; never waits for it."""
        self._wanted.set()
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ends the connection, within seconds even where Kafka hangs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._drop()

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        broker = self._broker
        if broker is None:
            raise Unable("Kafka does not answer")
        try:
            await publish_all(broker, outbounds, within=3.0)
        except ProducerBroken:
            await self._drop()
            self._wanted.set()
            raise

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            said = False
            while not await self._connected():
                if not said:
                    log.warning("kafka does not answer")
                said = True
                await asyncio.sleep(AGAIN)
            if said:
                log.info("kafka answers")

    async def _connected(self) -> bool:
        # A client that never connected cannot be closed without noise: look first who listens.
        if not await self._listens():
            return False
        broker = self._make()
        try:
            async with asyncio.timeout(10.0):
                await broker.connect()
        except Exception as error:  # whatever keeps us from Kafka, we come back
            log.warning("kafka did not let us in", error=type(error).__name__)
            await _stop(broker)
            return False
        self._broker = broker
        return True

    async def _listens(self) -> bool:
        for host, _, port in self._bootstrap:
            try:
                async with asyncio.timeout(2.0):
                    _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            except (OSError, ValueError):
                continue
            writer.close()
            return True
        return False

    async def _drop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await _stop(broker)


async def _stop(broker: KafkaBroker) -> None:
    try:
        async with asyncio.timeout(3.0):
            await broker.stop()
    except Exception as error:  # it is gone either way
        log.info("kafka connection ended badly", error=type(error).__name__)
