"""A producer that cannot recover is replaced at once, so that what waits for Kafka waits no longer than Kafka.

An idempotent producer numbers what it sends to a partition. A batch that Kafka refuses for good
(too large for the topic, no permission, an error of its own) leaves a hole in the numbers, and
everything after it is out of order for ever: https://github.com/aio-libs/aiokafka/issues/1017.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from hub.broker import ProducerBroken, Unable, publish_all, stopped
from hub.clock import monotonic
from hub.telemetry.vitals import VITALS
from hub.wire import Outbound

log = structlog.get_logger("hub.kafka.publisher")


class Publisher:
    """Publishes by a role's own broker until its producer breaks, then by another's.

    The role's broker goes on to carry its subscribers, and is stopped by whoever made it.
    """

    def __init__(self, broker: KafkaBroker, make: Callable[[], KafkaBroker]):
        self._own = self._now = broker
        self._make = make
        self._one = asyncio.Lock()

    async def __call__(self, outbounds: Sequence[Outbound], within: float = 5.0) -> None:
        """Returns when Kafka has all of them; raises `Unable` otherwise (some may have arrived).

        Nothing is sent twice here: whoever asked knows whether it may be, and the next call finds
        a producer that works.
        """
        broker, began = self._now, monotonic()
        try:
            await publish_all(broker, outbounds, within)
            VITALS.published += len(outbounds)
        except Unable as error:
            VITALS.unable += 1
            if isinstance(error, ProducerBroken):
                await self._replace(broker, within)
            raise
        finally:
            VITALS.publishing += monotonic() - began

    async def _replace(self, broken: KafkaBroker, within: float) -> None:
        async with self._one:
            if broken is not self._now:
                return
            other = self._make()
            try:
                async with asyncio.timeout(within):
                    await other.connect()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("a producer broke and could not be replaced yet", exc_info=error)
                await stopped(other)
                return
            self._now = other
            log.warning("a producer broke and was replaced")
            if broken is not self._own:
                await stopped(broken)

    async def stop(self) -> None:
        """Gives back what was made here."""
        if self._now is not self._own:
            await stopped(self._now)
