"""What was passed on and accepted by nobody there goes back to who gave it, and one person holds it throughout."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.ledger.read.handovers import receivers
from hub.ledger.read.journey import message_way
from hub.ledger.read.outbox import offered
from hub.ledger.read.timeline import timeline
from hub.ledger.reconcile import reconcile
from hub.ledger.write import at
from hub.partners import Partner, Receives, Role
from schemas.envelope import Recipient
from tests.kit.deeds import act, incidents, settle, told
from tests.kit.people import a_handover, a_response, a_strategy_record
from tests.kit.site import Bench, a_partner, an_arrival

TEAM, NORTH = "X26TEA", "X26NOR"
GIVER = "Aisling Example"
HEARS = (Receives(type="handover.response"),)
Benches = Callable[[list[Partner]], Bench]


def the_teams(north: str) -> list[Partner]:
    """EDT who hears what is answered, a team, and a north team by whatever transport."""
    takes = (Receives(type="edt.handover"),)
    sends = ("handover.response",)
    return [
        a_partner("edt", Role.EDT, sends=("edt.handover",), receives=HEARS),
        a_partner("team", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
        a_partner("north", Role.ASSESSMENT_TEAM, north, receives=takes, sends=sends),
        a_partner("west", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
    ]


def passed_on(a_bench: Benches, north: str = "inbox") -> tuple[Bench, str]:
    """A handover that Aisling Example of the team has passed on to the north team."""
    bench = a_bench(the_teams(north))
    to = (Recipient(agency=TEAM),)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", "EDT-7", recipients=to)
    bench.record(arrival)
    act(bench, "handover.answered", arrival.message_id, GIVER, response="accepted")
    given = act(
        bench, "handover.reassigned", arrival.message_id, GIVER, to="north", reason="lives there"
    )
    assert given[0] == "done"
    return bench, arrival.message_id


def recalled(bench: Bench, message: str, name: str = GIVER, **more: Any) -> tuple[str, str]:
    """Somebody takes it back."""
    said: dict[str, Any] = {"reason": "they moved back", "partner": "north"} | more
    return act(bench, "handover.recalled", message, name, **said)


def custody(bench: Bench) -> tuple[str, str, str | None, str]:
    """State, custodian, holder and receiver."""
    [row] = bench.all("select * from journey where machine = 'handover'")
    return row.state, row.custodian, row.holder, row.receiver


BACK = ("in_progress", "receiver", GIVER, "team")


def test_its_giver_takes_it_back_and_goes_on_with_it(a_bench: Benches) -> None:
    bench, message = passed_on(a_bench)
    assert recalled(bench, message, reason=" ") == ("refused", "a reason is needed")
    done = recalled(bench, message)
    assert done == (
        "done",
        f"taken back: {GIVER} goes on with it, and nobody at North need accept it",
    )
    assert custody(bench) == BACK
    with bench.engine.connect() as conn:
        assert not [
            one
            for one in receivers(conn, [message])[message]
            if one.partner == "north" and not one.past
        ]
        assert reconcile(conn).balanced
    again = act(bench, "handover.reassigned", message, GIVER, partner="team", to="west", reason="x")
    assert again[0] == "done"
    assert custody(bench) == ("reassigned", "receiver", GIVER, "west")


def test_whoever_manages_the_givers_team_takes_it_back_for_them(a_bench: Benches) -> None:
    bench, message = passed_on(a_bench)
    for name, role, agency in (
        ("Bashir Example", "team_worker", TEAM),
        ("Mo Example", "duty_manager", NORTH),
        ("Edda Example", "edt", "X26EDT"),
    ):
        refused = recalled(bench, message, name, role=role, agency=agency)
        assert refused[0] == "refused"
        assert refused[1].startswith(f"held by {GIVER}, team worker"), refused
    assert recalled(bench, message, "Dana Example", role="duty_manager")[0] == "done"
    assert custody(bench) == BACK


def test_who_accepts_first_of_two_at_once_holds_it(a_bench: Benches) -> None:
    """Both had the same page before them."""
    bench, message = passed_on(a_bench)
    version = bench.all("select version from journey where machine = 'handover'")[0].version
    north: dict[str, Any] = {"agency": NORTH, "response": "accepted", "version": version}
    assert act(bench, "handover.answered", message, "Nour Example", **north)[0] == "done"
    for seen in (version, 0):
        late = recalled(bench, message, version=seen)
        assert late[0] == "refused"
        assert "held by Nour Example, team worker" in late[1]
    assert custody(bench) == ("accepted", "receiver", "Nour Example", "north")


def test_who_takes_it_back_first_of_two_at_once_holds_it(a_bench: Benches) -> None:
    bench, message = passed_on(a_bench)
    version = bench.all("select version from journey where machine = 'handover'")[0].version
    assert recalled(bench, message, version=version)[0] == "done"
    north: dict[str, Any] = {"agency": NORTH, "response": "accepted", "version": version}
    late = act(bench, "handover.answered", message, "Nour Example", **north)
    assert late[0] == "refused"
    assert late[1].startswith(f"held by {GIVER}, team worker")
    for seen in (version, 0):
        again = recalled(bench, message, version=seen)
        assert again[0] == "refused"
        assert f"held by {GIVER}, team worker" in again[1]
    assert custody(bench) == BACK


@pytest.mark.parametrize("before", ["opened", "queried", "overdue", "rerouted"])
def test_it_is_taken_back_whatever_happened_there_but_an_acceptance(
    a_bench: Benches, before: str
) -> None:
    bench, message = passed_on(a_bench)
    there: dict[str, Any] = {"name": "Nour Example", "agency": NORTH}
    if before == "opened":
        act(bench, "content.opened", message, **there)
    elif before == "queried":
        act(bench, "handover.answered", message, response="queried", text="Which aunt?", **there)
    elif before == "overdue":
        [row] = bench.all("select due_at from journey where machine = 'handover'")
        due = at(row.due_at)
        assert due is not None
        bench.do(fall_due, due + timedelta(minutes=1))
        assert incidents(bench) == {"overdue": 1}
    else:
        act(bench, "handover.answered", message, response="refused", reason="x", **there)
        act(bench, "handover.rerouted", message, GIVER, to="west", reason="then they")
    west = "west" if before == "rerouted" else "north"
    assert recalled(bench, message, partner=west)[0] == "done"
    assert custody(bench) == BACK
    assert incidents(bench) == {}


def test_what_nobody_passed_on_cannot_be_taken_back(a_bench: Benches) -> None:
    bench = a_bench(the_teams("inbox"))
    to = (Recipient(agency=TEAM),)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=to)
    bench.record(arrival)
    assert recalled(bench, arrival.message_id) == ("refused", "nobody has accepted it")
    act(bench, "handover.answered", arrival.message_id, GIVER, response="accepted")
    held = recalled(bench, arrival.message_id)
    assert held[0] == "refused"
    assert held[1].startswith(f"it is held by {GIVER}, team worker; this handover is accepted")
    assert custody(bench) == ("accepted", "receiver", GIVER, "team")


@pytest.mark.parametrize("north", ["http", "outbox"])
def test_what_has_not_got_there_goes_there_no_more(a_bench: Benches, north: str) -> None:
    bench, message = passed_on(a_bench, north)
    orders = [one for one in bench.orders() if one["topic"].startswith("deliveries.north")]
    assert len(orders) == (north == "http")
    assert recalled(bench, message)[0] == "done"
    for order in orders:
        settle(bench, told(order, "try_again"), partner="north")
    bench.do(fall_due, now() + timedelta(hours=1))
    assert not [one for one in bench.orders() if one["topic"].startswith("deliveries.north")]
    sql = "select state from delivery where partner = 'north'"
    assert [row.state for row in bench.all(sql)] == ["withdrawn"]
    with bench.engine.connect() as conn:
        assert offered(conn, "north", "outbox", 9) == []
        assert reconcile(conn).balanced


def test_a_system_that_accepts_too_late_takes_nothing_from_anybody(a_bench: Benches) -> None:
    bench, message = passed_on(a_bench, "http")
    [order] = [one for one in bench.orders() if one["topic"].startswith("deliveries.north")]
    settle(bench, told(order), partner="north")
    recalled(bench, message)
    body = a_response(order["reference"])
    late = an_arrival("handover.response", body, "north", "r", answers=order["reference"])
    bench.record(late)
    assert custody(bench) == BACK
    [refused] = bench.all("select refused from move where message_id = :id", id=late.message_id)
    assert refused.refused.startswith(f"held by {GIVER}")


def test_its_sender_hears_with_whom_it_is_again(a_bench: Benches) -> None:
    bench, message = passed_on(a_bench)
    bench.orders()
    recalled(bench, message)
    [heard] = [one for one in bench.orders() if one["topic"].startswith("deliveries.edt")]
    assert (heard["body"]["response"], heard["body"]["answers"]) == ("reassigned", "EDT-7")
    assert heard["body"]["reassigned_to"]["name"] == GIVER


def test_its_journey_says_with_whom_it_was_at_each_moment(a_bench: Benches) -> None:
    bench, message = passed_on(a_bench, "http")
    [order] = [one for one in bench.orders() if one["topic"].startswith("deliveries.north")]
    settle(bench, told(order), partner="north")
    recalled(bench, message)
    with bench.engine.connect() as conn:
        way = message_way(conn, message)
    assert way is not None
    events = timeline(way, lambda partner: f"<{partner}>", words=None)
    said = [(event.who, "".join(map(str, event.parts))) for event in events]
    assert ("<north>", "delivered: receipt, not acceptance") in said, said
    assert (f"{GIVER}, team worker", "passed it on to <north>") in said
    assert (f"{GIVER}, team worker", "took it back") in said


def test_where_each_agency_answers_for_itself_only_its_own_copy_comes_back(
    a_bench: Benches,
) -> None:
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
    message = record.message_id
    act(bench, "handover.answered", message, GIVER, response="accepted")
    given = act(bench, "handover.reassigned", message, GIVER, to="team", reason="my leave")
    assert given[0] == "done"
    assert recalled(bench, message, partner="team")[0] == "done"
    sql = "select state, holder from journey where machine = 'handover' and receiver = 'team'"
    assert tuple(bench.all(sql)[0]) == ("in_progress", GIVER)
    states = bench.all("select state from delivery where partner = 'police'")
    assert [row.state for row in states] == ["offered"], "theirs is none of its business"
