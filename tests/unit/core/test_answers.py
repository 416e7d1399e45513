"""A sender hears in its own system what was answered, under its own reference, whoever gave the answer."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from hub.ledger.read.journey import case_way, message_way
from hub.ledger.reconcile import reconcile
from hub.partners import Partner, Receives, Role
from schemas.codes import Refusal, Response
from schemas.labels import Restriction
from schemas.people import Worker
from tests.kit.deeds import act, settle, told
from tests.kit.people import a_handover, a_response, a_strategy_record, a_strategy_request
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]
HEARS = (Receives(type="handover.response"),)


def partners(**edt: Any) -> list[Partner]:
    takes = (Receives(type="edt.handover"),)
    sends = ("edt.handover", "handover.response")
    return [
        a_partner("edt", Role.EDT, sends=sends, **{"receives": HEARS} | edt),
        a_partner("edt-two", Role.EDT, agency="X26EDT", receives=HEARS),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, sends=sends),
    ]


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    return a_bench(partners())


def handed(bench: Bench) -> tuple[str, dict[str, Any]]:
    """A handover that has reached the team: its id, and the order by which it did."""
    arrival = an_arrival("edt.handover", a_handover(1), "edt", "EDT-7")
    bench.record(arrival)
    [order] = bench.orders()
    settle(bench, told(order))
    return arrival.message_id, order


def answers(bench: Bench, order: dict[str, Any], response: Response, **more: Any) -> None:
    """The team's system answers under the reference it was given."""
    body = a_response(order["reference"], response, **more)
    answered = order["reference"]
    bench.record(an_arrival("handover.response", body, "team", "r1", answers=answered))


def balanced(bench: Bench) -> bool:
    with bench.engine.connect() as conn:
        return reconcile(conn).balanced


def not_said(bench: Bench) -> list[str]:
    found = [orjson.loads(row.entry) for row in bench.all("select entry from audit")]
    return [
        one["why"]
        for one in found
        if one["did"] == "not said" and one["type"] == "handover.response"
    ]


def test_a_partners_acceptance_reaches_the_senders_system_alone(bench: Bench) -> None:
    _, order = handed(bench)
    answers(bench, order, Response.ACCEPTED)
    [heard] = bench.orders()
    assert heard["topic"].startswith("deliveries.edt")
    assert "edt-two" not in heard["topic"]
    assert (heard["body"]["answers"], heard["body"]["response"]) == ("EDT-7", "accepted")
    assert heard["body"]["by"]["role"] == "Duty manager"
    [own] = bench.all("select * from message where type = 'handover.response' and partner = 'team'")
    assert own.none_reason == "handover.response: the hub passes it on to whom it answers"
    assert balanced(bench)


def test_the_order_names_what_is_answered_as_its_receiver_knows_it(bench: Bench) -> None:
    message, order = handed(bench)
    assert order["answers"] is None
    answers(bench, order, Response.QUERIED, query="Which aunt?")
    act(bench, "handover.answered", message, answer="accepted")
    assert [heard["answers"] for heard in bench.orders()] == ["EDT-7", "EDT-7"]


def test_a_messages_own_page_tells_each_answer_once_and_its_cases_page_who_was_told(
    bench: Bench,
) -> None:
    message, order = handed(bench)
    answers(bench, order, Response.ACCEPTED)
    with bench.engine.connect() as conn:
        own = message_way(conn, message)
        assert own is not None
        whole = case_way(conn, own.messages[0].case_ref)
    assert whole is not None
    assert [one.partner for one in own.messages] == ["edt", "team"]
    assert [one.partner for one in whole.messages].count("hub") == 1


def test_who_only_received_it_hears_by_our_reference_what_a_record_answers(
    a_bench: Benches,
) -> None:
    """The police asked, the team had it from us, and health hears of it for the first time."""
    takes = (Receives(type="strategy.requested"), Receives(type="strategy.record"))
    bench = a_bench(
        [
            a_partner("police", Role.POLICE, sends=("strategy.requested",), receives=takes[1:]),
            a_partner("team", Role.ASSESSMENT_TEAM, sends=("strategy.record",), receives=takes),
            a_partner("health", Role.HEALTH, receives=takes[1:]),
        ]
    )
    bench.record(an_arrival("strategy.requested", a_strategy_request(1), "police", "OIC-3"))
    [asked] = bench.orders()
    record = a_strategy_record(1)
    said = an_arrival("strategy.record", record, "team", "r1", answers=asked["reference"])
    bench.record(said)
    named = {one["topic"].split(".")[1]: one["answers"] for one in bench.orders()}
    assert named == {"police": "OIC-3", "team": asked["reference"], "health": None}


