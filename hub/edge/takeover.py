"""An edge that takes a partition over first says where it resumes, so that what is unknown is known to be unknown."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from hub import topics, wire
from hub.seal import Keyring

BACK = 64
"""Orders before the committed position; more than an edge ever has committed and not answered for."""

_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a partition is resumed, and the attempts that stand just before."""

    spot: TopicPartition
    position: int
    attempts: list[tuple[str, int]]

    def record(self, keys: Keyring, partner: str, edge: str) -> wire.Outbound:
        """As core reads it."""
        meta = {
            "partner": partner,
            "edge": edge,
            "topic": self.spot.topic,
            "partition": self.spot.partition,
            "position": self.position,
            "attempts": self.attempts,
        }
        record = wire.Record("takeover", wire.event_id(), meta, facts={"partner": partner})
        return wire.write(keys, topics.RECEIPTS, partner, record)


async def resume(consumer: AIOKafkaConsumer, spots: Collection[TopicPartition]) -> list[Resumed]:
    """Reads back before the committed positions and stands there; `KafkaError` or `TimeoutError`."""
    async with asyncio.timeout(_WITHIN):
        starts = await consumer.beginning_offsets(spots)
        ends = await consumer.end_offsets(spots)
        positions: dict[TopicPartition, int] = {}
        for spot in spots:
            committed = await consumer.committed(spot)
            usable = committed is not None and starts[spot] <= committed <= ends[spot]
            positions[spot] = committed if usable else starts[spot]
            consumer.seek(spot, max(starts[spot], positions[spot] - BACK))
        found: dict[TopicPartition, list[tuple[str, int]]] = {spot: [] for spot in spots}
        while behind := [s for s in spots if await consumer.position(s) < positions[s]]:
            for spot, records in (await consumer.getmany(*behind, timeout_ms=200)).items():
                known = (_attempt(r) for r in records if r.offset < positions[spot])
                found[spot] += [attempt for attempt in known if attempt is not None]
        for spot in spots:
            consumer.seek(spot, positions[spot])
    return [Resumed(spot, positions[spot], found[spot][-BACK:]) for spot in spots]


def _attempt(record: ConsumerRecord) -> tuple[str, int] | None:
    """Delivery and attempt from the record's id; its seal need not be broken for that."""
    name = (dict(record.headers).get("ce_id") or b"").decode("ascii", "replace")
    delivery, _, attempt = name.rpartition(":")
    return (delivery, int(attempt)) if delivery and attempt.isdecimal() else None
