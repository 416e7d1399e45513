"""Whatever stands on a topic of the road, core goes on to the next good record and keeps the odd one."""

import os
import random
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c
from hypothesis import given
from hypothesis import strategies as st

from hub import topics, wire
from hub.core.stuck import LIMIT
from hub.partners import Directory
from hub.wire import Foreign, Outbound, Record
from tests.flow.core_kit import Road, attendances
from tests.flow.marked import ALL
from tests.kit.effort import EFFORT, tries
from tests.kit.log_lines import logged_as
from tests.kit.site import the_partners
from tests.kit.waiting import eventually
from tests.unit.edge.speaks import KEYS

READ_BY_CORE = [
    *map(topics.flow, topics.FLOWS),
    topics.IMMEDIATE,
    topics.ACTS,
    topics.PARCELS,
    topics.RECEIPTS,
    topics.REPORTS,
]


@pytest.fixture
async def road(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Road]:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    made = Road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    yield made
    made.engine.dispose()


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=9), st.just(ALL)
)
NAMES = """parcel_id partner stream reference part digest subject answers envelope receipts edge epoch
tallies directory partners connections state messages received_at who body version reason""".split()
METAS: st.SearchStrategy[Any] = st.recursive(
    JUNK,
    lambda inside: st.one_of(
        st.lists(inside, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=4)), inside, max_size=6),
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["health.attendance", "parcel", "receipts", "takeover", "report", "handover.answered", "", "\0"]
)


METAS_OF_SOMEBODY: Iterator[Any] = cycle(
    (
        {},
        {"partner": "team"},
        {"receipts": [{}]},
        {"partner": 1, "edge": {}},
        [],
        7,
        {"receipts": 1},
    )
)


def sealed(keys: Any, topic: str, kind: str, meta: Any, blob: bytes) -> Outbound | None:
    """A record as an edge that was broken into would write it; None where it cannot be written."""
    try:
        return wire.write(keys, topic, "k", Record(kind, os.urandom(4).hex(), meta, blob))
    except (TypeError, ValueError):
        return None


@tries(100)
@given(kind=KINDS, meta=METAS, blob=st.binary(max_size=40))
def test_what_our_own_key_seals_is_read_or_foreign(kind: str, meta: Any, blob: bytes) -> None:
    """Whoever holds a road key may seal anything; reading it ends in a record or in `Foreign`."""
    made = sealed(KEYS, "flows.health", kind, meta, blob)
    if made is None:
        return
    headers = {name: value.encode() for name, value in made.headers.items()}
    try:
        assert isinstance(wire.read(KEYS, made.topic, headers, made.value).meta, dict)
    except Foreign:
        return


def no_text(batch: bytes) -> bytearray:
    """The batch with a header's name that is no UTF-8, which Kafka takes as it takes any bytes."""
    odd = bytearray(batch.replace(b"hh", b"\xff\xfe"))
    odd[17:21] = calc_crc32c(bytes(odd[21:])).to_bytes(4, "big")
    return odd


async def put(
    road: Road,
    topic: str,
    *records: tuple[Any, Any, list[tuple[str, bytes]]],
    spoilt: bool = False,
) -> None:
    """Writes records as any Kafka client may, in one batch."""
    producer = AIOKafkaProducer(bootstrap_servers=road.bootstrap, max_batch_size=1 << 20)
    await producer.start()
    try:
        batch = producer.create_batch()
        for key, value, headers in records:
            assert batch.append(key=key, value=value, timestamp=None, headers=headers)
        if spoilt:
            batch._build()
            batch._buffer = no_text(bytes(batch._buffer))
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()


ODD: list[tuple[Any, Any, list[tuple[str, bytes]]]] = [
    (None, b"not ours", []),
    (None, None, []),
    (b"", b"", []),
    (b"\xff" * 3000, os.urandom(100), [("ce_id", b"\xff\0")]),
    (None, ALL.encode(), [("ce_id", ALL.encode()), ("ce_id", b"twice"), ("", b"")]),
    (None, b"x", [(f"h{n}", b"x") for n in range(2000)]),
    (None, b"x", [("ce_wireversion", b"1\0"), ("ce_type", b"uk.frontdoorhub.\0")]),
]


async def test_anything_on_every_topic_of_core(road: Road) -> None:
    """Foreign bytes and sealed nonsense on all of them, and after each the next good message is recorded."""
    good = attendances(range(3))
    with logged_as("core") as log:
        async with road.core():
            for topic in READ_BY_CORE:
                await put(road, topic, *ODD)
            await road.say(good[0])
            await eventually(lambda: road.count("message") == 1, 20)
            made = [
                sealed(road.keys, topic, kind, next(METAS_OF_SOMEBODY), b"{}")
                for topic in READ_BY_CORE
                for kind in ("health.attendance", "receipts", "takeover", "report", "parcel", "x")
            ]
            nonsense = [each for each in made if each is not None]
            for at in range(0, len(nonsense), 20):
                before = road.count("stuck") + road.count("act")
                await road.publish(*nonsense[at : at + 20])
                await eventually(lambda: road.count("stuck") + road.count("act") > before, 30)  # noqa: B023
            await road.say(good[1])
            await eventually(lambda: road.count("message") == 2, 30)
        assert log.worst() == []
    kept = road.all("select topic, reason from stuck")
    assert {row.topic for row in kept} == set(READ_BY_CORE)
    assert {row.reason.split(":")[0] for row in kept} <= {"foreign", "stuck", "parked"}


async def test_a_flood_of_foreign_records_stops_nobody(road: Road) -> None:
    """That many of our own in a row mean that the fault is ours; a stranger's say nothing of us."""
    flood = [ODD[0]] * LIMIT * 3
    for topic in ("flows.health", topics.ACTS, topics.PARCELS):
        await put(road, topic, *flood)
    async with road.core():
        await road.say(*attendances([1]))
        await eventually(lambda: road.count("message") == 1, 30)
        await eventually(lambda: road.count("stuck") == LIMIT * 9, 30)
    incidents = {row.kind for row in road.all("select kind from incident")}
    assert "foreign" in incidents


async def test_a_header_whose_name_is_no_text_stops_nobody(road: Road) -> None:
    async with road.core():
        odd = (None, b"x", [("hh", b"1")])
        await put(road, "flows.health", ODD[0], odd, ODD[0], spoilt=True)
        await road.say(*attendances([1]))
        await eventually(lambda: road.count("message") == 1, 20)
    kept = road.all('select reason, headers from stuck order by "offset"')[1]
    assert kept.reason.startswith("foreign") and "xff" in kept.headers


@pytest.mark.skipif(EFFORT <= 1, reason="only where HUB_TEST_EFFORT asks for much")
async def test_much_of_anything_on_every_topic_of_core(road: Road) -> None:
    chance = random.Random(1)
    async with road.core():
        for turn in range(int(EFFORT)):
            for topic in READ_BY_CORE:
                records = [
                    (
                        chance.choice([None, chance.randbytes(chance.randrange(99))]),
                        chance.choice([None, chance.randbytes(chance.randrange(999))]),
                        [
                            (
                                chance.choice(["ce_id", "ce_type", "ce_source", "x"]),
                                chance.randbytes(9),
                            )
                            for _ in range(chance.randrange(6))
                        ],
                    )
                    for _ in range(20)
                ]
                await put(road, topic, *records)
            await road.say(*attendances([turn]))
            await eventually(lambda: road.count("message") > turn, 30)  # noqa: B023
