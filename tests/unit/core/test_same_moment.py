"""What two cores do in the same moment on one PostgreSQL is judged by what the other has done, once it has."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.clock import now
from hub.core import custody, due
from hub.core.acts.deed import Deed
from hub.core.acts.effect import carry_out
from hub.core.arrival import Arrival
from hub.core.parcels import record_parcels
from hub.core.record import record_messages
from hub.core.settle import settle_receipts
from hub.core.work import Work
from hub.ids import fresh
from hub.ledger.write import run
from hub.wire import Record
from tests.kit.deeds import COUNCIL, act, incidents, told
from tests.kit.people import a_handover, a_linking, a_response, an_attendance
from tests.kit.postgres import database
from tests.kit.site import Bench, an_arrival
from tests.kit.two_cores import that_waits

pytestmark = pytest.mark.postgres
LATER = timedelta(days=30)


@pytest.fixture
def bench(postgres_url: str, postgres_template: str, tmp_path: Path) -> Iterator[Bench]:
    with database(postgres_url, postgres_template) as url:
        made = Bench(url, tmp_path)
        yield made
        made.close()


@pytest.fixture
def work(bench: Bench) -> Iterator[Work]:
    """The transaction of a core that has not committed yet."""
    with bench.engine.connect() as conn:
        yield Work(conn, bench.site, now())


def test_no_sheet_is_opened_beside_what_has_just_arrived(bench: Bench, work: Work) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    [order] = bench.orders()
    settle_receipts(work, "team", "1", [told(order)])
    work.flush()
    with that_waits(partial(bench.do, due._call_sheets, now() + LATER)):
        work.conn.commit()
    assert bench.all("select 1 from delivery where transport = 'call'") == []


def test_what_has_just_been_accepted_is_not_overdue(bench: Bench, work: Work) -> None:
    handover = an_arrival("edt.handover", a_handover(1), "edt")
    bench.record(handover)
    who = {"person_id": "1", "name": "A. Example", "role": "team_worker", "agency": COUNCIL}
    body = {"response": "accepted"}
    deed = Deed(fresh(), "handover.answered", handover.message_id, who, None, "", body)
    assert carry_out(work, deed) == ("done", "a named person holds it")
    work.flush()
    with that_waits(partial(bench.do, custody.overdue, now() + LATER)):
        work.conn.commit()
    assert incidents(bench) == {}


def test_an_answer_and_its_question_in_one_moment_find_each_other(bench: Bench, work: Work) -> None:
    in_one_moment(bench, work)
    assert len(bench.all("select 1 from early")) == 1
    bench.do(due.fall_due)
    assert bench.all("select 1 from early") == []
    [held] = bench.all("select * from journey where machine = 'handover'")
    assert held.state == "accepted"


def test_two_that_find_one_wait_over_take_it_up_once(bench: Bench, work: Work) -> None:
    in_one_moment(bench, work)
    due._early(work)
    work.flush()
    with that_waits(partial(bench.do, due._early)):
        work.conn.commit()
    chain = "select entry from audit where entry like '%no longer early%'"
    assert len(bench.all(chain)) == 1


def test_what_comes_while_its_case_is_linked_is_the_survivors(bench: Bench, work: Work) -> None:
    for child in (1, 2):
        bench.record(an_arrival("health.attendance", an_attendance(child), reference=str(child)))
    sql = "select case_ref from message order by reference"
    absorbed, survivor = (row.case_ref for row in bench.all(sql))
    record_messages(work, [linking(absorbed, survivor)])
    work.flush()
    late = an_arrival("health.attendance", an_attendance(1), reference="3")
    with that_waits(partial(bench.record, late)):
        work.conn.commit()
    [row] = bench.all("select case_ref from message where reference = '3'")
    assert row.case_ref == survivor


def test_a_case_that_is_just_being_linked_is_not_linked_elsewhere(bench: Bench, work: Work) -> None:
    for child in (1, 2, 3):
        bench.record(an_arrival("health.attendance", an_attendance(child), reference=str(child)))
    sql = "select case_ref from message order by reference"
    one, two, three = (row.case_ref for row in bench.all(sql))
    record_messages(work, [linking(one, two)])
    work.flush()
    with that_waits(partial(bench.record, linking(one, three))):
        work.conn.commit()
    survivors = bench.all("select case_ref, survivor from case_file where survivor is not null")
    assert [tuple(row) for row in survivors] == [(one, two)]
    assert incidents(bench) == {"not_linked": 1}


def test_what_has_just_been_woken_is_not_set_going_by_a_person(bench: Bench, work: Work) -> None:
    answer = an_arrival("health.attendance", an_attendance(1), answers="what has just come")
    bench.record(answer)
    early = "delete from early where message_id = :id"
    run(work.conn, early, id=answer.message_id)
    said: list[tuple[str, str]] = []

    def person() -> None:
        said.append(act(bench, "early.resolved", answer.message_id, reason="rang them"))

    with that_waits(person):
        work.conn.commit()
    assert said == [("refused", "it does not wait for anything any more")]


def test_the_end_of_a_quarantine_is_told_once(bench: Bench, work: Work) -> None:
    meta = {
        "partner": "police",
        "transport": "http",
        "received_at": "2026-11-23T20:00:00+00:00",
        "reference": "r",
        "media_type": "application/json",
        "digest": "d",
        "size": 4,
        "messages": [],
        "state": "unreadable",
    }
    bench.do(lambda work: record_parcels(work, [Record("parcel", "p", meta, b"body")]))
    work.now = now() + LATER
    due._quarantine(work)
    work.flush()
    with that_waits(partial(bench.do, due._quarantine, now() + LATER)):
        work.conn.commit()
    assert len(bench.all("select 1 from audit where entry like '%quarantine ended%'")) == 1


def linking(absorbed: str, survivor: str) -> Arrival:
    """`case.linked`, as the hub says it."""
    reference = f"{absorbed}{survivor}"
    made = an_arrival("case.linked", a_linking(absorbed, survivor), "hub", reference=reference)
    made.parcel_id, made.case_hint = None, survivor
    return made


def in_one_moment(bench: Bench, work: Work) -> None:
    """Records an answer and what it answers: the other core sees no answer, and we saw no question."""
    asked = an_arrival("edt.handover", a_handover(1), "edt")
    said: dict[str, Any] = {"reference": "r", "answers": asked.message_id}
    answer = an_arrival("handover.response", a_response(asked.message_id), "team", **said)
    record_messages(work, [answer])
    work.flush()
    bench.record(asked)
    work.conn.commit()
