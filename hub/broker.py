"""Kafka is set up once, here, so that nothing is confirmed before every in-sync replica has it.

FastStream's defaults are at most once; ours are `acks=all`, idempotent, no linger, no automatic
topics, no automatic commits. Roads are read by handler-less subscribers whose consumer the roles
drive themselves: a handler cannot be repositioned, and one bad header would lose its batch.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerClosed,
    ProducerFenced,
    UnknownProducerId,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import RecordMetadata
from faststream.kafka import KafkaBroker
from faststream.middlewares import AckPolicy

from hub.kafka.consumer import Consumer
from hub.kafka.security import kafka_security
from hub.running.stopping import to_its_end
from hub.settings import Settings
from hub.topics import LARGEST, ROOM
from hub.wire import Outbound

_log = structlog.get_logger("hub.broker")
_BY_KEY = DefaultPartitioner()
REJOIN = 5000
"""Milliseconds that a group which takes in a member waits for its others to join anew."""

GATHERED = 256 * 1024
"""Bytes for which Kafka waits where a road is gathered: more is a batch by itself."""


class Unable(Exception):
    """Kafka did not confirm in time, or said no: nothing may be acknowledged."""


class ProducerBroken(Unable):
    """The idempotent producer cannot recover; only a new one can."""


_BROKEN = (
    OutOfOrderSequenceNumber,
    ProducerFenced,
    ProducerClosed,
    InvalidProducerEpoch,
    UnknownProducerId,
)
"""What Kafka or aiokafka say to every later send of a producer as well."""

_SENDER_DIED = str(KafkaError("Unexpected error during batch delivery"))
"""So is this, of which aiokafka makes no class."""


def make_broker(settings: Settings, bootstrap: str | None = None) -> KafkaBroker:
    """The one broker of a process; `bootstrap` where the embedded Kafka told its address."""
    where = bootstrap or settings.kafka_bootstrap or ""
    return _Broker(
        # FastStream takes one text for one address, however many stand in it.
        [address.strip() for address in where.split(",")],
        client_id=f"hub-{settings.instance}",
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=1024 * 1024,
        max_request_size=LARGEST + ROOM,
        request_timeout_ms=10_000,
        metadata_max_age_ms=30_000,
        allow_auto_create_topics=False,
        partitioner=_partition,
        ack_policy=AckPolicy.MANUAL,
        graceful_timeout=10.0,
        logger=logging.getLogger("faststream"),
        apply_types=False,
        **_faststream_security(settings),
    )


class _Broker(KafkaBroker):
    """FastStream's, with consumers whose end can be relied on."""

    async def _connect(self) -> Any:
        made: Any = await to_its_end(super()._connect())
        ours = self.config.broker_config.builder = partial(Consumer, **made.keywords)
        return ours


def _partition(key: bytes | None, every: list[int], available: list[int]) -> int:
    """Kafka's own choice; where there is one partition, its hash (in Python) is not asked for."""
    return every[0] if len(every) == 1 else int(_BY_KEY(key, every, available))


def _faststream_security(settings: Settings) -> dict[str, Any]:
    if settings.kafka_security == "PLAINTEXT":
        return {}
    from faststream import security

    known = kafka_security(settings)
    tls: dict[str, Any] = {
        "use_ssl": "ssl_context" in known,
        "ssl_context": known.get("ssl_context"),
    }
    if not settings.kafka_security.startswith("SASL"):
        return {"security": security.BaseSecurity(**tls)}
    kind = {
        "PLAIN": security.SASLPlaintext,
        "SCRAM-SHA-256": security.SASLScram256,
        "SCRAM-SHA-512": security.SASLScram512,
    }[settings.kafka_sasl_mechanism]
    user, password = known["sasl_plain_username"], known["sasl_plain_password"]
    return {"security": kind(username=user, password=password, **tls)}


def road(
    broker: KafkaBroker,
    settings: Settings,
    *topics: str,
    group: str,
    listener: ConsumerRebalanceListener | None = None,
    latest: bool = False,
    together: bool = False,
    gather: float = 0.0,
) -> Any:
    """A declared, handler-less subscriber; its `.consumer` is driven by the caller's own loop.

    Static membership: `group` and the process's slot name the member, so that a restart within
    the session timeout takes its partitions back at once and disturbs nobody. `together` gives
    partitions of the same number to the same member (round robin would part twins). `gather`:
    seconds for which Kafka waits for more where nobody waits for one; every answer costs both sides.
    """
    return broker.subscriber(
        *topics,
        group_id=settings.kafka_prefix + group,
        group_instance_id=f"{group}-{settings.instance}",
        auto_offset_reset="latest" if latest else "earliest",
        session_timeout_ms=int(settings.kafka_session_timeout * 1000),
        # A member hears that another joins at its next heartbeat; the other waits for it until then.
        heartbeat_interval_ms=min(1000, int(settings.kafka_session_timeout * 333)),
        # Of a dead member nothing comes; who joins beside it must not wait for its session to end.
        rebalance_timeout_ms=min(REJOIN, int(settings.kafka_session_timeout * 1000)),
        fetch_min_bytes=GATHERED if gather else 1,
        fetch_max_wait_ms=int(gather * 1000) or 500,
        max_partition_fetch_bytes=LARGEST + ROOM,
        fetch_max_bytes=2 * LARGEST,
        listener=listener,
        ack_policy=AckPolicy.MANUAL,
        include_in_schema=False,
        partition_assignment_strategy=(
            RangePartitionAssignor if together else RoundRobinPartitionAssignor,
        ),
    )


