"""A message finds its child by claimed identifiers alone, and what is uncertain is a person's to decide."""

from typing import Any

import pytest

from hub.core.arrival import Arrival
from hub.core.record import record_messages
from hub.ledger.reconcile import reconcile
from schemas.envelope import Subject
from schemas.labels import Restriction
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.lasting import sweep
from tests.kit.people import a_linking, an_attendance, nhs
from tests.kit.site import Bench, an_arrival

ONE, OTHER = nhs(1), nhs(2)


def says(reference: str, number: str | None = None, own: str | None = None, **more: Any) -> Arrival:
    """An attendance that claims these identifiers."""
    subject = Subject(nhs_number=number, own_number=own)
    return an_arrival(
        "health.attendance", an_attendance(1), reference=reference, subject=subject, **more
    )


def cases(bench: Bench) -> list[str]:
    """The case of each message, in the order they came."""
    sql = "select case_ref from message order by recorded_at, reference"
    return [row.case_ref for row in bench.all(sql)]


def test_a_known_number_finds_its_case_and_another_opens_one(bench: Bench) -> None:
    for reference, number in (("1", ONE), ("2", ONE), ("3", OTHER)):
        bench.record(says(reference, number))
    first, second, third = cases(bench)
    assert first == second != third


def test_nobody_is_found_by_name_and_birth_date(bench: Bench) -> None:
    bench.record(says("1"))
    bench.record(says("2"))
    first, second = cases(bench)
    assert first != second


def test_the_senders_own_number_finds_its_case_and_learns_the_nhs_number(bench: Bench) -> None:
    bench.record(says("1", own="A1"))
    bench.record(says("2", ONE, "A1"))
    bench.record(says("3", ONE))
    assert len(set(cases(bench))) == 1


def test_two_numbers_of_two_cases_are_for_a_person_and_flow_meanwhile(bench: Bench) -> None:
    bench.record(says("1", ONE))
    bench.record(says("2", own="A1"))
    bench.record(says("3", ONE, "A1"))
    [row] = bench.all("select * from message where state = 'ambiguous'")
    assert row.reference == "3"
    assert len(set(cases(bench))) == 3
    assert row.planned == 1


def test_an_own_number_with_another_nhs_number_is_for_a_person(bench: Bench) -> None:
    bench.record(says("1", ONE, "A1"))
    bench.record(says("2", OTHER, "A1"))
    assert [row.state for row in bench.all("select state from message order by reference")] == [
        "recorded",
        "ambiguous",
    ]


def test_an_adopted_child_is_never_found_by_an_old_number(bench: Bench) -> None:
    bench.record(says("1", ONE, "A1"))
    bench.record(says("2", OTHER, "A1", labels=(Restriction.ADOPTION,)))
    before, after = cases(bench)
    assert before != after
    assert [row.state for row in bench.all("select state from message")] == ["recorded"] * 2


@pytest.fixture
def uncertain(bench: Bench) -> tuple[Bench, str, str]:
    """A bench, the message nobody can place, and the case that it belongs to."""
    bench.record(says("1", ONE))
    bench.record(says("2", own="A1"))
    bench.record(says("3", ONE, "A1"))
    bench.record(says("4", ONE))
    [row] = bench.all("select message_id from message where state = 'ambiguous'")
    return bench, row.message_id, cases(bench)[0]


def test_a_person_says_whose_it_is_and_its_deliveries_join_behind(
    uncertain: tuple[Bench, str, str],
) -> None:
    bench, message, case = uncertain
    [own] = bench.all("select * from delivery where message_id = :id", id=message)
    last = bench.all("select max(lane_no) as n from delivery where case_ref = :c", c=case)[0].n
    outcome = act(bench, "case.matched", message, case_ref=case, reason="the GP confirmed it")
    assert outcome == ("done", "it belongs to that case now")
    [moved] = bench.all("select * from delivery where message_id = :id", id=message)
    assert own.lane != moved.lane == f"team|{case}"
    assert moved.lane_no == last + 1
    bench.record(says("5", ONE))
    [order] = [one for one in bench.orders() if one["envelope"]["idempotency_key"] == "5"]
    assert order["predecessor"] == moved.delivery_id
    [said] = bench.all("select * from message where type = 'case.linked'")
    assert said.none_reason and said.case_ref == own.case_ref
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced


def test_what_comes_for_an_absorbed_case_goes_to_its_survivor(
    uncertain: tuple[Bench, str, str],
) -> None:
    bench, _message, case = uncertain
    [absorbed] = bench.all("select case_ref from message where reference = '2'")
    bench.record(linking(absorbed.case_ref, case))
    bench.record(says("6", own="A1"))
    [row] = bench.all("select case_ref from message where reference = '6'")
    assert row.case_ref == case
    dids = [row.entry for row in bench.all("select entry from audit where case_ref = :c", c=case)]
    assert any('"did":"case linked"' in entry for entry in dids)


def test_a_blocked_delivery_blocks_the_lane_that_it_joins(
    uncertain: tuple[Bench, str, str],
) -> None:
    bench, message, case = uncertain
    orders = {one["envelope"]["idempotency_key"]: one for one in bench.orders()}
    settle(bench, told(orders["3"], "refused"), told(orders["1"]), told(orders["4"]))
    act(bench, "case.matched", message, case_ref=case, reason="the GP confirmed it")
    bench.record(says("7", ONE))
    assert bench.orders() == []
    sweep(bench)
    assert incidents(bench)["lane_blocked"] == 1


def test_a_match_is_refused_without_a_ground_or_a_case(uncertain: tuple[Bench, str, str]) -> None:
    bench, message, case = uncertain
    assert act(bench, "case.matched", message, case_ref=case)[1] == "a reason is needed"
    unknown = act(bench, "case.matched", message, case_ref="nowhere", reason="x")
    assert unknown == ("refused", "there is no such case")
    assert act(bench, "case.matched", message, case_ref="new", reason="another child")[0] == "done"
    assert act(bench, "case.matched", message, case_ref=case, reason="late")[0] == "refused"


def test_nothing_is_linked_across_an_adoption(bench: Bench) -> None:
    bench.record(says("1", ONE))
    bench.record(says("2", OTHER, labels=(Restriction.ADOPTION,)))
    before, after = cases(bench)
    bench.record(linking(before, after))
    assert bench.all("select 1 from case_file where survivor is not null") == []
    assert incidents(bench) == {"not_linked": 1}


def test_a_linked_case_is_not_linked_again_and_leads_to_the_last_survivor(bench: Bench) -> None:
    for reference in "123":
        bench.record(says(reference, nhs(int(reference) + 1)))
    one, two, three = cases(bench)
    bench.record(linking(one, two))
    bench.record(linking(two, three))
    bench.record(linking(one, three))
    survivors = bench.all("select survivor from case_file where survivor is not null")
    assert [row.survivor for row in survivors] == [three, three]
    assert incidents(bench) == {"not_linked": 1}


def linking(case: str, survivor: str) -> Arrival:
    """`case.linked`, as the hub says it."""
    made = an_arrival(
        "case.linked", a_linking(case, survivor), "hub", reference=f"{case}{survivor}"
    )
    made.parcel_id = None
    made.case_hint = survivor
    return made


def test_a_batch_finds_what_itself_brought(bench: Bench) -> None:
    batch = [says("1", ONE), says("2", ONE, "A1"), says("3", own="A1")]
    bench.do(lambda work: record_messages(work, batch))
    assert len(set(cases(bench))) == 1
