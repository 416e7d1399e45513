"""Records that the hub never wrote lie on every one of its topics, as a stranger with a producer would leave them."""

from random import Random
from uuid import uuid4

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient

UNREAD = ("deliveries.", "sources.", "watched")
"""Topics that core does not read: what lies there is passed over by edge, and in its log."""


def leave(bootstrap: str, kind: str, chance: Random) -> dict[str, bool]:
    """One record of a kind on each topic: whether Kafka confirmed it; none where it does not answer."""
    try:
        admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        topics = [name for name in admin.list_topics(timeout=15).topics if name[:2] != "__"]
    except KafkaException:
        return {}
    told = dict.fromkeys(topics, False)
    wanted = {"bootstrap.servers": bootstrap, "message.timeout.ms": 15_000, "log_level": 0}
    producer = Producer(wanted)

    def confirmed(error: object, message: object) -> None:
        if error is None:
            told[message.topic()] = True  # type: ignore[attr-defined]

    for topic in topics:
        headers, value = _record(kind, chance)
        producer.produce(topic, value, b"storm", headers=headers, on_delivery=confirmed)
    producer.flush(20)
    return told


def _record(kind: str, chance: Random) -> tuple[list[tuple[str, str | bytes | None]], bytes | None]:
    if kind == "tombstone":
        return [], None
    noise = chance.randbytes(chance.randint(1, 300))
    if kind == "junk":
        return [("ce_id", noise[:8]), ("", b"")], noise
    source = b"urn:somebody-else" if kind == "foreign" else b"urn:front-door-hub"
    headers: dict[str, str | bytes | None] = {
        "ce_id": str(uuid4()).encode(),
        "ce_source": source,
        "ce_type": b"uk.frontdoorhub.receipts",
        "ce_specversion": b"1.0",
        "ce_time": b"2026-11-24T20:00:00.000000Z",
        "content-type": b"application/vnd.front-door-hub.sealed",
        "ce_wireversion": b"999" if kind == "newer" else b"1",
        "ce_roadmonth": b"2026-11",
    }
    return list(headers.items()), noise