async def publish_all(
    broker: KafkaBroker, outbounds: Sequence[Outbound], within: float = 5.0
) -> list[RecordMetadata]:
    """Returns when Kafka has all of them; raises `Unable` otherwise (some may have arrived).

    One task sends and then waits for all: thousands of waiting sends would wake each other.
    Sizes are looked at before anything is sent: one record too large fails its whole batch.
    """
    largest = max((len(out.value or b"") for out in outbounds), default=0)
    if largest > LARGEST - ROOM:
        raise Unable(f"a record of {largest} bytes; Kafka takes {LARGEST - ROOM}")
    waiting: list[asyncio.Future[RecordMetadata]] = []
    try:
        async with asyncio.timeout(within):
            for out in outbounds:
                waiting.append(  # noqa: PERF401 (those sent before an error are looked at too)
                    await broker.publish(
                        out.value,
                        out.topic,
                        key=out.key,
                        partition=out.partition,
                        headers=out.headers,
                        correlation_id=out.headers["ce_id"],
                        no_confirm=True,
                    )
                )
            # asyncio.wait leaves the futures alone when time is up: the records still go out.
            await asyncio.wait(waiting) if waiting else None
        return [future.result() for future in waiting]
    except TimeoutError as error:
        raise Unable(f"Kafka did not confirm within {within} s") from error
    except (KafkaError, OSError) as error:
        if isinstance(error, _BROKEN) or str(error) == _SENDER_DIED:
            raise ProducerBroken(f"the producer must be rebuilt: {error!r}") from error
        raise Unable(f"Kafka said no: {error!r}") from error
    finally:
        for future in waiting:
            future.add_done_callback(_look_at)


def _look_at(future: asyncio.Future[RecordMetadata]) -> None:
    """An error nobody awaits any more is not worth a warning."""
    if not future.cancelled():
        future.exception()


async def stopped(broker: KafkaBroker, within: float = 2.0) -> None:
    """Stops a broker, or leaves it behind: a producer waits for a frozen Kafka as long as it is frozen."""
    try:
        async with asyncio.timeout(within):
            await broker.stop()
    except Exception as error:  # whatever is wrong with it, nobody needs it any more
        _log.info("a connection to Kafka ended badly", error=type(error).__name__)


async def abandoned(broker: KafkaBroker, within: float = 3.0) -> None:
    """Ends a broker without its last words: what it has not sent by now, it never sends.

    `stop` would wait for them, and aiokafka goes on trying for ever behind whoever gave up waiting.
    """
    try:
        async with asyncio.timeout(within):
            await _silenced(broker)
    except Exception as error:  # it is gone either way
        _log.info("a connection to Kafka ended badly", error=type(error).__name__)
    await stopped(broker, within)


async def _silenced(broker: KafkaBroker) -> None:
    made: Any = broker.config.producer
    if made:
        producer = made._producer.producer
        sending = producer._sender.sender_task
        sending.cancel()
        await producer.client.close()
        # It waits for what it had in hand, and that for a connection: there is none any more.
        sending.cancel()
        await asyncio.wait({sending})
        producer._closed = True


async def listens(bootstrap: str, within: float = 2.0) -> bool:
    """Whether anybody takes a connection at one of these addresses; says nothing of who it is."""
    for host, _, port in (one.strip().rpartition(":") for one in bootstrap.split(",")):
        try:
            async with asyncio.timeout(within):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except (OSError, ValueError):
            continue
        writer.close()
        return True
    return False


def partitions_told(topic: str, spots: Collection[TopicPartition]) -> list[TopicPartition]:
    """A topic's partitions, in order; raises `KafkaError` where Kafka names none.

    A broker that has just come back may answer without them, and a list read to such an end
    would be an empty one that nobody doubts.
    """
    if not spots:
        raise UnknownTopicOrPartitionError(f"Kafka tells of no partitions of {topic}")
    return sorted(spots)
