"""A consumer that was told to stop has ended: no fetch of its goes on, and every connection is closed.

aiokafka's own `stop` lets the cancellation of a fetch out that had not begun, or had just failed,
and then leaves the rest as it is (https://github.com/aio-libs/aiokafka/issues/647).
"""

import asyncio
import contextlib
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaError

from hub.kafka import broken_lines, odd_records
from hub.kafka.security import kafka_security
from hub.running.stopping import to_its_end, unless
from hub.settings import Settings
from hub.topics import LARGEST, ROOM

odd_records.install()
broken_lines.install()

log = structlog.get_logger("hub.kafka.consumer")

AGAIN = 0.5
"""Seconds before joining is tried again."""

SIDEWAYS = 50
"""Milliseconds that Kafka waits where it is asked for some partitions alone, and others may follow."""


class _Fetcher(Fetcher):  # type: ignore[misc]  # aiokafka tells no types
    """aiokafka's; whoever was slow to read does not stand still.

    Where records of some partitions lie unread for a while, or some are paused, aiokafka asks for
    the others alone, and for nothing else until Kafka answers that: half a second later, where
    nothing came.
    """

    _longest: int

    @property
    def _fetch_max_wait_ms(self) -> int:
        aside = self._records or self._subscriptions.paused_partitions()
        return min(SIDEWAYS, self._longest) if aside else self._longest

    @_fetch_max_wait_ms.setter
    def _fetch_max_wait_ms(self, longest: int) -> None:
        self._longest = longest


class Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka tells no types
    """aiokafka's, with an end that can be relied on."""

    _closed: bool

    async def start(self) -> None:
        """Joins; one that cannot, or is called off meanwhile, has ended."""
        try:
            await to_its_end(super().start())
            fetcher: Any = self._fetcher
            longest, fetcher.__class__ = fetcher._fetch_max_wait_ms, _Fetcher
            fetcher._fetch_max_wait_ms = longest
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Ends its membership, its fetches and its connections; raises if cancelled itself."""
        if self._closed:
            return
        self._closed = True
        cancelled = False
        for end in (self._end_membership, self._end_fetches, self._client.close):
            cancelled = await _cancelled_during(end()) or cancelled
        if cancelled:
            raise asyncio.CancelledError

    async def _end_membership(self) -> None:
        if self._coordinator:
            await self._coordinator.close()

    async def _end_fetches(self) -> None:
        if not self._fetcher:
            return
        try:
            await self._fetcher.close()
        finally:
            for fetch in (fetches := set(self._fetcher._pending_tasks)):
                fetch.cancel()
            await asyncio.wait(fetches) if fetches else None


async def _cancelled_during(ending: Any) -> bool:
    """Whether whoever waits was cancelled meanwhile, and not what is being ended alone."""
    me = asyncio.current_task()
    asked = me.cancelling() if me else 0
    with contextlib.suppress(asyncio.CancelledError):
        await ending
    return me is not None and me.cancelling() > asked


async def join(subscriber: Any, stop: asyncio.Event) -> None:
    """Starts a subscriber, or stops first; a Kafka that goes away meanwhile is waited for.

    It goes away later too, and then its consumer waits by itself: at the start it gives up.
    """
    while not stop.is_set():
        try:
            await unless(stop, subscriber.start())
            return
        except (KafkaError, OSError) as error:
            log.warning("joining waits for Kafka", exc_info=error)
            with contextlib.suppress(KafkaError, OSError):
                await subscriber.stop()
            await unless(stop, asyncio.sleep(AGAIN))


def plain_consumer(settings: Settings, bootstrap: str) -> Consumer:
    """A consumer without a group, for reading a topic from one point to another."""
    return Consumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=LARGEST + ROOM,
        fetch_max_wait_ms=100,
        **kafka_security(settings),
    )
