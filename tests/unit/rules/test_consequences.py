"""A referrer who can be told is told, in words the schema takes; an anonymous one never."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hub.partners import Role
from hub.rules.consequences import (
    Consequence,
    NoConsequence,
    Notices,
    Outcome,
    Referral,
    consequences,
)
from hub.rules.disclose import Policy, Verdict, disclose, own
from hub.rules.editions import load
from schemas.envelope import Sender
from schemas.kinds import places
from schemas.register import model_of

NOTICES = next(iter(load(Path("deploy/rules/notices"), Notices)))
POLICY = next(iter(load(Path("deploy/rules/disclosure"), Policy)))
ONE, TWO = UUID(int=1 << 100), UUID(int=2)
SCHOOL = Sender(agency="SCH-1")

REFERRAL: dict[str, Any] = {
    "reference": "MARF-7",
    "received_at": "2026-06-30T23:30:00Z",
    "referrer": {
        "kind": "professional",
        "name": {"value": {"whole": "Ada Bright"}},
        "agency_id": "SCH-1",
        "email": "head@school.example.org",
    },
    "child": {
        "name": {"value": {"whole": "Ava Stone"}},
        "address": {"value": {"lines": ["1 Invented Row"]}},
    },
    "reason": "a mark",
    "concern": {"what": "a mark on the arm"},
}
DECISION: dict[str, Any] = {
    "reference": "D-1",
    "referral_reference": "MARF-7",
    "outcome": "nfa",
    "threshold": {"level": "2", "document": "Need", "version": "3"},
    "reason": "explained",
    "relied_on": ["school"],
    "decided_by": {"name": "Tom Reyes", "role": "team manager"},
    "decided_at": "2026-07-01T10:00:00Z",
    "procedure_edition": "EN-WT2023",
    "next_step": "none",
    "other_support": "family hub",
    "child": REFERRAL["child"],
}
CONTACT: dict[str, Any] = {
    "reference": "C-1",
    "channel": "phone",
    "received_at": "2026-06-30T23:30:00Z",
    "caller": REFERRAL["referrer"],
    "child": REFERRAL["child"],
    "concern": {"what": "alone at night", "immediate_danger": {"value": True}},
}


def outcome(type: str, body: dict[str, Any], referral: dict[str, Any] | None = None) -> Outcome:
    known = Referral(ONE, SCHOOL, referral) if referral else None
    (found,) = consequences(type, TWO, SCHOOL, body, NOTICES, known)
    return found


def valid(found: Outcome) -> Consequence:
    """The consequence, whose body its schema takes."""
    assert isinstance(found, Consequence), found
    model_of(found.type).model_validate(found.body)
    assert found.causation == TWO
    return found


def by(kind: str, **more: Any) -> dict[str, Any]:
    return REFERRAL | {"referrer": {"kind": kind} | more}


def test_the_inputs_are_what_the_schemas_take() -> None:
    model_of("referral.received").model_validate(REFERRAL)
    model_of("referral.decision").model_validate(DECISION)
    model_of("contact.recorded").model_validate(CONTACT)


def test_a_referral_is_acknowledged_to_its_referrer_without_case_content() -> None:
    found = valid(outcome("referral.received", REFERRAL))
    assert (found.type, found.part) == ("referral.acknowledged", "acknowledgement")
    assert [(r.agency, r.role) for r in found.recipients] == [("SCH-1", "professional_referrer")]
    assert found.address == "head@school.example.org"
    assert "Ava" not in str(found.body)


def test_a_decision_is_told_to_the_referrer_of_that_referral() -> None:
    found = valid(outcome("referral.decision", DECISION, REFERRAL))
    assert (found.type, found.part) == ("referrer.decision_feedback", "feedback")
    assert found.body["referral_reference"] == "MARF-7"
    assert found.body["referred_on"] == "2026-07-01", "the day in London, not in UTC"


@pytest.mark.parametrize("type", ["referral.received", "referral.decision"])
def test_an_anonymous_referrer_is_told_nothing_and_it_is_recorded(type: str) -> None:
    body = by("anonymous")
    found = outcome(type, body if type == "referral.received" else DECISION, body)
    assert isinstance(found, NoConsequence)
    assert "anonymous" in found.why


def test_a_confidential_referrer_is_told_by_whoever_keeps_their_identity() -> None:
    assert isinstance(outcome("referral.received", by("public_confidential")), NoConsequence)


def test_a_member_of_the_public_is_written_to_as_one() -> None:
    found = valid(outcome("referral.received", by("public_named", email="gran@example.org")))
    assert [(r.agency, r.role) for r in found.recipients] == [("public", "public_referrer")]


def test_a_decision_on_an_unknown_referral_or_at_an_interim_stage_tells_nobody() -> None:
    assert isinstance(outcome("referral.decision", DECISION), NoConsequence)
    interim = outcome("referral.decision", DECISION | {"stage": "screening"}, REFERRAL)
    assert interim == NoConsequence(
        "referrer.decision_feedback", "the decision is not final: stage screening"
    )


def test_a_contact_becomes_a_referral_only_where_its_own_words_say_so() -> None:
    assert consequences("contact.recorded", TWO, SCHOOL, CONTACT, NOTICES) == ()
    passed = CONTACT | {"outcome": "NEW_REFERRAL", "outcome_because": "child at risk"}
    found = valid(outcome("contact.recorded", passed))
    assert found.type == "referral.received"
    assert (found.body["reason"], found.body["urgency"]) == ("child at risk", "immediate")
    assert found.recipients == ()


def test_nothing_else_has_consequences() -> None:
    assert consequences("edt.handover", TWO, SCHOOL, {}, NOTICES) == ()


def test_the_referrers_notice_is_disclosed_without_address_or_other_people() -> None:
    found = valid(outcome("referral.decision", DECISION, REFERRAL))
    seen = disclose(
        POLICY,
        places(model_of(found.type)),
        found.body,
        (),
        Role.PROFESSIONAL_REFERRER,
        own(POLICY, found.type, found.body),
    )
    assert seen.verdict is Verdict.PERMIT
    assert seen.body["outcome"] == "nfa"
    assert seen.body["child"]["name"] == {"value": {"whole": "Ava Stone"}}
    assert "1 Invented Row" not in str(seen.body)


def test_the_assessment_team_sees_who_referred_unless_they_asked_for_protection() -> None:
    kind = "referral.received"
    for referrer, shown in (("professional", True), ("public_confidential", False)):
        body = REFERRAL | {"referrer": REFERRAL["referrer"] | {"kind": referrer}}
        facts = own(POLICY, kind, body)
        seen = disclose(POLICY, places(model_of(kind)), body, (), Role.ASSESSMENT_TEAM, facts)
        assert ("Ada Bright" in str(seen.body)) is shown
