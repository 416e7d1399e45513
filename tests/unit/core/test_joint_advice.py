"""A strategy discussion is advised on in the case's chain, a departure stands beside it, and nothing is blocked."""

from typing import Any

import orjson
import pytest

from hub.ledger.read.journey import message_way
from hub.ledger.read.timeline import Kind, timeline
from schemas.census import Abuse
from schemas.codes import MeetingCause, StrategyDecision
from schemas.values import Coded
from tests.kit.people import a_strategy_record, a_strategy_request
from tests.kit.site import Bench, an_arrival


def chained(bench: Bench, did: str) -> list[dict[str, Any]]:
    found = [orjson.loads(row.entry) for row in bench.all("select entry from audit order by seq")]
    return [one for one in found if one["did"] == did]


def on_the_journey(bench: Bench) -> list[str]:
    """What people read of it on the journey of the message."""
    [row] = bench.all("select message_id from message")
    with bench.engine.connect() as conn:
        way = message_way(conn, row.message_id)
    assert way is not None
    events = timeline(way, str, words=None)
    return [str(one.parts[0]) for one in events if one.kind is Kind.ADVICE]


def a_record(decision: StrategyDecision, cause: MeetingCause, bench: Bench) -> None:
    body = a_strategy_record(1, decision).model_copy(update={"must_be_meeting": (cause,)})
    bench.record(an_arrival("strategy.record", body, "team"))


def test_what_is_asked_for_is_advised_on_with_clause_and_edition(bench: Bench) -> None:
    changed: dict[str, Any] = {"harm": (Coded(code=Abuse.EMO),)}
    body = a_strategy_request(1).model_copy(update=changed)
    bench.record(an_arrival("strategy.requested", body, "police"))
    [said] = chained(bench, "joint visit advised")
    assert (said["advice"], said["clause"], said["edition"]) == ("single_csc", "7b", "FDH-2026.1")


@pytest.mark.parametrize("harm", [Abuse.PHY, Abuse.NEG])
def test_half_of_what_is_known_advises_no_single_visit(bench: Bench, harm: Abuse) -> None:
    changed: dict[str, Any] = {"harm": (Coded(code=Abuse.EMO), Coded(code=harm))}
    body = a_strategy_request(1).model_copy(update=changed)
    bench.record(an_arrival("strategy.requested", body, "police"))
    [said] = chained(bench, "joint visit advised")
    assert (said["advice"], said["clause"]) == ("discuss", "none matched")
    [shown] = on_the_journey(bench)
    assert shown.startswith("the rules advise that police and social care decide together (no")


def test_what_the_message_does_not_say_is_not_known_and_says_which_clause_it_may_be(
    bench: Bench,
) -> None:
    body = a_strategy_request(1).model_copy(update={"harm": (Coded(code=Abuse.SAB),)})
    bench.record(an_arrival("strategy.requested", body, "police"))
    [said] = chained(bench, "joint visit advised")
    assert (said["advice"], said["clause"]) == ("discuss", "none matched")
    assert said["not_known"] == "1: by_household, by_carer, by_person_in_trust"
    [shown] = on_the_journey(bench)
    assert shown.endswith(
        "not known, and it may ask for more: by household, by carer, by person in trust (clause 1)"
    )


def test_a_decision_otherwise_than_advised_is_noted_and_goes_out(bench: Bench) -> None:
    a_record(StrategyDecision.S47_CSC, MeetingCause.SERIOUS_PHYSICAL, bench)
    [noted] = chained(bench, "decided otherwise than advised")
    assert (noted["advice"], noted["clause"], noted["decided"]) == (
        "joint_required",
        "2a",
        "single_csc",
    )
    assert noted["why"] == "no reason given"
    assert bench.all("select 1 from delivery where partner = 'police'")
    [shown] = [said for said in on_the_journey(bench) if said.startswith("decided")]
    assert shown.startswith(
        "decided on a visit by social care alone, where the rules advise a joint"
    )
    assert shown.endswith("(clause 2a, FDH-2026.1): no reason given")


def test_a_decision_as_advised_is_no_departure(bench: Bench) -> None:
    a_record(StrategyDecision.S47_JOINT, MeetingCause.SERIOUS_PHYSICAL, bench)
    [said] = chained(bench, "joint visit advised")
    assert said["advice"] == "joint_required"
    assert chained(bench, "decided otherwise than advised") == []


def test_a_decision_against_a_visit_is_no_departure(bench: Bench) -> None:
    a_record(StrategyDecision.NO_S47, MeetingCause.SERIOUS_PHYSICAL, bench)
    assert chained(bench, "decided otherwise than advised") == []
