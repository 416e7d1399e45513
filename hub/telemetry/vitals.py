"""What a process alone knows of itself is counted in it, under one list of names, and told by its probe.

Whatever tells of messages and partners is counted from the ledger instead (`hub.desk.metrics`), where
one place tells of the whole hub.
"""

import asyncio
import os
import resource
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.clock import monotonic
from hub.telemetry import traces

_PAGE = os.sysconf("SC_PAGE_SIZE")
EVERY = 1.0
"""Seconds between looks at the loop."""


@dataclass(slots=True)
class Vitals:
    """Counts of this process since its start."""

    published: int = 0
    publishing: float = 0.0
    unable: int = 0
    recorded: int = 0
    transactions: int = 0
    transacting: float = 0.0


VITALS = Vitals()
_late: deque[float] = deque([0.0], maxlen=60)


@dataclass(frozen=True, slots=True)
class Vital:
    """One of them: its meaning with its unit, and how it is read."""

    name: str
    meaning: str
    read: Callable[[], float]
    counter: bool = True

    @property
    def exposed(self) -> str:
        """The name under which Prometheus finds it."""
        return f"{self.name}_total" if self.counter else self.name


ALL = (
    Vital(
        "hub_process_cpu_seconds",
        "Processor time that the process has used",
        lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
    ),
    Vital(
        "hub_process_memory_bytes",
        "Memory that the process holds (resident)",
        lambda: float(Path("/proc/self/statm").read_text().split()[1]) * _PAGE,
        counter=False,
    ),
    Vital(
        "hub_loop_lag_seconds",
        "By how much the process was late at worst in the last minute: above 1 it has too much to do",
        lambda: max(_late),
        counter=False,
    ),
    Vital(
        "hub_published_records",
        "Records that Kafka confirmed to this process",
        lambda: VITALS.published,
    ),
    Vital(
        "hub_publish_seconds",
        "Time that this process waited for Kafka to confirm; by hub_published_records_total, the time of one",
        lambda: VITALS.publishing,
    ),
    Vital(
        "hub_publish_unable",
        "Times that Kafka did not confirm in time, or said no",
        lambda: VITALS.unable,
    ),
    Vital(
        "hub_recorded_records",
        "Records that core has read and recorded, receipts and reports among them",
        lambda: VITALS.recorded,
    ),
    Vital(
        "hub_ledger_transactions",
        "Transactions of core with the ledger, those that failed among them",
        lambda: VITALS.transactions,
    ),
    Vital(
        "hub_ledger_transaction_seconds",
        "Time that these took; by hub_ledger_transactions_total, the time of one",
        lambda: VITALS.transacting,
    ),
    Vital(
        "hub_lost_spans",
        "Spans of traces that were made and never told: their queue was full, or no collector took them",
        lambda: float(traces.lost()),
    ),
)


async def watch_the_loop() -> None:
    """Notes each second how late it is, until it is cancelled."""
    while True:
        due = monotonic() + EVERY
        await asyncio.sleep(EVERY)
        _late.append(max(0.0, monotonic() - due))
