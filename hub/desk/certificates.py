"""The desk tells core of its own certificates, because core alone opens incidents."""

import asyncio
from typing import NoReturn

from connectors.renewed import Renewed
from hub import topics, wire
from hub.broker import Unable
from hub.desk.desk import Desk
from hub.serving import doors
from hub.settings import Settings

EVERY = 60.0
"""Seconds between two reports: an end of validity is days away."""
AGAIN = 2.0


async def tell(settings: Settings, desk: Desk, tls: Renewed | None) -> NoReturn:
    """Reports the ends of what is in use; while Kafka is away, the next one says it."""
    name = f"desk-{settings.instance}"
    while True:
        told = doors.told("hub", doors.for_kafka(settings))
        told = {f"{use} of {name}": ends for use, ends in told.items()}
        told |= doors.told("hub", doors.of_door(name, tls))
        wait = EVERY
        if told:
            record = wire.Record("certificates", wire.event_id(), {"certificates": told})
            try:
                await desk.road.publish([wire.write(desk.keys, topics.REPORTS, name, record)])
            except Unable:
                wait = AGAIN
        await asyncio.sleep(wait)
