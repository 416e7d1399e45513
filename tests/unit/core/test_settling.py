"""Every attempt is settled once: what got there counts however late, what failed only while it is open."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from hub.clock import now
from hub.core.due import fall_due
from hub.core.settle import settle_takeover
from hub.ledger.reconcile import reconcile
from hub.partners import Partner, Patience, Receives, Retry, Role
from tests.kit.deeds import act, incidents, settle, states, told
from tests.kit.people import a_handover, an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]


def asking(**more: Any) -> list[Partner]:
    takes = (Receives(type="health.attendance"), Receives(type="edt.handover"))
    return [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, **more),
    ]


def an_order(bench: Bench, reference: str = "1") -> dict[str, object]:
    """One attendance, handed out."""
    bench.record(an_arrival("health.attendance", an_attendance(1), reference=reference))
    return dict(bench.orders()[-1])


def later(bench: Bench, **after: float) -> None:
    bench.do(fall_due, now() + timedelta(**after))


def sheets(bench: Bench) -> int:
    return len(bench.all("select 1 from delivery where transport = 'call'"))


def balanced(bench: Bench) -> bool:
    with bench.engine.connect() as conn:
        return reconcile(conn).balanced


def test_a_permanent_failure_needs_a_person_and_opens_a_call_sheet(bench: Bench) -> None:
    settle(bench, told(an_order(bench), "refused", code="AR", detail="no such ward"))
    assert sorted(states(bench)) == ["needs_person", "offered"]
    [row] = bench.all("select * from delivery where transport <> 'call'")
    assert row.reason == "no such ward"
    assert sheets(bench) == 1
    assert balanced(bench)


def test_back_off_grows_and_ends_with_a_person(a_bench: Benches) -> None:
    bench = a_bench(asking(retry=Retry(tries=3)))
    order, moment, waits = an_order(bench), now(), []
    for _ in range(2):
        settle(bench, told(order, "try_again"), at=moment)
        [row] = bench.all("select * from delivery where transport <> 'call'")
        moment += timedelta(minutes=2)
        waits.append(row.next_at)
        bench.do(fall_due, moment)
        [order] = bench.orders()
    settle(bench, told(order, "try_again"), at=moment)
    [row] = bench.all("select * from delivery where transport <> 'call'")
    assert (row.state, row.tries) == ("needs_person", 3)
    assert len(set(waits)) == 2


def test_when_patience_ends_a_call_sheet_opens_beside_it_once(a_bench: Benches) -> None:
    bench = a_bench(asking(patience=Patience(routine=timedelta(minutes=1))))
    settle(bench, told(an_order(bench), "try_again"))
    assert sheets(bench) == 0
    for minutes in (2, 3, 4):
        later(bench, minutes=minutes)
    assert sheets(bench) == 1
    assert balanced(bench)


def test_the_call_settles_what_it_stands_beside(bench: Bench) -> None:
    bench.record(an_arrival("edt.handover", a_handover(1), "edt"))
    [order] = bench.orders()
    settle(bench, told(order, "refused"))
    [sheet] = bench.all("select delivery_id from delivery where transport = 'call'")
    nobody = act(bench, "delivery.taken_by_phone", sheet.delivery_id, name="Idris Example")
    assert nobody == ("refused", "name and role of who took the call are needed")
    done = act(
        bench,
        "delivery.taken_by_phone",
        sheet.delivery_id,
        taken_by="Mary Example",
        taken_role="Duty manager",
    )
    assert done == ("done", "taken by Mary Example, Duty manager, by phone")
    assert states(bench) == ["delivered", "delivered"]
    [held] = bench.all("select * from journey where machine = 'handover'")
    assert (held.state, held.holder, held.custodian) == (
        "accepted_manually",
        "Mary Example",
        "receiver",
    )
    assert incidents(bench) == {}
    assert balanced(bench)


def test_outcome_unknown_is_sent_again_under_the_same_reference(bench: Bench) -> None:
    first = an_order(bench)
    settle(bench, told(first, "unknown", detail="no answer"))
    later(bench, seconds=20)
    [again] = bench.orders()
    assert (again["reference"], again["attempt"]) == (first["reference"], 2)


def test_outcome_unknown_is_asked_where_the_partner_wants_that(a_bench: Benches) -> None:
    bench = a_bench(asking(outcome_unknown="ask"))
    first = an_order(bench)
    settle(bench, told(first, "unknown"))
    later(bench, minutes=1)
    assert bench.orders() == []
    assert "outcome_unknown" in states(bench)
    assert act(bench, "delivery.retried", str(first["delivery_id"]), reason="they lack it")[1]
    [again] = bench.orders()
    assert again["attempt"] == 2


def test_sending_as_new_takes_another_reference(bench: Bench) -> None:
    first = an_order(bench)
    settle(bench, told(first, "refused"))
    done = act(bench, "delivery.retried", str(first["delivery_id"]), reason="lost", as_new=True)
    assert done[0] == "done"
    [again] = bench.orders()
    assert again["reference"] != first["reference"]


def test_an_act_on_what_has_changed_is_refused(bench: Bench) -> None:
    first = an_order(bench)
    settle(bench, told(first, "refused"))
    refused = act(bench, "delivery.retried", str(first["delivery_id"]), version=1, reason="x")
    assert refused == ("refused", "it has changed since you looked: it is now needs_person")


def test_an_acknowledgement_that_names_another_message_opens_an_incident(bench: Bench) -> None:
    settle(bench, told(an_order(bench), "unknown", misdirected=True))
    assert incidents(bench) == {"misdirected_ack": 1}
    assert states(bench) == ["waiting"]


def test_success_on_a_stale_attempt_counts_and_its_failure_does_not(bench: Bench) -> None:
    first = an_order(bench)
    settle(bench, told(first, "unknown"))
    later(bench, seconds=20)
    [second] = bench.orders()
    settle(bench, told(first, "refused"))
    assert states(bench) == ["under_way"]
    settle(bench, told(first))
    assert states(bench) == ["delivered"]
    settle(bench, told(second, "try_again"))
    assert states(bench) == ["delivered"]


def test_the_same_receipt_twice_changes_nothing(bench: Bench) -> None:
    order = an_order(bench)
    settle(bench, told(order), told(order))
    [before] = bench.all("select version from delivery")
    settle(bench, told(order))
    assert bench.all("select version from delivery") == [before]
    assert len(bench.all("select 1 from attempt")) == 1


def test_a_lower_level_than_asked_is_not_delivered(bench: Bench) -> None:
    settle(bench, told(an_order(bench), level="transport"))
    assert states(bench) == ["under_way"]


def test_a_receipt_for_what_we_do_not_have_is_an_incident(bench: Bench) -> None:
    settle(bench, told({"delivery_id": "11111111-1111-4111-8111-111111111111", "attempt": 1}))
    assert incidents(bench) == {"unknown_receipt": 1}


def test_a_takeover_settles_what_was_committed_and_never_answered(bench: Bench) -> None:
    orders = [an_order(bench, str(number)) for number in range(2)]
    attempts = [[order["delivery_id"], order["attempt"]] for order in orders]
    settle(bench, told(orders[0]))
    meta = {"partner": "team", "edge": "2", "attempts": attempts}
    bench.do(lambda work: settle_takeover(work, meta))
    [again] = bench.orders()
    assert (again["delivery_id"], again["attempt"]) == (orders[1]["delivery_id"], 2)
    [row] = bench.all("select * from attempt where outcome = 'unknown'")
    assert row.detail == "the edge that had it is gone"


def test_what_a_second_edge_lost_as_well_waits(bench: Bench) -> None:
    order = an_order(bench)
    for attempt in (1, 2):
        meta = {"partner": "team", "edge": "2", "attempts": [[order["delivery_id"], attempt]]}
        bench.do(partial(settle_takeover, meta=meta))
    assert [again["attempt"] for again in bench.orders()] == [2]
    assert states(bench) == ["waiting"]


def test_a_lease_ends_what_no_edge_answered_for(bench: Bench) -> None:
    order = an_order(bench)
    later(bench, seconds=5)
    assert states(bench) == ["under_way"]
    later(bench, seconds=31)
    later(bench, seconds=60)
    [again] = bench.orders()
    assert (again["delivery_id"], again["attempt"]) == (order["delivery_id"], 2)
