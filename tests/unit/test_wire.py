"""What is written and read without the CloudEvents library is what the library would write and read."""

from dataclasses import replace
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from hub import wire
from hub.seal import Keyring

KEYS = Keyring({"road": bytes(32)})
WORDS = st.text("abcdefghij-0123456789", min_size=1, max_size=12)
FACTS = st.dictionaries(st.sampled_from(["authority", "priority", "partner"]), WORDS)
META = st.dictionaries(WORDS, st.text(max_size=8), max_size=3)
RECORDS = st.builds(wire.Record, WORDS, WORDS, META, st.binary(max_size=20), FACTS)


PARCELS = st.builds(wire.Record, st.just("parcel"), WORDS, META, st.binary(max_size=20), st.none())


def by_library(headers: dict[str, bytes], value: bytes) -> CloudEvent:
    event = from_binary(KafkaMessage(headers, None, value), JSONFormat(), CloudEvent)
    assert isinstance(event, CloudEvent)
    return event


def written(record: wire.Record) -> tuple[dict[str, bytes], bytes]:
    out = wire.write(KEYS, "flows.health", "k", record)
    assert out.value is not None
    return {name: value.encode() for name, value in out.headers.items()}, out.value


@given(RECORDS)
def test_the_library_reads_what_is_written_and_would_write_the_same(record: wire.Record) -> None:
    headers, value = written(record)
    event = by_library(headers, value)
    again = to_binary(event, JSONFormat(), lambda _: None)
    assert (again.headers, again.value) == (headers, value)
    assert event.get_datacontenttype() == wire.SEALED
    assert {name: event.get_extension(name) for name in record.facts or {}} == record.facts


@given(RECORDS)
def test_what_is_read_says_what_the_library_says(record: wire.Record) -> None:
    headers, value = written(record)
    read = wire.read(KEYS, "flows.health", headers, value)
    said = by_library(headers, value).get_attributes()
    assert (read.kind, read.id, read.meta, read.blob) == (
        record.kind,
        record.id,
        record.meta,
        record.blob,
    )
    assert read.facts == {name: str(fact) for name, fact in said.items()}


TIMES = ["2026-11-23T22:15:00Z", "2026-11-23 22:15:00Z", "2026-02-30T22:15:00Z", "2026-11-23"]
TIMES += ["2026-11-23T22:15:00+01:00", "2026-11-23T24:00:00Z", "2026-11-23T22:15:00.5Z", "x"]
ODD = st.one_of(
    st.tuples(st.just("ce_time"), st.sampled_from(TIMES).map(str.encode)),
    st.tuples(
        st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_specversion", "content-type"]),
        st.sampled_from([None, b"", b"1.1", b"\xff", b"uk.frontdoorhub.order"]),
    ),
    st.tuples(st.sampled_from(["ce_UP", "ce_a-b", "ce_data", "ce_", "trace"]), st.binary()),
)


@given(RECORDS, st.lists(ODD, min_size=1, max_size=3), st.sets(st.integers(0, 7)))
def test_whatever_happens_to_the_headers_is_judged_as_the_library_judges_it(
    record: wire.Record, changes: list[tuple[str, Any]], gone: set[int]
) -> None:
    headers, value = written(record)
    for at, name in enumerate(list(headers)):
        if at in gone:
            del headers[name]
    changed: dict[str, bytes | None] = {**headers, **dict(changes)}
    quick = wire._as_written(changed)
    if quick is None:
        return
    ours = {n: v or b"" for n, v in changed.items() if n.startswith("ce_") or n == "content-type"}
    said = by_library(ours, value).get_attributes()
    assert quick == {name: str(fact) for name, fact in said.items()}


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_wireversion"])
def test_a_record_without_one_of_its_headers_is_foreign(name: str) -> None:
    headers, value = written(wire.Record("order", "1", {}))
    del headers[name]
    with pytest.raises(wire.Foreign):
        wire.read(KEYS, "flows.health", headers, value)


def test_headers_that_others_add_are_passed_over() -> None:
    headers, value = written(wire.Record("order", "1", {"a": 1}))
    others: dict[str, bytes | None] = {"traceparent": b"\xff", "x": None, "correlation_id": b"1"}
    assert wire._as_written({**headers, **others}) is not None, "the library is asked needlessly"
    assert wire.read(KEYS, "flows.health", {**headers, **others}, value).meta == {"a": 1}


@given(RECORDS, PARCELS)
def test_a_parcel_that_rides_along_is_read_as_it_was(
    record: wire.Record, parcel: wire.Record
) -> None:
    headers, value = written(replace(record, parcel=parcel))
    read = wire.read(KEYS, "flows.health", headers, value)
    assert (read.meta, read.blob, read.parcel) == (record.meta, record.blob, parcel)
