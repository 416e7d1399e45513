"""What cannot be recorded is kept as it came and shown; when that happens many times in a row, we stop."""

import orjson
from aiokafka import ConsumerRecord

from hub.core.arrival import Arrival
from hub.core.work import Work
from hub.ledger.tables import Stuck
from hub.ledger.write import insert

LIMIT = 50
"""Stuck in a row: then the fault is ours, and recording on would only fill the shelf."""


class FaultIsOurs(Exception):
    """Too many records in a row could not be recorded: an operator must look before we go on."""


def keep(work: Work, arrival: Arrival, error: Exception) -> None:
    """Keeps a message that failed alone."""
    why = f"{type(error).__name__} while recording a {arrival.type}"
    if arrival.raw is None:
        raise error
    keep_record(work, arrival.raw, why)


def keep_record(work: Work, raw: ConsumerRecord, why: str, kind: str = "stuck") -> None:
    """Keeps a record as it is: foreign, damaged, of an unknown version, or stuck."""
    row = {
        "stuck_id": f"{raw.topic}:{raw.partition}:{raw.offset}",
        "topic": raw.topic,
        "partition": raw.partition,
        "offset": raw.offset,
        "reason": f"{kind}: {why}",
        "headers": orjson.dumps(
            [
                [name, (value or b"").decode("utf-8", "backslashreplace")]
                for name, value in raw.headers
            ]
        ).decode(),
        "value": raw.value,
        "at": work.now,
    }
    insert(work.conn, Stuck, [row], new_only=True)
    # What waits for an upgrade has not failed; `parked` is what the upgrade could not take up.
    work.incident("unknown_version" if kind == "parked" else kind, raw.topic, why)
    if kind != "stuck":
        return  # what strangers and newer hubs write says nothing of us
    work.stuck += 1
    if work.stuck >= LIMIT:
        raise FaultIsOurs(f"{work.stuck} records in a row could not be recorded; last: {why}")
