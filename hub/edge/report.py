"""Once a second edge says that it lives, by which configuration it works and what it has taken."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from connectors.base import Kind, Verdict
from hub import clock, ids, topics, wire
from hub.broker import Unable
from hub.edge.bound import Publish
from hub.partners import Directory
from hub.seal import Keyring

log = structlog.get_logger("hub.edge.report")


@dataclass(slots=True)
class Tallies:
    """Counts of this start, by partner and verdict.

    Messages where a parcel was read (`owned`, `not_ours`), parcels where it was not: one that is
    kept unread counts as one owned.
    """

    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def count(self, partner: str, verdict: Verdict, dropped: int = 0) -> None:
        """Notes one verdict; `dropped` messages of it were not ours."""
        of = self.counts.setdefault(partner, {kind.value: 0 for kind in Kind})
        of[Kind.NOT_OURS] += dropped
        if verdict.kind is not Kind.NOT_OURS:
            of[verdict.kind] += max(1, len(verdict.message_ids))


@dataclass(slots=True)
class Reports:
    """The heartbeat of one edge."""

    edge: str
    directory: Directory
    keys: Keyring
    publish: Publish
    tallies: Tallies
    connections: Callable[[], dict[str, str]] = dict
    contended: Callable[[], bool] = bool
    certificates: Callable[[], dict[str, str]] = dict
    sources: Callable[[], dict[str, str]] = dict
    epoch: str = field(default_factory=ids.fresh)

    def record(self) -> wire.Outbound:
        """The report as of now."""
        meta = {
            "edge": self.edge,
            "epoch": self.epoch,
            "at": clock.now().isoformat(),
            "directory": self.directory.digest,
            "partners": self.directory.digests,
            "tallies": self.tallies.counts,
            "connections": self.connections(),
            "contended": self.contended(),
            "certificates": self.certificates(),
            "sources": self.sources(),
        }
        record = wire.Record("report", wire.event_id(), meta)
        return wire.write(self.keys, topics.REPORTS, self.edge, record)

    async def say(self) -> None:
        """Publishes one report; while Kafka is away, the silence says it."""
        try:
            await self.publish([self.record()])
        except Unable as error:
            log.info("no report", why=str(error))

    async def every_second(self) -> None:
        """Reports until it is cancelled."""
        while True:
            await self.say()
            await clock.sleep(1)
