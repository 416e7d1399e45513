"""What a partner hears of a parcel is true, and nothing is said of what Kafka does not have."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.base import MAX_PARCEL, Accept, Kind
from hub import ids, topics, wire
from hub.broker import Unable
from hub.edge.accept import Intake
from hub.edge.bound import Bytes, Sends
from hub.edge.report import Tallies
from hub.edge.watched import Watched
from hub.intake.compose import RIDES, Composer
from hub.wire import Outbound, Record
from tests.unit.edge.speaks import KEYS, TYPES, Lines, parcel, partner

CHILD = "9990000018"


@dataclass
class Kafka:
    """Holds what was published, or does not confirm."""

    away: bool = False
    has: list[Outbound] = field(default_factory=list)

    async def publish(self, outbounds: Sequence[Outbound]) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise Unable("away")
        self.has += outbounds

    def records(self) -> list[tuple[str, Record]]:
        return [
            (
                out.topic,
                wire.read(
                    KEYS,
                    out.topic,
                    {name: value.encode() for name, value in out.headers.items()},
                    out.value,
                ),
            )
            for out in self.has
        ]


@dataclass
class Edge:
    accept: Accept
    kafka: Kafka
    tallies: Tallies
    speaks: Lines
    watched: Watched


def edge(whole: bool = True, heard: bool = True, **changes: Any) -> Edge:
    kafka, tallies, speaks = Kafka(), Tallies(), Lines()
    watched = Watched(KEYS, [("st-elsewhere", "383")])
    if whole:
        watched.take(Whole())
    intake = Intake(Sends(kafka.publish), Bytes(64 << 20), watched, tallies)
    composer = Composer(partner(**changes), TYPES, KEYS)
    return Edge(intake.of(composer, speaks, heard=heard), kafka, tallies, speaks, watched)


async def test_a_parcel_is_owned_when_kafka_has_its_messages_and_itself() -> None:
    e = edge()
    verdict = await e.accept(parcel({"text": "a", "own": "77"}, {"text": "b"}))
    (topic_a, a), (_, b), (topic_p, whole) = e.kafka.records()
    assert (verdict.kind, verdict.reply) == (Kind.OWNED, b"owned")
    assert verdict.message_ids == (a.id, b.id)
    assert (topic_a, topic_p) == ("flows.health", "parcels")
    assert whole.meta["messages"] == [a.id, b.id]
    assert whole.blob == parcel({"text": "a", "own": "77"}, {"text": "b"}).body
    assert a.meta["parcel_id"] == whole.id
    assert (a.blob, a.parcel) == (b'{"text":"a"}', None)
    assert a.meta["envelope"]["sender"]["agency"] == "X2601"
    assert a.meta["envelope"]["authority"] == "E09000099"
    assert e.tallies.counts["st-elsewhere"]["owned"] == 2


@pytest.mark.parametrize(
    ("changes", "said", "stands"),
    [
        ({"team": "ward"}, None, {"agency": "X2601", "team": "ward", "system": "st-elsewhere"}),
        (
            {"team": "ward"},
            {"agency": "X2601", "system": "edt", "person_role": "Nurse"},
            {
                "agency": "X2601",
                "team": "ward",
                "system": "st-elsewhere",
                "person_role": "Nurse",
            },
        ),
        (
            {"speaks_for": ("X2602",), "team": "ward"},
            {"agency": "X2602", "team": "theatre"},
            {"agency": "X2602", "team": "theatre", "system": "st-elsewhere"},
        ),
    ],
)
async def test_who_speaks_is_what_the_partners_file_says(
    changes: dict[str, Any], said: dict[str, str] | None, stands: dict[str, str]
) -> None:
    """A system by another's name would keep its answers from that one."""
    e = edge(**changes)
    await e.accept(parcel({"text": "a"} | ({"sender": said} if said else {})))
    ((_, record),) = e.kafka.records()
    found = record.meta["envelope"]["sender"]
    assert {name: value for name, value in found.items() if value} == stands


