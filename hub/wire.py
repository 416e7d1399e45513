"""A Kafka record and what it means are one to one: CloudEvents in binary mode around a sealed value.

Headers follow the CloudEvents 1.0.2 Kafka protocol binding, 3.2 (`ce_` attributes, UTF-8), and
carry routing facts only; the value is `pack(meta, blob)` sealed under the road key of its topic
and month. A record that was not written here, or by an unknown version, reads as `Foreign`.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from hub.clock import now
from hub.ids import fresh
from hub.seal import Keyring, Unsealable, seal, unseal

SOURCE = "urn:front-door-hub"
SEALED = "application/vnd.front-door-hub.sealed"
PROBE, PROBED = "probe", "probed"
"""A partner is to be tested, and what was found."""
_PREFIX = "uk.frontdoorhub."
_LENGTH = struct.Struct(">I")
_FORMAT = JSONFormat()
_VERSION = "1"
_FACTS = ("authority", "priority", "partner", "traceparent")
_ATTRIBUTES = ("id", "source", "type", "specversion", "time", "wireversion", "roadmonth")
_REQUIRED = {*_ATTRIBUTES, "datacontenttype"}
_USUAL = {f"ce_{name}": name for name in (*_ATTRIBUTES, *_FACTS)}
_USUAL["content-type"] = "datacontenttype"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z").fullmatch


class Foreign(Exception):
    """Not one of our records, or changed since; `reason` says how, for the person who looks."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class UnknownVersion(Foreign):
    """One of ours, written by a newer hub: parked until the upgrade."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one record means. `kind` is a message type, or `parcel`, `order`, `receipt`, `report`.

    `meta` is JSON; `blob` is bytes that JSON would only inflate (a parcel's body, a message).
    `facts` become headers and must not tell of anybody: authority, priority, partner, and the
    place in its trace (`traceparent`: CloudEvents' extension for distributed tracing).
    `parcel` is the record of the parcel that a message came in, where it rides along.
    """

    kind: str
    id: str
    meta: Mapping[str, Any]
    blob: bytes = b""
    facts: Mapping[str, str] | None = None
    parcel: "Record | None" = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """A record as Kafka takes it; header values are text, as FastStream wants them."""

    topic: str
    key: bytes | None
    value: bytes | None
    """None ends a key of a compacted topic."""
    headers: dict[str, str]
    partition: int | None = None


def pack(meta: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """JSON and bytes in one value: four bytes of length (big-endian), the JSON, the bytes."""
    head = orjson.dumps(meta)
    return _LENGTH.pack(len(head)) + head + blob


def unpack(value: bytes) -> tuple[dict[str, Any], bytes]:
    """What `pack` put together."""
    (length,) = _LENGTH.unpack_from(value)
    end = _LENGTH.size + length
    return orjson.loads(value[_LENGTH.size : end]), value[end:]


def write(keys: Keyring, topic: str, key: str | None, record: Record) -> Outbound:
    """The sealed record for a topic."""
    moment = now()
    month, road = keys.road(topic, moment)
    headers = {
        "ce_id": record.id,
        "ce_source": SOURCE,
        "ce_type": _PREFIX + record.kind,
        "ce_specversion": "1.0",
        "ce_time": moment.isoformat().replace("+00:00", "Z"),
        "content-type": SEALED,
        "ce_wireversion": _VERSION,
        "ce_roadmonth": month,
    }
    for name, fact in (record.facts or {}).items():
        headers[f"ce_{name}"] = fact
    meta, blob = record.meta, record.blob
    if record.parcel is not None:
        rides = {"id": record.parcel.id, "meta": record.parcel.meta, "from": len(blob)}
        meta, blob = {**meta, "parcel": rides}, blob + record.parcel.blob
    sealed = seal(road, pack(meta, blob), _about(topic, record.kind, record.id))
    return Outbound(topic, key.encode() if key is not None else None, sealed, headers)


def read(
    keys: Keyring, topic: str, headers: Mapping[str, bytes | None], value: bytes | None
) -> Record:
    """What a record says; raises `Foreign` for anything that `write` did not make.

    Headers that others add on the way (traces, mirrors) are passed over, whatever their bytes.
    """
    if value is None:
        raise Foreign("a tombstone where none belongs")
    facts = _as_written(headers) or _by_the_library(headers, value)
    if facts["source"] != SOURCE or not facts["type"].startswith(_PREFIX):
        raise Foreign(f"written by {facts['source']!r}, not by this hub")
    if facts.get("wireversion") != _VERSION:
        raise UnknownVersion(f"wire version {facts.get('wireversion')!r}")
    kind = facts["type"].removeprefix(_PREFIX)
    try:
        road = keys.road_of(topic, facts["roadmonth"])
        content = unseal(road, value, _about(topic, kind, facts["id"]))
        meta, blob = unpack(content)
        if not isinstance(meta, dict):
            raise TypeError("its facts are no object")
        parcel = None
        if (rides := meta.pop("parcel", None)) is not None:
            parcel = Record("parcel", rides["id"], dict(rides["meta"]), blob[rides["from"] :])
            blob = blob[: rides["from"]]
    except (Unsealable, KeyError, TypeError, ValueError, struct.error) as error:
        raise Foreign(f"sealed by somebody else, or damaged: {error}") from error
    return Record(kind, facts["id"], meta, blob, facts, parcel)


def _as_written(headers: Mapping[str, bytes | None]) -> dict[str, str] | None:
    """The attributes of a record that looks exactly like one of `write`'s, else None.

    The library costs four times as much, and is asked whenever anything is unusual.
    """
    facts: dict[str, str] = {}
    try:
        for header, value in headers.items():
            name = _USUAL.get(header)
            if name is None and not header.startswith("ce_"):
                continue
            if name is None or not value:
                return None
            facts[name] = value.decode()
        if facts["specversion"] != "1.0" or not _TIME(facts["time"]):
            return None
        facts["time"] = str(datetime.fromisoformat(facts["time"]))
    except (KeyError, ValueError):
        return None
    # FastStream adds headers of its own (`correlation_id`), which CloudEvents passes over.
    return facts if facts.keys() >= _REQUIRED else None


def _by_the_library(headers: Mapping[str, bytes | None], value: bytes) -> dict[str, str]:
    try:
        event = from_binary(KafkaMessage(_ours(headers), None, value), _FORMAT, CloudEvent)
    except Exception as error:  # the library raises many kinds for a foreign record
        raise Foreign(f"not a CloudEvent in binary mode: {error}") from error
    return {name: str(fact) for name, fact in event.get_attributes().items()}


def _ours(headers: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """The headers that CloudEvents defines; a null one is an empty one."""
    known = {name: value or b"" for name, value in headers.items()}
    return {n: value for n, value in known.items() if n.startswith("ce_") or n == "content-type"}


def _about(topic: str, kind: str, identifier: str) -> bytes:
    return f"{topic}|{kind}|{identifier}".encode()


def event_id() -> str:
    """An id for a record that happens once (a receipt, a report)."""
    return fresh()
