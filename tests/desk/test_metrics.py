"""What a monitoring system counts is what the ledger says, is explained to people, and names nobody."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from hub.desk.app import make_app
from hub.desk.metrics import KAFKA, METERS
from tests.kit.desk import Sitting, engine_that_is_away

PAGE = Path("deploy/runbook/metrics.md").read_text(encoding="utf-8").partition("\n## ")[0]
"""Of the whole hub; what each process counts of itself stands below (tests/flow/test_probes.py)."""
Read = dict[tuple[str, ...], float]
_WRONG = "select kind from incident where closed_at is null"


@asynccontextmanager
async def machine(sitting: Sitting, at: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
    """A monitoring system at this address."""
    transport = httpx.ASGITransport(
        make_app(sitting.desk), raise_app_exceptions=False, client=(at, 4711)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


async def read(sitting: Sitting) -> Read:
    """Name and labels' values, in the order of their meter, to number."""
    async with machine(sitting) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    labels = {one.name: one.labels for one in METERS}
    return {
        (sample.name, *(sample.labels[name] for name in labels.get(family.name, ()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_it_counts_what_is_open(sitting: Sitting) -> None:
    found = await read(sitting)
    for row in sitting.bench.all(
        "select partner, state, count(*) as n from delivery where state in"
        " ('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown')"
        " group by partner, state"
    ):
        assert found["hub_open_deliveries", row.partner, row.state] == row.n
    kinds = sitting.bench.all(
        "select kind, count(*) as n from incident where closed_at is null group by kind"
    )
    assert kinds
    for row in kinds:
        assert found["hub_open_incidents", row.kind] == row.n
    unheld = "state not in ('accepted', 'accepted_manually', 'in_progress', 'completed', 'returned', 'withdrawn')"
    waiting = sitting.one(f"select count(*) from journey where machine = 'handover' and {unheld}")
    assert found["hub_open_handovers", "all"] == waiting
    assert waiting
    assert found["hub_unread_parcels",] == sitting.one(
        "select count(*) from parcel where state = 'unreadable'"
    )
    assert found["hub_kafka_up",] == 1


async def test_a_number_follows_what_happens(sitting: Sitting) -> None:
    name = next(iter(sitting.desk.directory)).partner
    before = await read(sitting)
    with sitting.bench.engine.begin() as conn:
        conn.exec_driver_sql(
            "insert into tally (edge, epoch, partner, owned, not_ours, refused, unable)"
            f" values ('edge-1', 'a', '{name}', 3, 40, 1, 0), ('edge-1', 'b', '{name}', 2, 2, 0, 5)"
        )
        conn.exec_driver_sql(
            f"update partner_state set paused_at = '2026-11-23 10:00:00.000000',"
            f" down_since = '2026-11-23 10:00:00.000000' where partner = '{name}'"
        )
        kind = str(conn.exec_driver_sql(_WRONG).scalar())
        conn.exec_driver_sql(
            f"update incident set closed_at = '2026-11-23 10:00:00.000000' where kind = '{kind}'"
        )
    after = await read(sitting)
    assert before["hub_open_incidents", kind] > 0
    assert ("hub_open_incidents", kind) not in after
    for answer, more in {"owned": 5, "not_ours": 42, "refused": 1, "unable": 5}.items():
        key = ("hub_taken_total", name, answer)
        assert after[key] - before.get(key, 0) == more
    assert after["hub_partner_paused", name] == 1
    assert after["hub_partner_down_seconds", name] > 0
    assert before["hub_partner_down_seconds", name] == 0


async def test_every_metric_is_explained_and_no_other(sitting: Sitting) -> None:
    """The page is what people set alarms by."""
    explained = dict(re.findall(r"^\| `(\w+)`(?:.*?) \| .*? \| (.+?) \|$", PAGE, re.M))
    meant = {(f"{one.name}_total" if one.counter else one.name): one.meaning for one in METERS}
    assert explained == meant | dict([KAFKA])
    with_labels = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.M))
    for one in METERS:
        name = f"{one.name}_total" if one.counter else one.name
        assert with_labels[name] == (", ".join(f"`{label}`" for label in one.labels) or "–")
    async with machine(sitting) as client:
        told = (await client.get("/metrics")).text
    assert set(re.findall(r"^# TYPE (\w+)", told, re.M)) == set(meant | dict([KAFKA]))


async def test_it_names_nobody(sitting: Sitting) -> None:
    async with machine(sitting) as client:
        told = (await client.get("/metrics")).text.lower()
    people = sitting.bench.all("select holder from journey where holder is not null")
    cases = sitting.bench.all("select case_ref, message_id, reference from message")
    assert people
    assert cases
    for row in (*people, *cases):
        for word in row:
            assert str(word).lower() not in told
    assert not re.search(r"\d{10}", re.sub(r"\d\.\d+(e\+\d+)?", "", told))


@pytest.mark.parametrize("headers", [{"x-forwarded-for": "10.9.8.7"}, {"forwarded": "for=_x"}])
async def test_without_a_token_it_is_told_on_this_machine_only(
    sitting: Sitting, headers: dict[str, str]
) -> None:
    async with machine(sitting, "10.9.8.7") as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, "hub_" in answer.text) == (403, False)
    async with machine(sitting) as client:
        assert (await client.get("/metrics", headers=headers)).status_code == 403
        assert (await client.get("/metrics")).status_code == 200


async def test_with_a_token_it_is_told_to_who_shows_it(sitting: Sitting) -> None:
    settings = sitting.desk.settings.model_copy(update={"metrics_token": SecretStr("t0ken")})
    guarded = replace(sitting, desk=replace(sitting.desk, settings=settings))
    async with machine(guarded, "10.9.8.7") as client:
        for wrong in ("", "Bearer", "Bearer t0ke", "Basic t0ken"):
            answer = await client.get("/metrics", headers={"authorization": wrong})
            assert (answer.status_code, "hub_" in answer.text) == (401, False)
        answer = await client.get("/metrics", headers={"authorization": "Bearer t0ken"})
        assert answer.status_code == 200


async def test_a_ledger_that_is_away_is_told_as_that(sitting: Sitting) -> None:
    away = replace(sitting, desk=replace(sitting.desk, ledger=engine_that_is_away()))
    async with machine(away) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 503