async def test_the_verdict_names_the_reference_that_all_messages_have() -> None:
    e = edge()
    assert (await e.accept(parcel({"text": "a"}, {"text": "b"}))).reference == "R-1"
    two = await e.accept(parcel({"text": "a"}, {"text": "b", "reference": "R-2"}))
    assert two.reference is None


async def test_a_small_parcel_rides_with_its_only_message() -> None:
    e = edge()
    came = parcel({"text": "a"})
    verdict = await e.accept(came)
    ((topic, record),) = e.kafka.records()
    assert (topic, verdict.message_ids, record.blob) == (
        "flows.health",
        (record.id,),
        b'{"text":"a"}',
    )
    assert record.parcel is not None and "parcel" not in record.meta
    assert (record.parcel.id, record.parcel.blob) == (record.meta["parcel_id"], came.body)
    assert record.parcel.meta["messages"] == [record.id]


async def test_a_large_parcel_does_not_ride() -> None:
    e = edge()
    await e.accept(parcel({"text": "a" * RIDES}))
    (_, message), (topic, whole) = e.kafka.records()
    assert (topic, whole.meta["messages"], message.parcel) == ("parcels", [message.id], None)


async def test_the_key_is_the_senders_own_number_and_tells_nothing() -> None:
    e = edge()
    await e.accept(parcel({"own": "77", "nhs": CHILD}))
    assert e.kafka.has[0].key == ids.token(KEYS.key("order"), "st-elsewhere", "77").encode()
    await e.accept(parcel({"nhs": CHILD, "reference": "R-9"}))
    assert e.kafka.has[1].key == ids.token(KEYS.key("order"), "st-elsewhere", "R-9").encode()
    assert CHILD not in repr([(out.key, out.headers) for out in e.kafka.has])


async def test_a_resend_carries_the_same_ids() -> None:
    e = edge()
    first = await e.accept(parcel({"text": "a"}))
    again = await e.accept(parcel({"text": "a"}))
    other = await e.accept(parcel({"text": "b"}))
    assert first.message_ids == again.message_ids != other.message_ids


async def test_immediate_takes_the_immediate_road() -> None:
    e = edge()
    await e.accept(parcel({"priority": "immediate"}))
    await e.accept(parcel({"type": "alarm.raised"}))
    assert [topic for topic, _ in e.kafka.records()] == ["immediate"] * 2


async def test_while_kafka_is_away_nothing_is_acknowledged() -> None:
    e = edge()
    e.kafka.away = True
    for body in (parcel({"text": "a"}), parcel(body=b"{")):
        verdict = await e.accept(body)
        assert (verdict.kind, verdict.reply) == (Kind.UNABLE, None)
    assert e.tallies.counts["st-elsewhere"]["unable"] == 2


@pytest.mark.parametrize(("policy", "kind"), [("refuse", Kind.REFUSED), ("keep", Kind.OWNED)])
async def test_an_unreadable_parcel_is_kept_whole_and_its_place_told(
    policy: str, kind: Kind
) -> None:
    e = edge(on_unreadable=policy)
    verdict = await e.accept(parcel(body=b'{"text":"a"}\n{'))
    ((topic, kept),) = e.kafka.records()
    assert (verdict.kind, verdict.place) == (kind, "line 2")
    assert (topic, kept.blob) == ("parcels", b'{"text":"a"}\n{')
    assert (kept.meta["state"], kept.meta["reference"]) == ("unreadable", "R-BAD")
    assert (kept.meta["reason"], kept.meta["place"]) == ("not JSON", "line 2")


async def test_our_own_fault_keeps_the_parcel_and_says_whose_fault_it_is() -> None:
    e = edge()
    verdict = await e.accept(parcel({"boom": True}))
    ((_, kept),) = e.kafka.records()
    assert kept.meta["state"] == "unreadable"
    assert "ours" in verdict.reason and "Robin" not in verdict.reason


