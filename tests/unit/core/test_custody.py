"""Somebody always holds a handover: its sender until a named person accepts, and then that one person."""

from datetime import timedelta
from typing import Any

import pytest

from hub.clock import london, now
from hub.core.due import fall_due
from hub.ledger.write import at
from hub.partners import Receives, Role
from schemas.codes import Refusal, Response
from schemas.people import Worker
from tests.kit.deeds import act, incidents, settle, states, told
from tests.kit.people import (
    a_handover,
    a_response,
    a_strategy_record,
    a_strategy_request,
    a_worker,
)
from tests.kit.site import Bench, a_partner, an_arrival


@pytest.fixture
def handed(bench: Bench) -> tuple[Bench, str]:
    """A handover on its way to the team."""
    arrival = an_arrival("edt.handover", a_handover(1), "edt")
    bench.record(arrival)
    return bench, arrival.message_id


def journey(bench: Bench, subject: str) -> tuple[str, str, str | None]:
    """State, custodian and holder."""
    sql = "select * from journey where machine = 'handover' and subject = :id"
    [row] = bench.all(sql, id=subject)
    return row.state, row.custodian, row.holder


def test_the_sender_holds_it_while_it_is_sent_delivered_and_opened(
    handed: tuple[Bench, str],
) -> None:
    bench, message = handed
    assert journey(bench, message) == ("sent", "sender", None)
    settle(bench, told(bench.orders()[0]))
    assert journey(bench, message) == ("delivered", "sender", None)
    assert act(bench, "content.opened", message)[0] == "done"
    assert journey(bench, message) == ("opened", "sender", None)


