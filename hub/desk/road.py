"""What a person does is in Kafka before the desk says so, and the desk works on while Kafka is away."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from faststream.kafka import KafkaBroker

from hub.broker import Unable, abandoned, listens, publish_all, stopped
from hub.wire import Outbound

log = structlog.get_logger("desk")

AGAIN = 2.0
"""Seconds between tries to reach Kafka, and between looks whether it answers."""
WITHIN = 3.0
"""Seconds until what Kafka has not confirmed is not confirmed."""
ENDING = 3.0


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
    """The road of a running desk: looks whether Kafka answers, and sends nothing after it said no.

    Whoever was told that it is not confirmed may have gone home when Kafka comes back: a producer
    that did not confirm in time is given up, with what it has not sent, for a new one.
    """

    def __init__(self, make: Callable[[], KafkaBroker], bootstrap: str):
        self._make = make
        self._bootstrap = bootstrap
        self._broker: KafkaBroker | None = None
        self._task: asyncio.Task[None] | None = None
        self._answers = False
        self._given_up = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def up(self) -> bool:
        return self._answers

    def start(self) -> None:
        """Begins to connect; never waits for it."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ends the connection, within seconds even where Kafka hangs."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        broker, self._broker, self._answers = self._broker, None, False
        if broker is not None:
            await stopped(broker, within=ENDING)
        await asyncio.gather(*self._ending)

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        broker = self._broker
        if broker is None or not self._answers:
            raise Unable("Kafka does not answer")
        try:
            await publish_all(broker, outbounds, within=WITHIN)
        except Unable:
            self._give_up(broker)
            raise

    def _give_up(self, broker: KafkaBroker) -> None:
        """Lets a connection go, once; another one is made."""
        if self._broker is broker:
            log.warning("kafka did not confirm in time")
            self._broker, self._answers = None, False
            self._given_up.set()
            ending = asyncio.create_task(abandoned(broker, within=ENDING))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _keep(self) -> None:
        while True:
            said = False
            while not await self._connected():
                if not said:
                    log.warning("kafka does not answer")
                said = True
                await asyncio.sleep(AGAIN)
            log.info("kafka answers")
            await self._watch()

    async def _watch(self) -> None:
        """Looks whether Kafka answers, until the connection is given up."""
        self._given_up.clear()
        while (broker := self._broker) is not None:
            answers = await broker.ping(WITHIN)
            if self._broker is broker and answers is not self._answers:
                log.warning("kafka answers again" if answers else "kafka does not answer")
                self._answers = answers
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await self._given_up.wait()

    async def _connected(self) -> bool:
        # A client that never connected cannot be closed without noise: look first who listens.
        if not await listens(self._bootstrap):
            return False
        broker = self._make()
        try:
            async with asyncio.timeout(10.0):
                await broker.connect()
        except Exception as error:  # whatever keeps us from Kafka, we come back
            log.warning("kafka did not let us in", error=type(error).__name__)
            await abandoned(broker, within=ENDING)
            return False
        self._broker, self._answers = broker, True
        return True