@pytest.mark.parametrize(
    ("changes", "said", "why"),
    [
        ({}, {"type": "edt.handover"}, "note.sent"),
        ({}, {"authority": "E06000001"}, "E09000099"),
        ({"authorities": ("E09000099", "E09000098")}, {}, "E09000098"),
        ({}, {"test": True}, "test"),
        ({}, {"sender": {"agency": "police-exemplar"}}, "write X2601, or leave sender out"),
        ({"speaks_for": ("X2602",)}, {"sender": {"agency": "X2603"}}, "write X2601, X2602"),
        (
            {"team": "ward"},
            {"sender": {"agency": "X2601", "team": "theatre"}},
            "write ward, or leave it out",
        ),
    ],
)
async def test_what_a_partner_may_not_send_is_refused_and_named(
    changes: dict[str, Any], said: dict[str, Any], why: str
) -> None:
    e = edge(**changes)
    verdict = await e.accept(parcel({"text": "a"}, said))
    assert verdict.kind is Kind.REFUSED and why in verdict.reason
    assert e.kafka.has == []


@pytest.mark.parametrize(("policy", "kind"), [("refuse", Kind.REFUSED), ("keep", Kind.OWNED)])
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"type": "other.type"}, "other.type is not among"),
        ({"authority": "E09000001"}, "authority E09000001"),
        ({"test": True}, "marked as a test"),
    ],
)
async def test_a_refusal_that_nobody_would_hear_is_kept_for_a_person(
    said: dict[str, Any], why: str, policy: str, kind: Kind
) -> None:
    e = edge(heard=False, on_unreadable=policy)
    verdict = await e.accept(came := parcel({"text": "a"} | said))
    ((topic, kept),) = e.kafka.records()
    assert (verdict.kind, topic, kept.blob) == (kind, "parcels", came.body)
    assert kept.meta["state"] == "unreadable" and why in kept.meta["reason"]
    assert why in verdict.reason


async def test_of_what_is_too_large_a_person_is_told_where_nobody_would_hear_it() -> None:
    e = edge(heard=False, on_unreadable="keep")
    verdict = await e.accept(parcel(body=b"x" * (MAX_PARCEL + 1)))
    ((_, kept),) = e.kafka.records()
    assert (verdict.kind, kept.meta["state"], kept.blob) == (Kind.REFUSED, "unreadable", b"")
    assert "16 MiB" in kept.meta["reason"]


async def test_more_than_a_parcel_may_hold_is_refused_unread() -> None:
    e = edge()
    verdict = await e.accept(parcel(body=b" " * (MAX_PARCEL + 1)))
    assert verdict.kind is Kind.REFUSED and "16 MiB" in verdict.reason
    assert e.speaks.reads == 0


class Key:
    """A record of the watched topic, as far as edge looks at it."""

    def __init__(self, number: str, value: bytes | None = b"sealed", kind: str = "nhs"):
        token = ids.token(KEYS.watch("st-elsewhere"), kind, number)
        self.key = f"st-elsewhere.{token}".encode()
        self.value = value


class Whole:
    """The mark behind the list."""

    key = topics.whole("st-elsewhere", "383").encode()
    value = b"sealed"


async def test_a_feed_stores_nothing_of_children_whom_nobody_watches() -> None:
    e = edge(filtered=True)
    verdict = await e.accept(parcel({"nhs": CHILD}))
    assert (verdict.kind, verdict.reply) == (Kind.NOT_OURS, b"not_ours")
    assert (e.kafka.has, e.speaks.reads) == ([], 0)
    e.watched.take(Key(CHILD))
    assert (await e.accept(parcel({"nhs": CHILD}))).kind is Kind.OWNED
    e.watched.take(Key(CHILD, None))
    assert (await e.accept(parcel({"nhs": CHILD}))).kind is Kind.NOT_OURS
    e.watched.take(Key("77", kind="own"))
    assert (await e.accept(parcel({"nhs": CHILD, "own": "77"}))).kind is Kind.OWNED
    assert e.tallies.counts["st-elsewhere"]["not_ours"] == 2


