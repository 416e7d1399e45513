"""What its holder passes on is planned for its new receiver, and stays theirs until somebody there accepts it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.ledger.read.handovers import receivers
from hub.ledger.read.journey import message_way
from hub.ledger.read.timeline import timeline
from hub.ledger.reconcile import reconcile
from hub.ledger.write import at
from hub.partners import Partner, Receives, Role
from schemas.codes import Response
from schemas.envelope import Recipient
from schemas.people import Worker
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.people import a_handover, a_response, a_strategy_record
from tests.kit.site import Bench, a_partner, an_arrival, the_partners

NORTH = "X26NOR"
Benches = Callable[[list[Partner]], Bench]


def the_teams() -> list[Partner]:
    """The usual partners, and a north team with the web inbox."""
    takes = (Receives(type="edt.handover"), Receives(type="strategy.record"))
    north = a_partner("north", Role.ASSESSMENT_TEAM, "inbox", receives=takes)
    return [*the_partners(), north]


@pytest.fixture
def held(a_bench: Benches) -> tuple[Bench, str]:
    """A handover that Aisling Example of the team holds; the north team could take it, too."""
    bench = a_bench(the_teams())
    to = (Recipient(agency="X26TEA"),)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=to)
    bench.record(arrival)
    act(bench, "handover.answered", arrival.message_id, response="accepted")
    bench.orders()
    return bench, arrival.message_id


def passed_on(bench: Bench, message: str, to: str = "north", **more: object) -> tuple[str, str]:
    """Aisling Example passes it on."""
    return act(bench, "handover.reassigned", message, to=to, reason="lives there", **more)  # type: ignore[arg-type]


def custody(bench: Bench, subject: str) -> tuple[str, str, str | None, str]:
    """State, custodian, holder and receiver."""
    sql = "select * from journey where machine = 'handover' and subject = :id"
    [row] = bench.all(sql, id=subject)
    return row.state, row.custodian, row.holder, row.receiver


def test_it_stays_with_the_giver_until_somebody_there_accepts_it(held: tuple[Bench, str]) -> None:
    bench, message = held
    giver = "Aisling Example"
    done = passed_on(bench, message)
    assert done == (
        "done",
        f"passed on to North: {giver} holds it until somebody there accepts it",
    )
    assert custody(bench, message) == ("reassigned", "receiver", giver, "north")
    act(bench, "content.opened", message, "Nour Example", agency=NORTH)
    assert custody(bench, message) == ("opened", "receiver", giver, "north")
    accepted = act(
        bench, "handover.answered", message, "Nour Example", agency=NORTH, response="accepted"
    )
    assert accepted[0] == "done"
    assert custody(bench, message) == ("accepted", "receiver", "Nour Example", "north")


def test_its_new_receiver_has_a_delivery_and_everything_still_balances(
    held: tuple[Bench, str],
) -> None:
    bench, message = held
    passed_on(bench, message)
    sql = "select * from delivery where message_id = :id and partner = 'north'"
    [row] = bench.all(sql, id=message)
    assert (row.state, row.purpose, row.reason) == (
        "offered",
        "action",
        "sent on to them by a person",
    )
    with bench.engine.connect() as conn:
        assert [(one.partner, one.past) for one in receivers(conn, [message])[message]] == [
            ("team", True),
            ("north", False),
        ]
        assert reconcile(conn).deliveries.balanced


def test_the_clock_runs_anew_and_may_run_out_a_second_time(held: tuple[Bench, str]) -> None:
    bench, message = held
    sql = "select * from journey where machine = 'handover'"
    first = at(bench.all(sql)[0].due_at)
    assert first is not None
    later = now() + timedelta(days=10)
    act(bench, "handover.reassigned", message, at=later, to="north", reason="lives there")
    again = at(bench.all(sql)[0].due_at)
    assert again is not None
    assert again > later > first
    bench.do(fall_due, again + timedelta(minutes=1))
    assert custody(bench, message)[:3] == ("overdue", "receiver", "Aisling Example")
    assert incidents(bench)["overdue"] == 1
    act(bench, "handover.answered", message, "Nour Example", agency=NORTH, response="accepted")
    assert "overdue" not in incidents(bench)
    act(bench, "handover.reassigned", message, "Nour Example", agency=NORTH, to="team", reason="x",
        at=again + timedelta(days=1))  # fmt: skip
    bench.do(fall_due, again + timedelta(days=20))
    overdue = bench.all("select * from move where event = 'overdue'")
    assert len(overdue) == 2


def test_its_journey_says_with_whom_it_was_at_each_moment(a_bench: Benches) -> None:
    bench = a_bench(the_teams())
    to = (Recipient(agency="X26TEA"),)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=to)
    bench.record(arrival)
    settle(bench, told(bench.orders()[0]))
    act(bench, "handover.answered", arrival.message_id, response="accepted")
    passed_on(bench, arrival.message_id)
    passed_on(bench, arrival.message_id)
    with bench.engine.connect() as conn:
        way = message_way(conn, arrival.message_id)
    assert way is not None
    events = timeline(way, lambda partner: f"<{partner}>", words=None)
    said = [(event.who, "".join(map(str, event.parts))) for event in events]
    assert ("<team>", "delivered: receipt, not acceptance") in said
    assert ("Aisling Example, team worker", "passed it on to <north>") in said
    tried = [what for _, what in said if what.startswith("tried")]
    assert tried == ["tried: passed it on"], "what was refused is told once"


def test_its_sender_is_told_with_whom_it_is(held: tuple[Bench, str]) -> None:
    bench, message = held
    passed_on(bench, message, meant_for="Nour Example")
    sql = "select * from message where type = 'handover.response' and partner = 'hub'"
    answers = [row.message_id for row in bench.all(sql)]
    assert len(answers) == 2, "that it was accepted, and that it was passed on"


def test_only_its_holder_or_their_manager_passes_it_on(held: tuple[Bench, str]) -> None:
    bench, message = held
    said: dict[str, Any] = {"to": "north", "reason": "lives there"}
    colleague = act(bench, "handover.reassigned", message, "Bashir Example", **said)
    assert colleague[0] == "refused"
    assert colleague[1].startswith("held by Aisling Example")
    north = "select 1 from delivery where partner = 'north'"
    assert bench.all(north) == [], "nothing goes out for an act that was refused"
    manager = act(bench, "handover.reassigned", message, "Dana Example", "duty_manager", **said)
    assert manager[0] == "done", manager
    assert custody(bench, message)[2] == "Aisling Example"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"to": "nobody", "reason": "x"}, "say to whom it goes"),
        ({"to": "police", "reason": "x"}, "police does not receive edt.handover"),
        ({"to": "edt", "reason": "x"}, "edt does not receive edt.handover"),
        ({"to": "north"}, "a reason is needed"),
    ],
)
def test_what_nobody_could_take_is_not_passed_on_and_nothing_is_planned(
    held: tuple[Bench, str], said: dict[str, Any], why: str
) -> None:
    bench, message = held
    before = bench.all("select count(*) as n from delivery")[0].n
    outcome, answer = act(bench, "handover.reassigned", message, **said)
    assert outcome == "refused"
    assert why in answer
    assert custody(bench, message)[0] == "accepted"
    assert bench.all("select count(*) as n from delivery")[0].n == before


def test_a_late_receipt_from_before_says_nothing_of_its_new_receiver(a_bench: Benches) -> None:
    bench = a_bench(the_teams())
    to = (Recipient(agency="X26TEA"),)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=to)
    bench.record(arrival)
    [order] = bench.orders()
    act(bench, "handover.answered", arrival.message_id, response="accepted")
    for there in ("north", "team"):
        giver = custody(bench, arrival.message_id)[2] or ""
        agency = {"north": "X26TEA", "team": NORTH}[there]
        said: dict[str, Any] = {"to": there, "reason": "theirs"}
        act(bench, "handover.reassigned", arrival.message_id, giver, agency=agency, **said)
        if there == "north":
            settle(bench, told(order))
            assert custody(bench, arrival.message_id)[0] == "reassigned"
            taken: dict[str, Any] = {"agency": NORTH, "response": "accepted"}
            act(bench, "handover.answered", arrival.message_id, "Nour Example", **taken)
    settle(bench, told(order, "refused"))
    assert custody(bench, arrival.message_id)[0] == "reassigned"
    [again] = bench.orders()
    settle(bench, told(again))
    assert custody(bench, arrival.message_id)[0] == "delivered"


def test_who_passed_it_on_answers_for_it_no_more(held: tuple[Bench, str]) -> None:
    bench, message = held
    passed_on(bench, message)
    again = passed_on(bench, message)
    assert again[0] == "refused"
    assert again[1].startswith(
        "it is held by Aisling Example, team worker; this handover is reassigned"
    )
    act(bench, "content.opened", message)
    assert custody(bench, message)[0] == "reassigned", "the giver reads it unnoticed"


def test_it_may_go_back_and_forth(held: tuple[Bench, str]) -> None:
    bench, message = held
    for to, name, agency in (
        ("north", "Nour Example", NORTH),
        ("team", "Bashir Example", "X26TEA"),
    ):
        giver = custody(bench, message)[2] or ""
        own = NORTH if to == "team" else "X26TEA"
        said: dict[str, Any] = {"to": to, "reason": "theirs"}
        assert act(bench, "handover.reassigned", message, giver, agency=own, **said)[0] == "done"
        for order in bench.orders():
            if order["message_id"] == message:
                settle(bench, told(order), partner=to)
        done = act(bench, "handover.answered", message, name, agency=agency, response="accepted")
        assert done[0] == "done"
    assert custody(bench, message)[:3] == ("accepted", "receiver", "Bashir Example")


def test_a_refusal_brings_it_back_to_who_passed_it_on(held: tuple[Bench, str]) -> None:
    bench, message = held
    passed_on(bench, message)
    said: dict[str, Any] = {"response": "refused", "reason": "moved again"}
    act(bench, "handover.answered", message, "Nour Example", agency=NORTH, **said)
    assert custody(bench, message)[:3] == ("refused", "receiver", "Aisling Example")


def test_a_partners_own_system_passes_on_what_its_people_hold(held: tuple[Bench, str]) -> None:
    bench, message = held
    there = Worker(team="night team")
    body = a_response(message, Response.REASSIGNED, reassigned_to=there)
    answer = an_arrival("handover.response", body, "team", reference="r", answers=message)
    bench.record(answer)
    assert custody(bench, message)[:3] == ("reassigned", "receiver", "Aisling Example")


@pytest.mark.parametrize(
    ("there", "receiver"),
    [
        (Worker(team="North", agency=NORTH), "north"),
        (Worker(team="North", agency="another"), "team"),
        (Worker(team="Police"), "team"),
    ],
)
def test_a_team_that_a_partners_system_names_gets_it_where_we_know_it(
    held: tuple[Bench, str], there: Worker, receiver: str
) -> None:
    bench, message = held
    body = a_response(message, Response.REASSIGNED, reassigned_to=there)
    bench.record(an_arrival("handover.response", body, "team", reference="r", answers=message))
    assert custody(bench, message) == ("reassigned", "receiver", "Aisling Example", receiver)
    sent = bench.all("select 1 from delivery where partner = :p and state = 'offered'", p=receiver)
    assert bool(sent) is (receiver == "north")
    police = bench.all("select 1 from audit where entry like '%not sent on%'")
    assert bool(police) is (there.team == "Police")
    with bench.engine.connect() as conn:
        assert reconcile(conn).deliveries.balanced


def test_where_each_agency_answers_for_itself_it_stays_within_the_team(a_bench: Benches) -> None:
    takes = (Receives(type="strategy.record"),)
    bench = a_bench(
        [
            a_partner("team", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
            a_partner("police", Role.POLICE, "inbox", receives=takes),
            a_partner("hospital", Role.HEALTH, sends=("strategy.record",)),
        ]
    )
    record = an_arrival("strategy.record", a_strategy_record(1))
    bench.record(record)
    act(bench, "handover.answered", record.message_id, response="accepted")
    away = passed_on(bench, record.message_id, "police")
    assert away[0] == "refused"
    assert "each agency answers this for itself" in away[1]
    assert passed_on(bench, record.message_id, "team", meant_for="Bashir Example")[0] == "done"
    said: dict[str, Any] = {"response": "accepted"}
    assert act(bench, "handover.answered", record.message_id, "Bashir Example", **said)[0] == "done"
    sql = "select holder from journey where machine = 'handover' and receiver = 'team'"
    assert bench.all(sql)[0].holder == "Bashir Example"
