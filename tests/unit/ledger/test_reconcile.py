"""Both equations balance while nothing is lost, and name what is missing as soon as something is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.core.parcels import record_parcels
from hub.core.reports import record_report
from hub.ledger.reconcile import Reconciled, Source, reconcile, reconcile_command
from hub.wire import Record
from tests.kit.deeds import settle, told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(ledger_url, tmp_path)
    yield made
    made.engine.dispose()


def balance(bench: Bench) -> Reconciled:
    with bench.engine.connect() as conn:
        return reconcile(conn)


def of_hospital(bench: Bench) -> Source:
    [source] = [one for one in balance(bench).sources if one.partner == "hospital"]
    return source


def arrives(bench: Bench, *children: int, parcel: str = "p1", listed: bool = True) -> None:
    """One parcel with a message about each child."""
    found = [
        an_arrival("health.attendance", an_attendance(n), reference=str(n), parcel_id=parcel)
        for n in children
    ]
    if listed:
        a_parcel(bench, parcel, [one.message_id for one in found])
    bench.record(*found)


def a_parcel(bench: Bench, name: str, messages: list[str], state: str = "accepted") -> None:
    meta = {
        "partner": "hospital",
        "transport": "mllp",
        "received_at": "2026-11-23T20:00:00+00:00",
        "reference": None,
        "media_type": "application/hl7-v2",
        "digest": "d",
        "size": 1,
        "messages": messages,
        "state": state,
        "reason": "",
        "place": "",
    }
    bench.do(lambda work: record_parcels(work, [Record("parcel", name, meta, b"x")]))


def reports(bench: Bench, **counts: int) -> None:
    meta = {
        "edge": "1",
        "epoch": "e",
        "directory": "d",
        "partners": {},
        "tallies": {"hospital": counts},
    }
    bench.do(lambda work: record_report(work, meta))


def test_every_term_of_the_first_equation(bench: Bench) -> None:
    arrives(bench, 1, 2)
    arrives(bench, 1, parcel="p2")
    arrives(bench, 3, parcel="p3", listed=False)
    a_parcel(bench, "p4", [], "unreadable")
    reports(bench, owned=5, not_ours=7, refused=2, unable=1)
    found = of_hospital(bench)
    assert found == Source("hospital", 12, 3, 1, 1, 7, (), (), 5, 2, 1)
    assert found.balanced


def test_a_part_that_was_acknowledged_and_never_recorded_is_named(bench: Bench) -> None:
    arrives(bench, 1)
    lost = an_arrival("health.attendance", an_attendance(2), reference="2").message_id
    a_parcel(bench, "p2", [lost])
    found = of_hospital(bench)
    assert [(part.parcel_id, part.message_id) for part in found.missing] == [("p2", lost)]
    assert not found.balanced
    assert not balance(bench).balanced


def test_a_repeat_that_was_not_noted_is_missing(bench: Bench) -> None:
    arrives(bench, 1)
    arrives(bench, 1, parcel="p2")
    with bench.engine.begin() as conn:
        conn.exec_driver_sql("delete from repeat")
    assert [part.parcel_id for part in of_hospital(bench).missing] == ["p2"]


def test_what_an_edge_acknowledged_and_the_ledger_never_heard_of_is_missing(bench: Bench) -> None:
    arrives(bench, 1)
    reports(bench, owned=3, not_ours=4)
    assert of_hospital(bench).unheard == 2
    assert not balance(bench).balanced


def test_every_planned_delivery_is_in_one_place(bench: Bench) -> None:
    arrives(bench, 1, 2, 3)
    one, two, _ = bench.orders()
    settle(bench, told(one), told(two, "refused"))
    found = balance(bench).deliveries
    assert (found.planned, found.delivered, found.under_way, found.for_a_person) == (4, 1, 1, 2)
    assert found.balanced


def test_a_delivery_that_vanished_is_named_by_its_message(bench: Bench) -> None:
    arrives(bench, 1, 2)
    with bench.engine.begin() as conn:
        conn.exec_driver_sql(
            "delete from delivery where message_id = (select min(message_id) from message)"
        )
    found = balance(bench).deliveries
    assert not found.balanced
    [lost] = bench.all("select min(message_id) as id from message")
    assert found.uneven == (lost.id,)


def test_a_message_without_a_delivery_says_why(bench: Bench) -> None:
    arrives(bench, 1)
    with bench.engine.begin() as conn:
        conn.exec_driver_sql("delete from delivery")
        conn.exec_driver_sql("update message set planned = 0")
    found = balance(bench).deliveries
    assert len(found.unexplained) == 1
    assert not found.balanced


def test_the_command_says_it_in_figures_and_by_its_code(
    bench: Bench, ledger_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = bench.site.settings.model_copy(update={"database_url": SecretStr(ledger_url)})
    arrives(bench, 1)
    assert reconcile_command(settings) == 0
    assert "Both equations balance." in capsys.readouterr().out
    a_parcel(bench, "p2", ["lost"])
    assert reconcile_command(settings) == 1
    assert "missing: message lost of hospital, parcel p2" in capsys.readouterr().out
