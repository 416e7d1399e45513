"""What the roads and the ledger do not agree on is on record: a copy that was put back, records that are gone."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from hub.core.reader import Restored
from hub.core.work import Work
from hub.ledger.audit import HUB, heads


def restored(work: Work, behind: Sequence[Restored]) -> None:
    """An older copy of the ledger is back: where it forked, and what its chains were then."""
    chains, last = heads(work.conn)
    for one in behind:
        work.audit(
            HUB,
            "restored",
            root=last,
            chains=chains,
            topic=one.spot.topic,
            partition=one.spot.partition,
            ledger=one.ledger,
            kafka=one.committed,
        )
    work.incident("restored", "ledger", "an older copy of the ledger was put back")
    work.flush()


def gone(work: Work, lost: Mapping[TopicPartition, int]) -> None:
    """Kafka kept records for less time than the ledger needed to read them."""
    for spot, count in lost.items():
        why = f"{count} records were gone from Kafka before they were recorded"
        work.incident("retention", f"{spot.topic}:{spot.partition}", why)