def test_the_same_answer_again_is_not_told_again(bench: Bench) -> None:
    _, order = handed(bench)
    for _ in range(2):
        answers(bench, order, Response.ACCEPTED)
    assert len(bench.orders()) == 1


def test_a_question_asks_the_senders_system_to_act(bench: Bench) -> None:
    _, order = handed(bench)
    answers(bench, order, Response.QUERIED, query="Which aunt?")
    [heard] = bench.orders()
    assert heard["body"]["query"] == "Which aunt?"
    [row] = bench.all("select purpose from delivery where partner = 'edt'")
    assert row.purpose == "action"


def test_a_refusal_says_its_reason(bench: Bench) -> None:
    _, order = handed(bench)
    answers(bench, order, Response.REFUSED, refusal=Refusal.WRONG_TEAM)
    assert bench.orders()[0]["body"]["refusal"] == "wrong_team"


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ({"answer": "accepted"}, {"response": "accepted"}),
        ({"answer": "queried", "text": "Which aunt?"}, {"query": "Which aunt?"}),
        (
            {"answer": "refused", "reason": "Not our area"},
            {"refusal": "other", "reason": "Not our area"},
        ),
        ({"answer": "refused", "reason": "duplicate"}, {"refusal": "duplicate"}),
    ],
)
def test_an_answer_at_the_desk_reaches_the_senders_system_too(
    bench: Bench, said: dict[str, Any], heard: dict[str, Any]
) -> None:
    message, _ = handed(bench)
    assert act(bench, "handover.answered", message, **said)[0] == "done"
    [order] = bench.orders()
    assert order["body"]["answers"] == "EDT-7"
    assert order["body"]["by"]["name"] == "Aisling Example"
    assert order["body"].items() >= heard.items()
    assert balanced(bench)


def test_an_answer_that_does_not_count_is_not_told(bench: Bench) -> None:
    message, order = handed(bench)
    assert act(bench, "handover.answered", message, answer="accepted")[0] == "done"
    bench.orders()
    answers(bench, order, Response.ACCEPTED)
    second = act(bench, "handover.answered", message, name="Idris Example", answer="accepted")
    assert second[0] == "refused"
    assert bench.orders() == []
    [why] = not_said(bench)
    assert why.startswith("held by Aisling Example, team worker")


def test_an_acceptance_without_a_name_is_not_told_as_one(bench: Bench) -> None:
    _, order = handed(bench)
    answers(bench, order, Response.ACCEPTED, by=Worker(agency="Leeds"))
    assert bench.orders() == []
    assert not_said(bench) == ["an acceptance without a name and a role is receipt"]


def test_who_took_a_call_is_told_as_well(bench: Bench) -> None:
    bench.record(an_arrival("edt.handover", a_handover(1), "edt", "EDT-7"))
    [order] = bench.orders()
    settle(bench, told(order, "refused"))
    [sheet] = bench.all("select delivery_id from delivery where transport = 'call'")
    said: dict[str, Any] = {"taken_by": "Mary Example", "taken_role": "Duty manager"}
    assert act(bench, "delivery.taken_by_phone", sheet.delivery_id, **said)[0] == "done"
    [heard] = bench.orders()
    assert heard["body"]["by"]["name"] == "Mary Example"
    assert heard["body"]["reason"] == "taken by phone"


def test_a_sender_that_receives_no_answers_is_named_as_why(a_bench: Benches) -> None:
    bench = a_bench(partners(receives=()))
    message, _ = handed(bench)
    act(bench, "handover.answered", message, answer="accepted")
    [row] = bench.all("select * from message where type = 'handover.response'")
    assert (row.planned, row.none_reason) == (0, "edt: edt does not receive handover.response")
    assert balanced(bench)


def test_an_answer_keeps_its_own_labels_when_it_is_passed_on(bench: Bench) -> None:
    _, order = handed(bench)
    body = a_response(order["reference"], Response.REFUSED, refusal=Refusal.OTHER, reason="kin")
    labels = (Restriction.STAFF_FAMILY,)
    said = an_arrival(
        "handover.response", body, "team", "r1", answers=order["reference"], labels=labels
    )
    bench.record(said)
    assert bench.orders() == []
    [row] = bench.all("select state, reason from delivery where type = 'handover.response'")
    assert row.state == "needs_person"
    assert row.reason.startswith("STAFF_FAMILY")
