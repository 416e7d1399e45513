"""A parcel that nobody could read is kept as long as it may be, and its entry ends with a reason."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.core.parcels import record_parcels
from hub.partners import Role
from hub.wire import Record
from tests.kit.deeds import act, incidents
from tests.kit.site import Bench, a_partner

DAY = timedelta(days=1)


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    feed = a_partner("feed", Role.HEALTH, "mllp", sends=("health.attendance",), filtered=True)
    police = a_partner("police", Role.POLICE, sends=("police.notification",))
    made = Bench(ledger_url, tmp_path, [feed, police])
    yield made
    made.engine.dispose()


def comes(
    bench: Bench, name: str, partner: str = "police", state: str = "unreadable", **more: Any
) -> None:
    meta = {
        "partner": partner,
        "transport": "http",
        "received_at": "2026-11-23T20:00:00+00:00",
        "reference": name,
        "media_type": "application/json",
        "digest": "d",
        "size": 4,
        "messages": [],
        "state": state,
        "reason": "not a date",
        "place": "born",
    }
    bench.do(lambda work: record_parcels(work, [Record("parcel", name, meta | more, b"body")]))


def kept(bench: Bench) -> dict[str, bool]:
    rows = bench.all("select parcel_id, sealed from parcel where state = 'unreadable'")
    return {row.parcel_id: row.sealed is not None for row in rows}


def at(days: float) -> datetime:
    return now() + days * DAY


@pytest.mark.parametrize(("partner", "days"), [("police", 14), ("feed", 3)])
def test_it_is_kept_sealed_for_its_time_and_accounted_for_ever_after(
    bench: Bench, partner: str, days: int
) -> None:
    comes(bench, "bad", partner)
    [row] = bench.all("select sealed from parcel")
    assert b"body" not in bytes(row.sealed)
    bench.do(fall_due, at(days - 0.1))
    assert kept(bench) == {"bad": True}
    bench.do(fall_due, at(days + 0.1))
    assert kept(bench) == {"bad": False}
    assert incidents(bench)["unreadable"] == 1, "nobody has looked at it, and that is still so"


def test_whoever_claims_it_keeps_it_beyond_its_time(bench: Bench) -> None:
    comes(bench, "bad")
    assert act(bench, "parcel.claimed", "bad")[0] == "done"
    outcome, answer = act(bench, "parcel.claimed", "bad", name="Bede Example")
    assert (outcome, "somebody" in answer) == ("refused", True)
    bench.do(fall_due, at(30))
    assert kept(bench) == {"bad": True}


def test_a_corrected_one_closes_it_and_the_incident_ends_with_the_last(bench: Bench) -> None:
    comes(bench, "bad")
    comes(bench, "worse")
    comes(bench, "good", state="accepted", reference="bad")
    assert kept(bench) == {"worse": True}
    assert incidents(bench) == {"unreadable": 2}
    comes(bench, "better", state="accepted", reference="worse")
    assert (kept(bench), incidents(bench)) == ({}, {})


def test_a_person_closes_it_once_with_a_reason(bench: Bench) -> None:
    comes(bench, "bad")
    assert act(bench, "parcel.closed", "bad", reason="taken by telephone")[0] == "done"
    [row] = bench.all("select sealed, closed_why from parcel")
    assert (row.sealed, row.closed_why) == (
        None,
        "taken by telephone (Aisling Example, team worker)",
    )
    assert incidents(bench) == {}
    assert act(bench, "parcel.closed", "bad", reason="again")[0] == "refused"


def test_another_partners_reference_closes_nothing(bench: Bench) -> None:
    comes(bench, "bad")
    comes(bench, "good", "feed", "accepted", reference="bad")
    assert kept(bench) == {"bad": True}
