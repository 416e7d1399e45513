"""Two cores on one PostgreSQL lock in one order: they wait for each other, and never both."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, BrokenBarrierError, current_thread
from types import SimpleNamespace
from typing import Any

import pytest

from hub import topics
from hub.clock import now
from hub.core import batch, custody, dispatch
from hub.core.settle import settle_receipts
from hub.core.work import Work
from hub.ledger.write import run
from hub.partners import Partner, Receives, Role
from hub.wire import Record, write
from tests.kit.deeds import act, settle, told
from tests.kit.people import an_attendance
from tests.kit.postgres import database
from tests.kit.site import Bench, a_partner, an_arrival
from tests.kit.two_cores import PATIENCE, another_core

pytestmark = pytest.mark.postgres


def the_partners() -> list[Partner]:
    takes = (Receives(type="health.attendance"),)
    teams = {"north": "X26NOR", "south": "X26SOU"}
    return [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        *(
            a_partner(
                name, Role.ASSESSMENT_TEAM, agency=agency, receives=takes, order="case", window=2
            )
            for name, agency in teams.items()
        ),
    ]


@pytest.fixture
def bench(postgres_url: str, postgres_template: str, tmp_path: Path) -> Iterator[Bench]:
    """Three children's attendances for two teams each: two are under way to each team, the third waits."""
    with database(postgres_url, postgres_template) as url:
        made = Bench(url, tmp_path, the_partners())
        for child in (1, 2, 3):
            made.record(an_arrival("health.attendance", an_attendance(child), reference=str(child)))
        yield made
        made.close()


def waiting(bench: Bench, partner: str) -> Any:
    sql = "select * from delivery where partner = :p and state = 'waiting'"
    [row] = bench.all(sql, p=partner)
    return row


def orders_to(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """What was handed out since the last look, by partner."""
    found: dict[str, list[dict[str, Any]]] = {"north": [], "south": []}
    for order in bench.orders():
        found[order["topic"].split(".")[-1]].append(order)
    return found


def test_handing_out_waits_for_no_case_that_another_core_has_open(bench: Bench) -> None:
    [first, _], next_one = orders_to(bench)["north"], waiting(bench, "north")
    with bench.engine.begin() as conn:
        Work(conn, bench.site, now()).open_cases([next_one.case_ref])
        with another_core(lambda: settle(bench, told(first), partner="north")) as other:
            other.join(PATIENCE)
            assert not other.is_alive(), "who hands out waits for who records"
    [order] = orders_to(bench)["north"]
    assert order["delivery_id"] == next_one.delivery_id


def test_what_a_person_closed_meanwhile_is_not_handed_out(bench: Bench) -> None:
    [first, _], next_one = orders_to(bench)["north"], waiting(bench, "north")
    with bench.engine.connect() as conn:
        closed = "update delivery set state = 'closed' where delivery_id = :id"
        run(conn, closed, id=next_one.delivery_id)
        with another_core(lambda: settle(bench, told(first), partner="north")) as other:
            other.join(1)
            assert other.is_alive(), "the other core waits for what is being changed"
            conn.commit()
    assert bench.orders() == []
    [row] = bench.all("select state from delivery where delivery_id = :id", id=next_one.delivery_id)
    assert row.state == "closed"


def test_what_is_handed_out_meanwhile_has_changed_since_somebody_looked(bench: Bench) -> None:
    [first, _], next_one = orders_to(bench)["north"], waiting(bench, "north")
    answers: list[tuple[str, str]] = []

    def gives_up() -> None:
        seen = {"version": next_one.version, "reason": "she has moved", "approver": "H. Head"}
        answers.append(act(bench, "delivery.abandoned", next_one.delivery_id, **seen))

    with bench.engine.connect() as conn:
        work = Work(conn, bench.site, now())
        settle_receipts(work, "north", "1", [told(first)])
        dispatch.dispatch(work)
        work.flush()
        with another_core(gives_up) as other:
            other.join(1)
            assert other.is_alive(), "the other core waits for what is being handed out"
            conn.commit()
    assert answers == [("refused", "it has changed since you looked: it is now under_way")]


def test_a_receipt_is_settled_against_what_another_core_made_of_the_delivery(bench: Bench) -> None:
    [first, _] = orders_to(bench)["north"]
    [row] = bench.all("select * from delivery where delivery_id = :id", id=first["delivery_id"])
    with bench.engine.connect() as conn:
        Work(conn, bench.site, now()).open_cases([row.case_ref])
        withdrawn = "update delivery set state = 'withdrawn' where delivery_id = :id"
        run(conn, withdrawn, id=row.delivery_id)
        with another_core(lambda: settle(bench, told(first, "try_again"), partner="north")) as one:
            one.join(1)
            assert one.is_alive(), "the other core waits for the case"
            conn.commit()
    [row] = bench.all("select state from delivery where delivery_id = :id", id=row.delivery_id)
    assert row.state == "withdrawn"


def test_receipts_for_two_cases_in_either_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = orders_to(bench)
    (north_1, north_2), (south_1, south_2) = orders["north"], orders["south"]
    side_by_side(monkeypatch, custody, "load")
    with another_core(lambda: receipts(bench, ("north", north_2), ("south", south_1))):
        receipts(bench, ("north", north_1), ("south", south_2))


def test_receipts_of_two_partners_in_either_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = orders_to(bench)
    (north_1, north_2), (south_1, south_2) = orders["north"], orders["south"]
    side_by_side(monkeypatch, dispatch, "room")
    with another_core(lambda: receipts(bench, ("south", south_2), ("north", north_2))):
        receipts(bench, ("north", north_1), ("south", south_1))


def side_by_side(monkeypatch: pytest.MonkeyPatch, module: Any, step: str) -> None:
    """Each core stands still at its first such step until the other is as far, or waits for it."""
    together, seen = Barrier(2), set()
    go_on = getattr(module, step)

    def stands(*given: Any) -> Any:
        if current_thread() not in seen:
            seen.add(current_thread())
            with contextlib.suppress(BrokenBarrierError):
                together.wait(2)
        return go_on(*given)

    monkeypatch.setattr(module, step, stands)


def receipts(bench: Bench, *found: tuple[str, dict[str, Any]]) -> None:
    """One batch: a record of a receipt each, as a core takes them from Kafka."""
    records: list[Any] = []
    for number, (partner, order) in enumerate(found):
        meta = {"partner": partner, "edge": "1", "receipts": [told(order, "try_again")]}
        out = write(bench.site.keys, topics.RECEIPTS, None, Record("receipts", str(number), meta))
        headers = [(name, value.encode()) for name, value in out.headers.items()]
        raw = SimpleNamespace(topic=out.topic, offset=number, partition=0, headers=headers)
        records.append(SimpleNamespace(**vars(raw), value=out.value))
    with bench.engine.begin() as conn:
        work = Work(conn, bench.site, now(), hopeful=True)
        batch.told(work, records)
