"""What was refused is kept by who sent it or passed it on, or goes to somebody else, and is never nobody's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.ledger.read.outbox import offered
from hub.ledger.reconcile import reconcile
from hub.partners import Partner, Receives, Role
from schemas.envelope import For, Recipient
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.lasting import sweep
from tests.kit.people import a_handover, a_strategy_record
from tests.kit.site import Bench, a_partner, an_arrival, the_partners

EDT, NORTH = "X26EDT", "X26NOR"
TAKES = Receives(type="edt.handover")
HEARS = Receives.model_validate({"type": "edt.handover", "for": "information"})
Benches = Callable[[list[Partner]], Bench]


@pytest.fixture
def refused(a_bench: Benches) -> tuple[Bench, str]:
    """A handover that the team refused; the north team could take it."""
    takes = (Receives(type="edt.handover"),)
    north = a_partner("north", Role.ASSESSMENT_TEAM, "inbox", receives=takes)
    bench = a_bench([*the_partners(), north])
    to = (Recipient(agency="X26TEA"),)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=to)
    bench.record(arrival)
    done = act(
        bench, "handover.answered", arrival.message_id, response="refused", reason="wrong_team"
    )
    assert done[0] == "done"
    return bench, arrival.message_id


def by_its_sender(bench: Bench, type: str, message: str, **said: Any) -> tuple[str, str]:
    """Somebody of the Emergency Duty Team acts."""
    return act(bench, type, message, "Edda Example", "edt", EDT, **said)


def custody(bench: Bench, subject: str) -> tuple[str, str, str | None, str]:
    """State, custodian, holder and receiver."""
    sql = "select * from journey where machine = 'handover' and subject = :id"
    [row] = bench.all(sql, id=subject)
    return row.state, row.custodian, row.holder, row.receiver


def test_its_sender_keeps_it_with_a_reason(refused: tuple[Bench, str]) -> None:
    bench, message = refused
    assert by_its_sender(bench, "handover.kept", message) == ("refused", "a reason is needed")
    done = by_its_sender(bench, "handover.kept", message, reason="we go back tonight")
    assert done == ("done", "kept: it stays with Edt")
    assert custody(bench, message) == ("returned", "sender", None, "team")
    late = act(bench, "handover.answered", message, response="accepted")
    assert late[0] == "refused"


def test_its_sender_sends_it_to_somebody_else_and_holds_it_until_they_accept(
    refused: tuple[Bench, str],
) -> None:
    bench, message = refused
    assert by_its_sender(bench, "handover.rerouted", message, to="north")[0] == "refused"
    done = by_its_sender(bench, "handover.rerouted", message, to="north", reason="moved north")
    assert done == ("done", "sent on to North: Edt holds it until somebody there accepts it")
    assert custody(bench, message) == ("sent", "sender", None, "north")
    sql = "select partner, state, lane from delivery where message_id = :id"
    found = {row.partner: row.state for row in bench.all(sql, id=message)}
    assert found["north"] == "offered"
    taken = act(
        bench, "handover.answered", message, "Nour Example", agency=NORTH, response="accepted"
    )
    assert taken[0] == "done"
    assert custody(bench, message) == ("accepted", "receiver", "Nour Example", "north")
    with bench.engine.connect() as conn:
        assert reconcile(conn).deliveries.balanced


def test_what_had_not_reached_who_refused_it_is_not_sent_any_more(a_bench: Benches) -> None:
    takes = (Receives(type="edt.handover"),)
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, window=1),
            a_partner("north", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        ]
    )
    to = (Recipient(agency="X26TEA"),)
    first, second = (
        an_arrival("edt.handover", a_handover(n), "edt", str(n), recipients=to) for n in (1, 2)
    )
    bench.record(first, second)
    message = second.message_id
    act(bench, "handover.answered", message, response="refused", reason="wrong_team")
    by_its_sender(bench, "handover.rerouted", message, to="north", reason="moved north")
    sql = "select state from delivery where message_id = :id and partner = 'team'"
    assert bench.all(sql, id=message)[0].state == "withdrawn"


def test_who_only_hears_of_it_still_does(a_bench: Benches) -> None:
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, "inbox", receives=(TAKES,)),
            a_partner("north", Role.ASSESSMENT_TEAM, "inbox", receives=(TAKES,)),
            a_partner("senior", Role.ASSESSMENT_TEAM, "inbox", receives=(HEARS,)),
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        ]
    )
    to = (Recipient(agency="X26TEA"), Recipient(agency="X26SEN", purpose=For.INFORMATION))
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=to)
    bench.record(arrival)
    message = arrival.message_id
    act(bench, "handover.answered", message, response="refused", reason="wrong_team")
    by_its_sender(bench, "handover.rerouted", message, to="north", reason="moved north")
    sql = "select partner, state from delivery where message_id = :id order by partner"
    assert [tuple(row) for row in bench.all(sql, id=message)] == [
        ("north", "offered"),
        ("senior", "offered"),
        ("team", "delivered"),
    ]


def test_what_nobody_could_take_stays_refused(refused: tuple[Bench, str]) -> None:
    bench, message = refused
    done = by_its_sender(bench, "handover.rerouted", message, to="police", reason="x")
    assert done[0] == "refused"
    assert "police does not receive edt.handover" in done[1]
    assert custody(bench, message)[0] == "refused"


def test_what_is_held_is_neither_kept_nor_sent_on(refused: tuple[Bench, str]) -> None:
    bench, message = refused
    act(bench, "handover.answered", message, response="accepted")
    for type in ("handover.kept", "handover.rerouted"):
        done = by_its_sender(bench, type, message, to="north", reason="x")
        assert done[0] == "refused"
        assert "this handover is accepted" in done[1]


def test_who_passed_it_on_keeps_it_and_completes_it(refused: tuple[Bench, str]) -> None:
    bench, message = refused
    act(bench, "handover.answered", message, response="accepted")
    act(bench, "handover.reassigned", message, to="north", reason="lives there")
    north: dict[str, Any] = {"agency": NORTH, "response": "refused", "reason": "capacity"}
    act(bench, "handover.answered", message, "Nour Example", **north)
    sender = by_its_sender(bench, "handover.kept", message, reason="x")
    assert sender[0] == "refused", "it is not the sender's any more"
    assert sender[1].startswith("held by Aisling Example")
    done = act(bench, "handover.kept", message, reason="I see them myself")
    assert done == ("done", "kept: it stays with Aisling Example")
    assert custody(bench, message) == ("in_progress", "receiver", "Aisling Example", "team")
    manager = act(bench, "handover.completed", message, "Mo Example", "duty_manager", NORTH)
    assert manager[0] == "refused", "who refused it has nothing to do with it"
    assert act(bench, "handover.completed", message)[0] == "done"


def test_who_passed_it_on_or_their_manager_sends_it_to_another(refused: tuple[Bench, str]) -> None:
    bench, message = refused
    act(bench, "handover.answered", message, response="accepted")
    act(bench, "handover.reassigned", message, to="north", reason="lives there")
    north: dict[str, Any] = {"agency": NORTH, "response": "refused", "reason": "capacity"}
    act(bench, "handover.answered", message, "Nour Example", **north)
    said: dict[str, Any] = {"to": "team", "reason": "a colleague knows them"}
    other = act(bench, "handover.rerouted", message, "Mo Example", "duty_manager", NORTH, **said)
    assert other[0] == "refused"
    done = act(bench, "handover.rerouted", message, "Dana Example", "duty_manager", **said)
    assert done[0] == "done"
    assert custody(bench, message) == ("sent", "receiver", "Aisling Example", "team")


def test_where_each_agency_answers_for_itself_it_can_only_be_kept(a_bench: Benches) -> None:
    takes = (Receives(type="strategy.record"),)
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
            a_partner("police", Role.POLICE, "inbox", receives=takes),
            a_partner("hospital", Role.HEALTH, "inbox", sends=("strategy.record",)),
        ]
    )
    record = an_arrival("strategy.record", a_strategy_record(1))
    bench.record(record)
    message = record.message_id
    act(bench, "handover.answered", message, response="refused", reason="wrong_team")
    own: dict[str, Any] = {"agency": "X26HOS", "partner": "team", "reason": "they were there"}
    sent_on = act(bench, "handover.rerouted", message, "Hana Example", to="police", **own)
    assert "nobody else can take it in their place" in sent_on[1]
    assert act(bench, "handover.kept", message, "Hana Example", **own)[0] == "done"


def test_what_was_on_its_way_when_it_was_withdrawn_is_not_sent_again(a_bench: Benches) -> None:
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, receives=(TAKES,)),
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        ]
    )
    lost, came = (an_arrival("edt.handover", a_handover(n), "edt", str(n)) for n in (1, 2))
    bench.record(lost, came)
    orders = {order["message_id"]: order for order in bench.orders()}
    for one in (lost, came):
        by_its_sender(bench, "handover.withdrawn", one.message_id, reason="wrong child")
    settle(bench, told(orders[lost.message_id], "try_again"), told(orders[came.message_id]))
    bench.do(fall_due, now() + timedelta(hours=1))
    assert bench.orders() == []
    sql = "select state from delivery where message_id = :id"
    assert bench.all(sql, id=lost.message_id)[0].state == "withdrawn"
    assert bench.all(sql, id=came.message_id)[0].state == "delivered", "it came all the same"
    with bench.engine.connect() as conn:
        assert reconcile(conn).deliveries.balanced


def test_what_is_withdrawn_cannot_be_collected_any_more(a_bench: Benches) -> None:
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, "outbox", receives=(TAKES,)),
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        ]
    )
    one, other = (an_arrival("edt.handover", a_handover(n), "edt", str(n)) for n in (1, 2))
    bench.record(one, other)
    by_its_sender(bench, "handover.withdrawn", one.message_id, reason="wrong child")
    act(bench, "handover.answered", other.message_id, response="accepted")
    with bench.engine.connect() as conn:
        left = [found.message_id for found in offered(conn, "team", "outbox", 9)]
    assert left == [other.message_id], "what was accepted at the desk is still collected"


def test_what_is_withdrawn_holds_up_nothing_behind_it(a_bench: Benches) -> None:
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, receives=(TAKES,), order="partner"),
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
        ]
    )
    first, second = (an_arrival("edt.handover", a_handover(n), "edt", str(n)) for n in (1, 2))
    bench.record(first)
    settle(bench, told(bench.orders()[0], "refused"))
    bench.record(second)
    sweep(bench)
    assert incidents(bench)["lane_blocked"] == 1
    assert bench.orders() == []
    by_its_sender(bench, "handover.withdrawn", first.message_id, reason="written twice")
    sweep(bench, now() + timedelta(minutes=2))
    assert "lane_blocked" not in incidents(bench)
    assert [order["message_id"] for order in bench.orders()] == [second.message_id]
