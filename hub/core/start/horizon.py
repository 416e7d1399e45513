"""Nothing is judged late before everything that was said in time is read.

The ends of the roads are asked for once a second, with the moment before; when the ledger has read
that far, leases and clocks that ended by that moment may be judged. So a standstill of whatever
length (ours, the database's, Kafka's) makes nobody late who answered meanwhile. After a minute
clocks are judged all the same, also without Kafka: somebody must be told to ring. Leases wait for
Kafka, because nothing can be sent again before it is back, and for what edge could not tell it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import Connection

from hub.clock import machine, monotonic
from hub.ledger.write import rows
from hub.topics import RECEIPTS

EVERY = 1.0
"""Seconds between questions to Kafka."""

WITHIN = 1.0
"""Seconds for its answer; without one the horizon stays where it is."""

TELLS = 10.0
"""Seconds without a question after Kafka did not answer, and again after it answers at last: edge
has receipts to tell by then."""

LONGEST = 60.0
"""Seconds after which we judge all the same, and say that messages are unread."""

NEVER = datetime.min.replace(tzinfo=UTC)

Offsets = Mapping[tuple[str, int], int]
"""How far each topic and partition is recorded."""


@dataclass(frozen=True)
class _Ends:
    """Where the roads ended at a moment, and when that was by our own clock."""

    moment: datetime
    since: float
    ends: Mapping[TopicPartition, int]

    def unread(self, at: Offsets) -> set[str]:
        """The topics whose end then the ledger has not reached."""
        return {s.topic for s, end in self.ends.items() if at.get((s.topic, s.partition), 0) < end}


class Horizon:
    """Up to when some roads are read, by the machines' clocks; `needs_kafka`: never judged without."""

    def __init__(self, spots: Iterable[TopicPartition], needs_kafka: bool):
        self.upto = NEVER
        self.gave_up = False
        self.behind: dict[str, float] = {}
        """Seconds from the moment of a topic's end until the ledger had read so far: what the last
        end took, or what this one takes already where that is more."""
        self._spots = list(spots)
        self._needs_kafka = needs_kafka
        self._ends: _Ends | None = None
        self._reached: set[str] = set()
        self._away = False
        self._next = self._moved = monotonic()

    async def ask(self, consumer: Any) -> None:
        """Asks where the roads end, unless what was asked before is not read yet."""
        began, moment = monotonic(), machine()
        if self._ends is not None or began < self._next:
            return
        self._next = began + EVERY
        try:
            async with asyncio.timeout(WITHIN):
                found = await consumer.end_offsets(self._spots)
        except (KafkaError, TimeoutError):
            self._away, self._next = True, began + TELLS
            return
        if self._away:
            # Back, but nobody knows since when: what edge could not tell it is not there yet.
            self._away, self._next = False, began + TELLS
            return
        self._ends, self._reached = _Ends(moment, began, found), set()

    def look(self, at: Offsets) -> None:
        """Moves to where the ledger has read, or on without it after a minute."""
        unread = self._measured(at)
        if self._ends is not None and not unread:
            self.upto, self._ends = self._ends.moment, None
            self._moved, self.gave_up = monotonic(), False
        elif self._late():
            self.upto, self.gave_up = machine(), True

    def _measured(self, at: Offsets) -> set[str]:
        if self._ends is None:
            return set()
        unread, took = self._ends.unread(at), monotonic() - self._ends.since
        for topic in {spot.topic for spot in self._spots} - self._reached - unread:
            self.behind[topic] = took
            self._reached.add(topic)
        for topic in unread:
            self.behind[topic] = max(took, self.behind.get(topic, 0.0))
        return unread

    def _late(self) -> bool:
        if not self._needs_kafka:
            return monotonic() - self._moved > LONGEST
        return self._ends is not None and monotonic() - self._ends.since > LONGEST


@dataclass(frozen=True)
class Upto:
    """Up to when leases (receipts are read) and clocks (everything is read) may be judged."""

    leases: datetime
    clocks: datetime
    unread: bool = False
    """We judge although messages are unread: a minute was not enough."""
    behind: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Seconds that each topic is behind, as far as is known."""


class Horizons:
    """How far one core's roads are read: receipts for leases, all of them for clocks."""

    def __init__(self, cluster: str, spots: Iterable[TopicPartition]):
        found = list(spots)
        self._cluster = cluster
        self._receipts = Horizon([s for s in found if s.topic == RECEIPTS], needs_kafka=True)
        self._all = Horizon(found, needs_kafka=False)

    async def ask(self, consumer: Any) -> None:
        """Asks Kafka, where it is time to."""
        await self._receipts.ask(consumer)
        await self._all.ask(consumer)

    def look(self, conn: Connection) -> Upto:
        """Where both stand now."""
        sql = 'select topic, partition, next from "offset" where cluster = :c'
        at = {(row.topic, row.partition): row.next for row in rows(conn, sql, c=self._cluster)}
        self._receipts.look(at)
        self._all.look(at)
        unread = self._receipts.gave_up or self._all.gave_up
        return Upto(self._receipts.upto, self._all.upto, unread, self._all.behind)
