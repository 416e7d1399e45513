"""What a core had handed out when it died is found on the road, or put there now.

A crash between the commit and the publish leaves an attempt that edge never saw. At its start a
core reads the partners' topics from just before its open attempts to the end seen then; attempts
that are not there are handed out again, under the same number.
"""

from datetime import timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Connection

from hub.core.dispatch import dispatch
from hub.core.work import Work
from hub.ledger.thread import Ledger
from hub.ledger.write import at, rows, run
from hub.partners import Directory
from hub.topics import deliveries, deliveries_now

MARGIN = timedelta(minutes=1)
"""Clocks of hub and Kafka may differ by this much."""


async def on_the_road(
    consumer: AIOKafkaConsumer, ledger: Ledger, instance: str, directory: Directory
) -> set[str] | None:
    """Ids (`delivery:attempt`) of orders in Kafka since this slot's oldest open attempt, if any."""
    attempts = await ledger.transaction(lambda conn: _open(conn, instance))
    if not attempts:
        return None
    names = {row.partner for row in attempts if directory.get(row.partner)}
    oldest = min(moment for row in attempts if (moment := at(row.handed_at)) is not None)
    stamp = int((oldest - MARGIN).timestamp() * 1000)
    found: set[str] = set()
    for topic in sorted({t for name in names for t in (deliveries(name), deliveries_now(name))}):
        spots = [
            TopicPartition(topic, number) for number in sorted(await _partitions(consumer, topic))
        ]
        if not spots:
            continue
        consumer.assign(spots)
        ends = await consumer.end_offsets(spots)
        starts = await consumer.offsets_for_times(dict.fromkeys(spots, stamp))
        for spot in spots:
            start = starts.get(spot)
            consumer.seek(spot, start.offset if start is not None else ends[spot])
        while any([await consumer.position(spot) < ends[spot] for spot in spots]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    headers = dict(record.headers)
                    found.add((headers.get("ce_id") or b"").decode("utf-8", "replace"))
    return found


def again(work: Work, instance: str, seen: set[str]) -> None:
    """Takes back what never reached the road, so that the next hand-out carries the same number."""
    for row in _open(work.conn, instance):
        if f"{row.delivery_id}:{row.attempt}" not in seen:
            run(
                work.conn,
                "update delivery set state = 'waiting', attempt = attempt - 1, handed_by = null"
                " where delivery_id = :id and attempt = :attempt and state = 'under_way'",
                id=row.delivery_id,
                attempt=row.attempt,
            )
            work.partners.add(row.partner)
    dispatch(work)


def _open(conn: Connection, instance: str) -> list[Any]:
    sql = (
        "select delivery_id, attempt, partner, handed_at from delivery"
        " where state = 'under_way' and mode = 'sent' and handed_by = :by"
    )
    return rows(conn, sql, by=instance)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    known = consumer.partitions_for_topic(topic)
    if known is None:
        await consumer._client.force_metadata_update()
        known = consumer.partitions_for_topic(topic)
    return known or set()
