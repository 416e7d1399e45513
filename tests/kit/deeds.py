"""What edges answer and what people do, as core hears of it."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import orjson

from hub.core.acts.effect import record_act
from hub.core.arrival import Arrival
from hub.core.settle import settle_receipts
from hub.ids import fresh
from hub.topics import flow
from hub.wire import Record, write
from schemas.register import entry_of
from tests.kit.site import Bench

COUNCIL = "X26TEA"


def told(order: Any, outcome: str = "delivered", **more: Any) -> dict[str, Any]:
    """One receipt for an order (or a delivery's row)."""
    named = order if isinstance(order, dict) else order._mapping
    facts = {
        "delivery_id": named["delivery_id"],
        "attempt": named["attempt"],
        "outcome": outcome,
        "level": "received" if outcome == "delivered" else "none",
        "at": "2026-11-24T20:00:00+00:00",
        "detail": "",
    }
    return facts | more


def settle(
    bench: Bench, *receipts: dict[str, Any], partner: str = "team", at: datetime | None = None
) -> None:
    """Receipts of one edge, in one record."""
    bench.do(lambda work: settle_receipts(work, partner, "1", list(receipts)), at)


def act(
    bench: Bench,
    type: str,
    subject: str,
    name: str = "Aisling Example",
    role: str = "team_worker",
    agency: str = COUNCIL,
    at: datetime | None = None,
    version: int = 0,
    **body: Any,
) -> tuple[str, str]:
    """Somebody does something at the desk: outcome and the ledger's answer."""
    who = {"person_id": name, "name": name, "role": role, "agency": agency, "team": None}
    meta = {
        "subject": subject,
        "who": who,
        "version": version,
        "reason": body.get("reason", ""),
        "body": body,
    }
    record = Record(type, fresh(), meta)
    bench.do(lambda work: record_act(work, record), at)
    row = bench.all("select outcome, answer from act where act_id = :id", id=record.id)[0]
    return row.outcome, row.answer


def states(bench: Bench, partner: str = "team") -> list[str]:
    """The states of a partner's deliveries, in the order of their lanes."""
    sql = "select state from delivery where partner = :p order by lane, lane_no, created_at"
    return [row.state for row in bench.all(sql, p=partner)]


def incidents(bench: Bench) -> dict[str, int]:
    """Open incidents: kind to count."""
    sql = "select kind, sum(count) as n from incident where open_key is not null group by kind"
    return {row.kind: int(row.n) for row in bench.all(sql)}


def on_the_road(bench: Bench, arrival: Arrival, offset: int = 0) -> Arrival:
    """The same arrival with the record that Kafka would have brought it in."""
    meta = {
        "parcel_id": arrival.parcel_id,
        "partner": arrival.partner,
        "stream": arrival.stream,
        "reference": arrival.reference,
        "part": arrival.part,
        "digest": arrival.digest,
        "subject": arrival.subject.model_dump(),
        "answers": arrival.answers,
        "envelope": orjson.loads(arrival.envelope.model_dump_json(by_alias=True)),
    }
    facts = {"partner": arrival.partner}
    record = Record(arrival.type, arrival.message_id, meta, arrival.body, facts)
    out = write(bench.site.keys, flow(entry_of(arrival.type).flow), "key", record)
    headers = tuple((name, value.encode()) for name, value in out.headers.items())
    arrival.raw = SimpleNamespace(
        topic=out.topic, partition=0, offset=offset, headers=headers, value=out.value
    )
    return arrival
