"""Every topic of the road: what its key is, how it is kept and flushed, who writes it and who reads it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

DAYS = 24 * 60 * 60 * 1000
LARGEST = 20 * 1024 * 1024
"""Bytes of a record: a parcel of 16 MiB and what stands around it."""
ROOM = 1024
"""Bytes that Kafka adds around a record's value."""

FLOWS = ("contact", "referral", "strategy", "police", "health", "handover", "case")
IMMEDIATE = "immediate"
ACTS = "acts"
PARCELS = "parcels"
RECEIPTS = "receipts"
REPORTS = "reports"
WATCHED = "watched"


def whole(partner: str, authority: str) -> str:
    """The key that stands in `watched` behind the whole list of one feed for one authority."""
    return f"whole.{partner}.{authority}"


@dataclass(frozen=True)
class Topic:
    """One topic; `flushed` topics hold what only Kafka has.

    `writers` and `readers` are roles; a cluster may hold them to it (`hub.kafka.acls`).
    """

    name: str
    partitions: int
    key: str
    writers: str
    readers: str
    flushed: bool = False
    compacted: bool = False
    retention_ms: int = 14 * DAYS
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, str]:
        """Topic configuration as Kafka names it."""
        config = {"max.message.bytes": str(LARGEST)} | self.extra
        if self.flushed:
            config["flush.messages"] = "1"
            # Each flush writes the indexes too where they changed: by default at every second record.
            config["index.interval.bytes"] = str(64 * 1024)
        if self.compacted:
            return config | {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.2"}
        return config | {"retention.ms": str(self.retention_ms)}


def flow(name: str) -> str:
    """The topic of one conversation."""
    return f"flows.{name}"


def deliveries(partner: str) -> str:
    """Where core hands one partner's deliveries to edge."""
    return f"deliveries.{partner}"


def deliveries_now(partner: str) -> str:
    """The twin that edge looks at before each send."""
    return f"deliveries.{partner}.immediate"


def sources(partner: str) -> str:
    """One partition; whoever owns it polls the partner's mailbox or folder."""
    return f"sources.{partner}"


def delivering(partner: str) -> str:
    """The consumer group of the edges that deliver to a partner."""
    return f"edge.{partner}"


def pulling(partner: str) -> str:
    """The consumer group whose one owner polls a partner."""
    return f"source.{partner}"


def recording(road: str) -> str:
    """The consumer group of the cores that record one of `ROADS`."""
    return f"core.{road}"


ROADS: dict[str, tuple[str, ...]] = {
    "now": (IMMEDIATE, ACTS),
    "flows": tuple(map(flow, FLOWS)),
    "receipts": (RECEIPTS, PARCELS, REPORTS),
}
"""What core reads, by the road whose topics are recorded together."""


def fixed(partitions: int = 1) -> list[Topic]:
    """The topics every hub has; `partitions` of the content topics (few on one node: B9.6)."""
    order = "HMAC(order key, partner + its own subject number, else its reference)"
    return [
        *(Topic(flow(name), partitions, order, "edge", "core", flushed=True) for name in FLOWS),
        Topic(IMMEDIATE, 1, order, "edge", "core", flushed=True),
        Topic(PARCELS, partitions, "parcel id", "edge", "core", flushed=True),
        Topic(ACTS, 1, "subject of the act", "desk", "core", flushed=True),
        Topic(RECEIPTS, 1, "partner", "edge, desk", "core"),
        Topic(REPORTS, 1, "edge or desk instance", "edge, desk", "core", retention_ms=DAYS),
        Topic(WATCHED, 1, "partner + token", "core", "edge", flushed=True, compacted=True),
    ]


def of_partner(partner: str, connections: int, pulls: bool) -> list[Topic]:
    """The topics of one partner."""
    topics = [
        Topic(deliveries(partner), connections, "lane", "core", "edge, core"),
        Topic(deliveries_now(partner), connections, "lane", "core", "edge, core"),
    ]
    if pulls:
        topics.append(Topic(sources(partner), 1, "none", "nobody", "edge", retention_ms=DAYS))
    return topics


def roads_of_edge(partners: Iterable[str]) -> list[str]:
    """The topics whose keys an edge beside these partners needs."""
    own = [name for p in partners for name in (deliveries(p), deliveries_now(p))]
    return [*map(flow, FLOWS), IMMEDIATE, PARCELS, RECEIPTS, REPORTS, WATCHED, *own]