async def test_before_the_list_is_whole_nothing_is_dropped_by_it() -> None:
    """The partner is not answered, and sends it again: who drops it by half a list drops it for ever."""
    e = edge(whole=False, filtered=True)
    assert (await e.accept(parcel({"nhs": CHILD}))).kind is Kind.UNABLE
    assert (e.kafka.has, e.tallies.counts["st-elsewhere"]["not_ours"]) == ([], 0)
    e.watched.take(Key(CHILD))
    assert (await e.accept(parcel({"nhs": CHILD}))).kind is Kind.OWNED
    assert (await e.accept(parcel({"nhs": "9990000026"}))).kind is Kind.UNABLE
    e.watched.take(Whole())
    assert (await e.accept(parcel({"nhs": "9990000026"}))).kind is Kind.NOT_OURS


async def test_a_parcel_about_several_keeps_only_the_watched() -> None:
    e = edge(filtered=True)
    e.watched.take(Key(CHILD))
    verdict = await e.accept(parcel({"nhs": CHILD}, {"nhs": "9990000026"}))
    assert (verdict.kind, len(verdict.message_ids)) == (Kind.OWNED, 1)
    assert (
        e.tallies.counts["st-elsewhere"] | {"owned": 1, "not_ours": 1}
        == (e.tallies.counts["st-elsewhere"])
    )


@pytest.mark.parametrize(
    ("policy", "kind"), [("not_ours", Kind.NOT_OURS), ("keep_unmatched", Kind.OWNED)]
)
async def test_without_a_number_the_partners_policy_decides(policy: str, kind: Kind) -> None:
    e = edge(filtered=True, no_number=policy)
    assert (await e.accept(parcel({"own": "1"}))).kind is kind


async def test_beyond_its_bound_edge_waits_in_turn() -> None:
    room = Bytes(10)
    order: list[int] = []

    async def hold(number: int, size: int, until: asyncio.Event) -> None:
        async with room.holding(size):
            order.append(number)
            await until.wait()

    gates = [asyncio.Event() for _ in range(4)]
    tasks = [asyncio.create_task(hold(n, size, gates[n])) for n, size in enumerate((8, 25, 2, 2))]
    await asyncio.sleep(0.01)
    assert order == [0] and room.full_for > 0
    tasks[2].cancel()
    gates[0].set()
    await asyncio.sleep(0.01)
    assert order == [0, 1]
    gates[1].set()
    await asyncio.sleep(0.01)
    assert order == [0, 1, 3] and room.full_for == 0
    gates[3].set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_few_sends_are_in_flight_and_waiting_for_a_turn_ends() -> None:
    flying: list[int] = [0, 0]

    async def publish(_: Sequence[Outbound]) -> None:
        flying[0] += 1
        flying[1] = max(flying)
        try:
            await asyncio.sleep(0.02)
        finally:
            flying[0] -= 1

    send = Sends(publish, within=0.03)
    done = await asyncio.gather(*(send([]) for _ in range(40)), return_exceptions=True)
    assert flying[1] == 8
    assert {type(each) for each in done} == {type(None), Unable}


async def test_waiting_for_a_turn_and_sending_have_one_time_together() -> None:
    async def publish(_: Sequence[Outbound]) -> None:
        await asyncio.sleep(0.15)
        raise Unable("away")

    send = Sends(publish, within=0.2)
    done = await asyncio.gather(*(send([]) for _ in range(16)), return_exceptions=True)
    late = "Kafka has not caught up with what was sent before"
    assert [str(each) for each in done] == ["away"] * 8 + [late] * 8