def test_its_own_sender_may_read_it_unnoticed(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    act(bench, "content.opened", message, agency="X26EDT")
    assert journey(bench, message)[0] == "sent"


def test_the_first_of_two_holds_it_and_the_second_is_told_who(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    early, late = now() + timedelta(minutes=5), now() + timedelta(minutes=9)
    first = act(
        bench, "handover.answered", message, "Aisling Example", at=early, response="accepted"
    )
    assert first == ("done", "a named person holds it")
    second = act(
        bench, "handover.answered", message, "Bashir Example", at=late, response="accepted"
    )
    since = f"{london(early):%a %-d %b %Y %H:%M}"
    assert second == ("refused", f"held by Aisling Example, team worker since {since}")
    assert journey(bench, message) == ("accepted", "receiver", "Aisling Example")
    refused = bench.all("select * from move where refused is not null")
    assert [row.who for row in refused] == ["Bashir Example, team worker"]


def test_it_is_held_since_it_was_accepted_whatever_comes_after(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    accepted = now() + timedelta(minutes=5)
    act(bench, "handover.answered", message, at=accepted, response="accepted")
    settle(bench, told(bench.orders()[0]), at=now() + timedelta(minutes=30))
    [row] = bench.all("select * from journey where machine = 'handover'")
    assert at(row.held_since) == accepted


def test_withdrawn_before_anybody_accepted_and_not_after(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    refused = act(bench, "handover.withdrawn", message, agency="X26EDT")
    assert refused == ("refused", "a reason is needed")
    done = act(bench, "handover.withdrawn", message, agency="X26EDT", reason="wrong child")
    assert done[0] == "done"
    assert journey(bench, message)[0] == "withdrawn"
    late = act(bench, "handover.answered", message, response="accepted")
    assert late[0] == "refused"


def test_what_is_held_is_not_withdrawn(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    act(bench, "handover.answered", message, response="accepted")
    refused = act(bench, "handover.withdrawn", message, agency="X26EDT", reason="wrong child")
    assert refused[1].startswith("held by Aisling Example")
    assert journey(bench, message)[0] == "accepted"


def test_a_partners_answer_without_a_name_is_receipt_not_acceptance(
    handed: tuple[Bench, str],
) -> None:
    bench, message = handed
    body = a_response(message).model_copy(update={"by": Worker(agency="Leeds")})
    answer = an_arrival("handover.response", body, "team", reference="r", answers=message)
    bench.record(answer)
    assert journey(bench, message) == ("delivered", "sender", None)


def test_a_partners_answer_finds_it_by_the_reference_it_was_sent_under(
    handed: tuple[Bench, str],
) -> None:
    bench, message = handed
    [order] = bench.orders()
    body = a_response(order["reference"], Response.ACCEPTED)
    answers = order["reference"]
    bench.record(an_arrival("handover.response", body, "team", reference="r", answers=answers))
    assert journey(bench, message)[0:2] == ("accepted", "receiver")


def test_what_nobody_accepts_in_time_is_overdue_once(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    for days in (3, 4):
        bench.do(fall_due, now() + timedelta(days=days))
    assert journey(bench, message)[:2] == ("overdue", "sender")
    assert incidents(bench)["overdue"] == 1
    act(bench, "handover.answered", message, response="accepted")
    assert "overdue" not in incidents(bench)


def test_acceptance_in_their_own_system_ends_it_as_one_at_the_desk_does(
    handed: tuple[Bench, str],
) -> None:
    bench = handed[0]
    [order] = bench.orders()
    bench.do(fall_due, now() + timedelta(days=3))
    assert incidents(bench)["overdue"] == 1
    body = a_response(order["reference"])
    answers = order["reference"]
    bench.record(an_arrival("handover.response", body, "team", reference="r", answers=answers))
    assert "overdue" not in incidents(bench)


def answered(bench: Bench, message: str, response: Response) -> None:
    """The team's own system says so, in a message."""
    says: dict[Response, dict[str, Any]] = {
        Response.REFUSED: {"refusal": Refusal.WRONG_TEAM},
        Response.QUERIED: {"query": "Which aunt?"},
        Response.ESCALATED: {
            "escalated_to": a_worker(7, role="Service manager"),
            "reason": "nobody here can decide",
        },
    }
    body = a_response(message, response, **says[response])
    bench.record(an_arrival("handover.response", body, "team", reference="r", answers=message))


@pytest.mark.parametrize("before", [Response.REFUSED, Response.ESCALATED, Response.QUERIED])
def test_what_nobody_has_taken_is_overdue_whatever_they_said(
    handed: tuple[Bench, str], before: Response
) -> None:
    bench, message = handed
    answered(bench, message, before)
    for _ in range(2):
        bench.do(fall_due, now() + timedelta(days=3))
    assert incidents(bench)["overdue"] == 1
    noted = bench.all("select * from move where event = 'overdue' and refused is null")
    assert len(noted) == 1
    act(bench, "handover.answered", message, response="accepted")
    assert "overdue" not in incidents(bench)


def test_what_cannot_be_delivered_is_overdue_as_well(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    settle(bench, told(bench.orders()[0], "refused"))
    for _ in range(2):
        bench.do(fall_due, now() + timedelta(days=3))
    assert incidents(bench)["overdue"] == 1
    assert journey(bench, message)[0] == "undeliverable"


def test_overdue_and_then_refused_nobody_has_it_still(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    bench.do(fall_due, now() + timedelta(days=3))
    answered(bench, message, Response.REFUSED)
    assert incidents(bench)["overdue"] == 1
    kept = act(bench, "handover.kept", message, agency="X26EDT", reason="we go there ourselves")
    assert kept[0] == "done"
    assert "overdue" not in incidents(bench)


@pytest.mark.parametrize("response", [Response.QUERIED, Response.REFUSED])
def test_what_they_say_of_what_could_not_be_delivered_is_heard(
    handed: tuple[Bench, str], response: Response
) -> None:
    bench, message = handed
    settle(bench, told(bench.orders()[0], "refused"))
    answered(bench, message, response)
    assert journey(bench, message)[:2] == (response.value, "sender")


def test_what_was_taken_by_telephone_is_overdue_no_more(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    bench.do(fall_due, now() + timedelta(days=3))
    assert incidents(bench)["overdue"] == 1
    sql = "select delivery_id from delivery where message_id = :id and transport = 'call'"
    [row] = bench.all(sql, id=message)
    said: dict[str, Any] = {"taken_by": "Mary Example", "taken_role": "Duty manager"}
    taken = act(bench, "delivery.taken_by_phone", row.delivery_id, accepts=True, **said)
    assert taken[0] == "done"
    assert journey(bench, message)[2] == "Mary Example"
    assert "overdue" not in incidents(bench)


def test_a_question_leaves_it_overdue_until_somebody_accepts(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    bench.do(fall_due, now() + timedelta(days=3))
    asked = act(bench, "handover.answered", message, response="queried", text="Which aunt?")
    assert asked[0] == "done"
    assert incidents(bench)["overdue"] == 1
    bench.do(fall_due, now() + timedelta(days=3))
    [row] = bench.all("select * from incident where kind = 'overdue'")
    assert row.closed_at is None


def test_what_cannot_be_delivered_stays_with_its_sender(handed: tuple[Bench, str]) -> None:
    bench, message = handed
    settle(bench, told(bench.orders()[0], "refused"))
    assert journey(bench, message)[:2] == ("undeliverable", "sender")


def test_each_agency_accepts_a_discussion_for_itself(ledger_url: str, tmp_path: object) -> None:
    from pathlib import Path

    takes = (Receives(type="strategy.record"), Receives(type="strategy.requested"))
    partners = [
        a_partner("team", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
        a_partner("police", Role.POLICE, "inbox", receives=takes),
        a_partner("hospital", Role.HEALTH, "inbox", receives=takes, sends=("strategy.record",)),
    ]
    bench = Bench(ledger_url, Path(str(tmp_path)), partners)
    bench.record(an_arrival("strategy.requested", a_strategy_request(1), reference="SR-000001"))
    record = an_arrival("strategy.record", a_strategy_record(1))
    bench.record(record)
    agencies = {"team": "X26TEA", "police": "X26POL", "hospital": "X26HOS"}
    sql = "select state from journey where machine = 'strategy'"
    parties = [
        row.receiver
        for row in bench.all(
            "select receiver from journey where machine = 'handover' and subject = :id",
            id=record.message_id,
        )
    ]
    seen = []
    for party in sorted(parties):
        done = act(
            bench,
            "handover.answered",
            record.message_id,
            f"{party.title()} Example",
            agency=agencies[party],
            response="accepted",
        )
        assert done[0] == "done"
        seen.append(states(bench, party).count("delivered"))
    assert set(parties) >= {"team", "police"}
    assert all(one == 1 for one in seen)
    notes = "select note, source, target from move where event = 'confirmed' order by at"
    assert len(bench.all(notes)) == len(parties)
    assert bench.all(sql)
    bench.engine.dispose()
