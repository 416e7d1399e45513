"""A call sheet stands for exactly as long as somebody must ring, and a call taken settles what it stands beside."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.journeys.delivery import State, need_not_ring
from hub.ledger.audit import verify
from hub.ledger.read.calls import open_calls
from hub.ledger.read.sentences import delivery, plain
from hub.ledger.reconcile import reconcile
from hub.partners import Partner, Patience, Receives, Role
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.people import a_handover
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]


def asking(**more: Any) -> list[Partner]:
    takes = (Receives(type="edt.handover"),)
    return [
        a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, **more),
    ]


def an_order(bench: Bench) -> dict[str, Any]:
    """One handover, handed out."""
    bench.record(an_arrival("edt.handover", a_handover(1), "edt"))
    return dict(bench.orders()[-1])


def rung_for(bench: Bench) -> dict[str, Any]:
    """One handover that could not be delivered, with its sheet."""
    order = an_order(bench)
    settle(bench, told(order, "refused", detail="no such team"))
    return order


def sheet(bench: Bench) -> Any:
    [row] = bench.all("select * from delivery where transport = 'call'")
    return row


def beside(bench: Bench) -> Any:
    [row] = bench.all("select * from delivery where transport <> 'call'")
    return row


def chained(bench: Bench) -> list[dict[str, Any]]:
    return [orjson.loads(row.entry) for row in bench.all("select entry from audit order by seq")]


def sound(bench: Bench) -> bool:
    """Both equations balance, and the chains hold."""
    with bench.engine.connect() as conn:
        return reconcile(conn).balanced and not list(verify(conn))


def taken(bench: Bench, delivery_id: str, **more: Any) -> tuple[str, str]:
    return act(
        bench,
        "delivery.taken_by_phone",
        delivery_id,
        taken_by="Mary Example",
        taken_role="Duty manager",
        **more,
    )


def holder(bench: Bench) -> tuple[str, str]:
    [row] = bench.all("select * from journey where machine = 'handover'")
    return row.state, row.holder


@pytest.mark.parametrize("state", State)
def test_nobody_rings_beside_what_is_settled(state: State) -> None:
    still = ("waiting", "under_way", "offered", "needs_person", "outcome_unknown")
    assert bool(need_not_ring(state)) is (state not in still)


def test_what_gets_through_after_all_withdraws_the_sheet_and_says_why(bench: Bench) -> None:
    order = rung_for(bench)
    settle(bench, told(order))
    row = sheet(bench)
    assert (row.state, row.reason) == ("withdrawn", "it got through after all")
    assert beside(bench).state == "delivered"
    [said] = [one for one in chained(bench) if one["did"] == "call sheet withdrawn"]
    assert (said["beside"], said["why"]) == (order["delivery_id"], row.reason)
    shown = plain(delivery(row, str), str)
    assert shown == f"Withdrawn: it got through after all ({row.changed_at})"
    with bench.engine.connect() as conn:
        assert open_calls(conn) == []
    assert sound(bench)


def test_a_sheet_and_the_late_word_in_one_batch(a_bench: Benches) -> None:
    bench = a_bench(asking())
    order = an_order(bench)
    settle(bench, told(order, "refused"), told(order))
    assert (sheet(bench).state, beside(bench).state) == ("withdrawn", "delivered")
    assert sound(bench)


def test_a_sheet_that_patience_opened_closes_too(a_bench: Benches) -> None:
    bench = a_bench(asking(patience=Patience(routine=timedelta(minutes=1))))
    order = an_order(bench)
    bench.do(fall_due, now() + timedelta(seconds=61))
    assert sheet(bench).state == "offered"
    settle(bench, told(order))
    assert sheet(bench).state == "withdrawn"


def test_a_sheet_stays_while_it_is_tried_again(bench: Bench) -> None:
    order = rung_for(bench)
    act(bench, "delivery.retried", str(order["delivery_id"]), reason="they mended it")
    [again] = bench.orders()
    assert sheet(bench).state == "offered"
    settle(bench, told(again))
    assert sheet(bench).state == "withdrawn"


def test_what_is_given_up_is_not_rung_for(bench: Bench) -> None:
    order = rung_for(bench)
    done = act(
        bench,
        "delivery.abandoned",
        str(order["delivery_id"]),
        reason="sent twice by mistake",
        approver="Head of service",
    )
    assert done[0] == "done"
    assert (sheet(bench).state, sheet(bench).reason) == ("withdrawn", "it was given up")
    assert sound(bench)


def test_a_call_settles_what_it_stands_beside_and_a_late_word_is_added(bench: Bench) -> None:
    order = rung_for(bench)
    assert taken(bench, sheet(bench).delivery_id)[0] == "done"
    row = beside(bench)
    assert (row.state, row.who) == ("delivered", "Mary Example, Duty manager, by phone")
    assert row.reason == "taken by phone: Mary Example, Duty manager, by phone"
    settle(bench, told(order))
    settle(bench, told(order))
    row = beside(bench)
    assert (row.state, row.who) == ("delivered", "Mary Example, Duty manager, by phone")
    assert row.reason == "taken by telephone, and it got through as well"
    assert [one.get("outcome") for one in chained(bench) if one["did"] == "delivery delivered"] == [
        None,
        None,
        "delivered",
    ]
    assert sheet(bench).state == "delivered"
    assert holder(bench) == ("accepted_manually", "Mary Example")
    assert incidents(bench) == {}
    assert sound(bench)


def test_a_late_refusal_after_the_call_is_kept_and_opens_nothing(bench: Bench) -> None:
    order = an_order(bench)
    settle(bench, told(order, "unknown"))
    bench.do(fall_due, now() + timedelta(minutes=1))
    [again] = bench.orders()
    assert taken(bench, str(order["delivery_id"]))[0] == "done"
    settle(bench, told(again, "refused"))
    assert beside(bench).state == "delivered"
    assert bench.all("select 1 from delivery where transport = 'call' and state = 'offered'") == []
    assert sound(bench)


def test_who_took_a_call_holds_it_though_it_got_through_meanwhile(bench: Bench) -> None:
    order = rung_for(bench)
    seen = sheet(bench).version
    settle(bench, told(order))
    assert taken(bench, sheet(bench).delivery_id, version=seen)[0] == "done"
    assert holder(bench) == ("accepted_manually", "Mary Example")
    assert sheet(bench).state == "withdrawn"
    assert sound(bench)


def test_what_is_being_rung_about_is_not_looked_at_again_in_every_round(a_bench: Benches) -> None:
    patient = Patience(routine=timedelta(0), urgent=timedelta(0), immediate=timedelta(0))
    bench = a_bench(asking(patience=patient))
    an_order(bench)
    assert beside(bench).ring_at is not None
    bench.do(fall_due, at=now() + timedelta(minutes=1))
    assert sheet(bench).state == "offered"
    assert beside(bench).ring_at is None
