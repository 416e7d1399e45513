"""What a core had handed out when it died is found on the road, or put there now.

A crash between the commit and the publish leaves an attempt that edge never saw. At its start a
core reads the partners' topics from just before its open attempts to the end seen then; attempts
that are not there are handed out again, under the next number.
"""

from datetime import timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Connection

from hub.core.dispatch import dispatch
from hub.core.work import Work
from hub.ledger.tables import Attempt
from hub.ledger.thread import Ledger
from hub.ledger.write import at, rows, run
from hub.partners import Directory
from hub.topics import deliveries, deliveries_now

MARGIN = timedelta(minutes=1)
"""Clocks of hub and Kafka may differ by this much."""


async def on_the_road(
    consumer: AIOKafkaConsumer,
    ledger: Ledger,
    instance: str,
    lease: timedelta,
    directory: Directory,
) -> set[str] | None:
    """Ids (`delivery:attempt`) of orders in Kafka since this slot's oldest open attempt, if any."""
    attempts = await ledger.transaction(lambda conn: _open(conn, instance))
    if not attempts:
        return None
    partners = [p for name in {row.partner for row in attempts} if (p := directory.get(name))]
    # By the lease, not by `handed_at`: Kafka stamps in the machines' time, whatever the civil clock
    # was shifted to when they were handed out.
    ends_of_lease = [moment for row in attempts if (moment := at(row.not_after)) is not None]
    stamp = int((min(ends_of_lease) - lease - MARGIN).timestamp() * 1000)
    # All at once: after an assignment the client knows of no other topics.
    spots = [
        TopicPartition(topic, number)
        for partner in partners
        for topic in (deliveries(partner.partner), deliveries_now(partner.partner))
        for number in range(partner.connections)
    ]
    consumer.assign(spots)
    ends = await consumer.end_offsets(spots)
    starts = await consumer.offsets_for_times(dict.fromkeys(spots, stamp))
    for spot in spots:
        start = starts.get(spot)
        consumer.seek(spot, start.offset if start is not None else ends[spot])
    found: set[str] = set()
    while any([await consumer.position(spot) < ends[spot] for spot in spots]):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                headers = dict(record.headers)
                found.add((headers.get("ce_id") or b"").decode("utf-8", "replace"))
    return found


def again(work: Work, instance: str, seen: set[str]) -> None:
    """Takes back what is not on the road; the next hand-out is another attempt.

    Under a number of its own, and the old one on record as unknown: what a dead core had sent may
    still lie in a socket and reach Kafka after we looked, and then a repeat is explained.
    """
    for row in _open(work.conn, instance):
        if f"{row.delivery_id}:{row.attempt}" not in seen:
            work.add(Attempt, _unknown(work, row))
            run(
                work.conn,
                "update delivery set state = 'waiting', handed_by = null"
                " where delivery_id = :id and attempt = :attempt and state = 'under_way'",
                id=row.delivery_id,
                attempt=row.attempt,
            )
            work.partners.add(row.partner)
    dispatch(work)


def _unknown(work: Work, row: Any) -> dict[str, Any]:
    return {
        "delivery_id": row.delivery_id,
        "attempt": row.attempt,
        "handed_at": at(row.handed_at),
        "settled_at": work.now,
        "outcome": "unknown",
        "level": "none",
        "code": "",
        "detail": "the core that handed it out ended before it was on the road",
        "edge": "",
        "who": None,
    }


def _open(conn: Connection, instance: str) -> list[Any]:
    sql = (
        "select delivery_id, attempt, partner, not_after, handed_at from delivery"
        " where state = 'under_way' and mode = 'sent' and handed_by = :by"
    )
    return rows(conn, sql, by=instance)
