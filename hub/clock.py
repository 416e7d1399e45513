"""Time is handed in: civil time may be shifted for a demo or a drill, waiting time never is."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

SHIFT = timedelta(seconds=float(os.environ.get("HUB_CLOCKSHIFT_SECONDS", "0")))
"""Read once: every process of one hub is started with the same setting."""


def now() -> datetime:
    """The civil instant, in UTC, shifted alike in every process (`HUB_CLOCKSHIFT_SECONDS`)."""
    return datetime.now(UTC) + SHIFT


def machine() -> datetime:
    """The machines' own time, in UTC, never shifted: for waits that outlive a process.

    Leases, back-off and probes stand in the ledger and on the road, where no process's monotonic
    clock is worth anything; the machines' clocks are kept together by NTP.
    """
    return datetime.now(UTC)


def of_machine(civil: datetime) -> datetime:
    """A civil instant as the machines' own clocks have it."""
    return civil - SHIFT


def civil(machine: datetime) -> datetime:
    """An instant of the machines' own clocks as people are told it."""
    return machine + SHIFT


def monotonic() -> float:
    """Seconds for waits within a process; never shifted, never runs backwards."""
    return time.monotonic()


async def sleep(seconds: float) -> None:
    """Waits in real time."""
    await asyncio.sleep(seconds)


def london(moment: datetime) -> datetime:
    """The same instant as people in England read it."""
    return moment.astimezone(LONDON)
