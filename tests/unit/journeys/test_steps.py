"""Each message moves the journeys that it is about, and an answer without a name accepts nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hub.journeys import MACHINES
from hub.journeys.machine import Facts, Illegal, Moved, move
from hub.journeys.steps import Concerned, Heard, Step, settled, steps, told_of
from schemas.envelope import AckLevel
from schemas.register import REGISTER

T = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)
MAYA = {"name": "Maya Okafor", "role": "duty social worker", "agency": "CSC"}
HANDOVER = Concerned(ONE, "edt.handover", AckLevel.ACCEPTED, None, ("north",))
REQUEST = Concerned(ONE, "strategy.requested", AckLevel.ACCEPTED, ONE, ("north", "police"))
RECORD = Concerned(TWO, "strategy.record", AckLevel.ACCEPTED, ONE, ("north", "police"))


def heard(message: UUID = TWO, ack: AckLevel = AckLevel.TRANSPORT, **more: Any) -> Heard:
    return Heard(message, T, ack, **more)


def told(found: list[Step]) -> list[tuple[str, UUID, str, str]]:
    return [(s.machine, s.subject, s.event, s.party) for s in found]


@pytest.mark.parametrize("type", [t for t, e in REGISTER.items() if e.ack is AckLevel.ACCEPTED])
def test_custody_begins_with_every_message_a_person_must_accept(type: str) -> None:
    found = told(steps(type, {}, heard(ONE, AckLevel.ACCEPTED, receivers=("north",))))
    party = "north" if type.startswith("strategy.") else ""
    assert ("handover", ONE, "sent", party) in found


def test_a_message_for_nobody_begins_no_custody() -> None:
    assert steps("edt.handover", {}, heard(ONE, AckLevel.ACCEPTED)) == []


def test_an_acceptance_by_a_named_person_is_one_and_any_other_is_receipt() -> None:
    body = {"response": "accepted", "by": MAYA}
    (step,) = steps("handover.response", body, heard(partner="north", on=HANDOVER))
    assert (step.event, step.facts.name, step.facts.at) == ("accepted", "Maya Okafor", T)
    for by in (None, {"name": "Maya"}, {"role": "duty"}, {"name": " ", "role": "duty"}):
        body = {"response": "accepted", "by": by}  # type: ignore[dict-item]
        found = steps("handover.response", body, heard(partner="north", on=HANDOVER))
        assert [s.event for s in found] == ["delivered"]


@pytest.mark.parametrize(
    ("body", "event", "reason"),
    [
        ({"response": "queried", "query": "which school?"}, "queried", "which school?"),
        ({"response": "refused", "refusal": "wrong_team"}, "refused", "wrong_team"),
        ({"response": "escalated", "reason": "too big"}, "escalated", "too big"),
    ],
)
def test_an_answer_brings_its_reason(body: dict[str, Any], event: str, reason: str) -> None:
    (step,) = steps("handover.response", body, heard(partner="north", on=HANDOVER))
    assert (step.event, step.facts.reason) == (event, reason)


def test_both_agencies_accept_a_strategy_discussion_each_for_itself() -> None:
    body = {"response": "accepted", "by": MAYA}
    for partner in ("north", "police"):
        found = steps("handover.response", body, heard(partner=partner, on=REQUEST))
        assert told(found) == [
            ("handover", ONE, "accepted", partner),
            ("strategy", ONE, "convened", ""),
        ]
    confirmed = steps("handover.response", body, heard(partner="police", on=RECORD))
    assert ("strategy", ONE, "confirmed", "") in told(confirmed)


def test_only_a_receivers_reading_opens_a_message() -> None:
    body = {"name": "Maya", "role": "duty"}
    assert steps("content.opened", body, heard(partner="edt", on=HANDOVER)) == []
    (step,) = steps("content.opened", body, heard(partner="north", on=HANDOVER))
    assert step.event == "opened"


def test_a_telephone_call_accepts_only_where_the_work_was_accepted() -> None:
    taken = {"taken_by": "Maya", "taken_role": "duty"}
    for accepts, event in ((True, "taken_by_phone"), (False, "delivered")):
        body = taken | {"accepts": accepts}
        (step,) = steps("delivery.taken_by_phone", body, heard(partner="north", on=HANDOVER))
        assert (step.event, step.facts.name) == (event, "Maya")


def test_a_delivery_that_needs_a_person_leaves_custody_undeliverable() -> None:
    assert [s.event for s in settled("needs_person", HANDOVER, "north")] == ["undeliverable"]
    assert settled("waiting", HANDOVER, "north") == []
    assert settled("delivered", replace(HANDOVER, ack=AckLevel.RECEIVED), "north") == []


def play(*acts: tuple[str, dict[str, Any], Heard]) -> dict[tuple[str, UUID, str], str]:
    """The journeys after these messages, each of whose moves must be legal."""
    states: dict[tuple[str, UUID, str], Moved] = {}
    for type, body, around in acts:
        for step in steps(type, body, around):
            key = (step.machine, step.subject, step.party)
            if step.only_moves and key not in states:
                continue
            machine = MACHINES[step.machine]
            before = states.get(key, Moved(machine.initial))
            facts: Facts = replace(step.facts, holder=before.holder)
            outcome = move(machine, before.state, step.event, facts)
            assert not isinstance(outcome, Illegal), outcome
            states[key] = outcome
    return {key: moved.state for key, moved in states.items()}


def test_a_referral_runs_from_receipt_to_the_referrers_notice() -> None:
    decided = {"outcome": "nfa", "reason": "below threshold", "decided_by": MAYA}
    notice = {("notice", TWO, ""): "made"}
    ends = play(
        ("referral.received", {}, heard(ONE)),
        ("referral.decision", decided, heard(journey=ONE)),
        ("referral.acknowledged", {}, heard(journey=ONE)),
        ("referrer.decision_feedback", {"outcome": "nfa"}, heard(journey=ONE)),
    )
    assert ends == {("referral", ONE, ""): "decided"} | notice, "a notice that is made tells nobody"
    decided = decided | {"outcome": "assessment"}
    ends = play(
        ("referral.received", {}, heard(ONE)),
        ("referral.acknowledged", {}, heard(journey=ONE)),
        ("referral.decision", decided, heard(journey=ONE)),
        ("referrer.decision_feedback", {"outcome": "assessment"}, heard(journey=ONE)),
    )
    assert ends == {("referral", ONE, ""): "assessing"} | notice


def test_a_notice_that_got_through_moves_its_referral_on_unless_it_was_decided_anew() -> None:
    found = {
        (made, stands): told_of(ONE, made, T, stands)
        for made in ("acknowledging", "feeding_back", "nfa_feeding_back", "decided")
        for stands in (True, False)
    }
    assert {key: one and one.event for key, one in found.items()} == {
        ("acknowledging", True): "acknowledged",
        ("acknowledging", False): "acknowledged",
        ("feeding_back", True): "fed_back",
        ("feeding_back", False): "fed_back",
        ("nfa_feeding_back", True): "nfa_fed_back",
        ("nfa_feeding_back", False): "fed_back",
        ("decided", True): None,
        ("decided", False): None,
    }


@pytest.mark.parametrize("decision", ["s47_joint", "s47_csc", "s47_police", "no_s47", "reconvene"])
@pytest.mark.parametrize("met", [True, False])
def test_a_strategy_discussion_is_held_and_decided(decision: str, met: bool) -> None:
    record = {
        "chair": MAYA,
        "quorum": {"met": met, "went_on_because": "no time"},
        "decision": {"decision": decision, "reason": "risk"},
    }
    ends = play(
        ("strategy.requested", {"why": "harm"}, heard(ONE)),
        ("strategy.record", record, heard(journey=ONE)),
        ("strategy.record", record, heard(journey=ONE)),
    )
    state = {"no_s47": "recorded", "reconvene": "convening"}.get(decision, decision)
    assert ends[("strategy", ONE, "")] == state


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({}, "contact_recorded"),
        ({"outcome": "ADVICE", "outcome_because": "asked only"}, "advice_given"),
        ({"outcome": "EXISTING_REFERRAL"}, "routed_to_open_case"),
        ({"action": "passed_as_referral"}, "passed_on"),
        ({"outcome": "NEW_REFERRAL"}, "passed_on"),
        ({"action": "to_other_agency", "outcome_because": "health"}, "signposted"),
    ],
)
def test_a_contact_ends_as_its_outcome_says(body: dict[str, Any], state: str) -> None:
    assert play(("contact.recorded", body, heard(ONE))) == {("referral", ONE, ""): state}
