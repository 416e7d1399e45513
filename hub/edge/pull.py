"""What a partner leaves for us to collect is collected by one edge at a time."""

import asyncio
from collections.abc import Collection
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from connectors.base import Accept, Transport
from connectors.trouble import Troubled
from hub import clock
from hub.broker import road
from hub.edge.deliver import Road
from hub.kafka.consumer import join
from hub.running.member import Member
from hub.topics import pulling, sources

FINISH = 20.0
"""Seconds to finish what is in hand when the source goes to another edge."""

log = structlog.get_logger("hub.edge.pull")


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Polling stops before the source is given away."""

    def __init__(self, puller: "Puller"):
        self._puller = puller

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._puller.let_go()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._puller.assigned()
        if assigned:
            self._puller.take()


class Puller:
    """Serves a transport that pulls while this edge owns the one partition of its source."""

    def __init__(self, kafka: Road, partner: str, transport: Transport, accept: Accept):
        self._kafka = kafka
        self._partner = partner
        self._transport = transport
        self._accept = accept
        self.member = Member()
        self._subscriber: Any = None
        self._serving: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Waits for its turn, pulls while it lasts, and ends after what is in hand."""
        self._subscriber = subscriber = road(
            self._kafka.broker,
            self._kafka.settings,
            sources(self._partner),
            group=pulling(self._partner),
            listener=_Listener(self),
        )
        try:
            await join(subscriber, stop)
            while not stop.is_set():
                try:
                    await subscriber.consumer.getmany(timeout_ms=500)
                except KafkaError as error:
                    log.warning("a source waits for Kafka", partner=self._partner, exc_info=error)
                    await clock.sleep(0.5)
        finally:
            await self.let_go()
            try:
                async with asyncio.timeout(FINISH):
                    await subscriber.stop()
            except TimeoutError:
                log.warning("a consumer did not stop in time", partner=self._partner)

    def trouble(self) -> str | None:
        """What keeps us from collecting, empty if nothing does; None where another edge collects."""
        if self._serving is None or not isinstance(self._transport, Troubled):
            return None
        return self._transport.trouble()

    def assigned(self) -> None:
        """Notes under which membership it works."""
        self.member.assigned(self._subscriber.consumer)

    def take(self) -> None:
        """Begins to pull."""
        self._stop = asyncio.Event()
        self._serving = asyncio.create_task(self._serve(self._stop))

    async def _serve(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._transport.serve(self._accept, stop)
            except Exception as error:
                log.error("a source failed", partner=self._partner, exc_info=error)
                await clock.sleep(1)

    async def let_go(self) -> None:
        """Stops pulling and waits for what is in hand, for a bounded time."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        self._stop.set()
        _, late = await asyncio.wait({serving}, timeout=FINISH)
        for task in late:
            task.cancel()
        await asyncio.wait({serving}, timeout=1)
