"""What the roads and the ledger do not agree on is on record: a copy that was put back, records that are gone."""

from collections.abc import Mapping, Sequence

from aiokafka import TopicPartition

from hub.clock import london
from hub.core.reader import Restored
from hub.core.work import Work
from hub.ledger.audit import HUB, heads
from hub.ledger.write import at, rows
from hub.topics import WATCHED


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


def another(work: Work, cluster: str) -> None:
    """Kafka is not the one that the ledger read: what that one had acknowledged and we had not read is gone.

    Nobody here knows what it was; edge spoke last when it is said, and what came later its partners
    have to send again.
    """
    sql = 'select topic, partition, cluster, next from "offset" where cluster <> :c and topic <> :w'
    before = rows(work.conn, f"{sql} order by topic, partition", c=cluster, w=WATCHED)
    known = "select 1 from incident where kind = 'another_kafka' and subject = :c"
    if not before or rows(work.conn, known, c=cluster):
        return
    spoke = rows(work.conn, "select max(at) as at from heartbeat where instance like 'edge-%'")
    heard = at(spoke[0].at)
    since = f"since {london(heard):%a %d %b %Y %H:%M:%S}" if heard else "since the last backup"
    cause = (
        "What the Kafka before had acknowledged and the ledger had not read is gone:"
        f" ask every partner to send again what it sent {since}"
    )
    work.incident("another_kafka", cluster, cause)
    read = {f"{row.topic}:{row.partition}": row.next for row in before}
    was = ", ".join(sorted({row.cluster for row in before}))
    work.audit(
        HUB,
        "another_kafka",
        before=was,
        now=cluster,
        read=read,
        heard=heard.isoformat() if heard else "",
    )
    work.flush()
