"""What each message must say is refused when unsaid, with a cure; what it need not say never stops it."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from schemas.codes import Reason, ReferrerKind, Refusal, Relation, Response
from schemas.completeness import completeness
from schemas.contact import ContactRecorded, Knowledge
from schemas.handover import HandoverResponse
from schemas.people import ChildIdentity, Referrer, Seeing, Worker
from schemas.values import NOT_ASKED, Said, told
from tests.kit import people

DROP = object()


def changed(body: Said, path: str, value: Any) -> dict[str, Any]:
    """The body as JSON with one place changed, or dropped."""
    whole: dict[str, Any] = body.model_dump(mode="json", by_alias=True)
    here: Any = whole
    *steps, last = path.split(".")
    for step in steps:
        here = here[int(step)] if step.isdigit() else here[step]
    if value is DROP:
        del here[last]
    else:
        here[last] = value
    return whole


REFUSED = [
    (people.a_strategy_record(0), "held.end", None, "held.end is missing"),
    (people.a_strategy_record(0), "chair.name", None, "chair needs a name and a role"),
    (people.a_strategy_record(0), "quorum.met", False, "went_on_because and reconvene_by"),
    (people.a_strategy_record(0), "decision.threshold_met", False, "without threshold_met"),
    (people.a_strategy_record(0), "decision.clause", DROP, "Field required"),
    (people.a_strategy_record(0), "decision.deviation", "police_declined", "in each agency"),
    (people.a_strategy_record(0), "participants.3.absent_because", None, "say why"),
    (people.a_strategy_record(0), "chair_grade", DROP, "Field required"),
    (people.a_strategy_record(0), "participants.0.worker.agency", None, "for whom they speak"),
    (people.a_strategy_record(0), "actions.0.by", None, "by when"),
    (people.a_strategy_record(0), "telling.0.must_not_because", None, "must_not_because"),
    (people.a_decision(0), "reason", DROP, "Field required"),
    (people.a_decision(0), "relied_on", [], "at least 1"),
    (people.a_decision(0), "decided_by.role", None, "decided_by needs a name and a role"),
    (people.a_decision(0), "outcome", "nfa", "other_support must suggest"),
    (people.a_decision(0), "threshold.version", DROP, "Field required"),
    (people.a_feedback(0), "outcome", "advice", "give both"),
    (people.a_feedback(0), "referrer", {"kind": "anonymous"}, "cannot be told"),
    (people.a_handover(0), "outstanding", [], "nothing_outstanding"),
    (people.a_handover(0), "outstanding.0.by", None, "latest safe time"),
    (people.a_handover(3), "legal.started_at", None, "72 hours run from there"),
    (people.a_handover(3), "legal.expires_at", "2026-11-30T00:00:00Z", "cannot be extended"),
    (people.a_handover(0), "visits.0.seeing.plan", None, "not seen alone needs a plan"),
    (people.a_contact(people.seed_of("twin")), "household.group", None, "ties their messages"),
    (people.a_handover(0), "legal.basis", "epo", "the end that the order states"),
    (people.a_handover(0), "visits.0.seeing.reason", None, "without a reason"),
    (people.a_handover(0), "decisions.0.authorised_by.name", None, "authorised_by needs"),
    (people.an_attendance(0), "site", "the infirmary", "pattern"),
    (people.a_contact(0), "outcome", "NFA", "never without its reason"),
    (people.a_contact(0), "received_at", "2026-11-23T10:00:00", "timezone"),
    (people.a_police_notification(0), "risk", "purple", "'high', 'medium' or 'low'"),
]


@pytest.mark.parametrize(
    ("body", "path", "value", "cure"),
    REFUSED,
    ids=[f"{r[0].__class__.__name__}-{r[1]}" for r in REFUSED],
)
def test_what_must_be_said_is_refused_unsaid(body: Said, path: str, value: Any, cure: str) -> None:
    type(body).model_validate(body.model_dump(mode="json", by_alias=True))
    with pytest.raises(ValidationError, match=cure):
        type(body).model_validate(changed(body, path, value))


def test_a_cancellation_names_the_visit_it_undoes() -> None:
    undone = changed(people.an_attendance(0), "kind", "admission_cancelled") | {"visit": None}
    with pytest.raises(ValidationError, match="PV1-19"):
        type(people.an_attendance(0)).model_validate(undone)


def test_seen_alone_false_is_legitimate_but_never_unexplained() -> None:
    with pytest.raises(ValidationError, match="seen_alone is false without a reason"):
        Seeing(seen=True, seen_alone=False)
    with pytest.raises(ValidationError, match="needs a plan"):
        Seeing(seen=False, seen_alone=False, reason=Reason.NOT_PRESENT)
    with pytest.raises(ValidationError, match="reason_text"):
        Seeing(seen=True, seen_alone=False, reason=Reason.OTHER)
    with pytest.raises(ValidationError, match="was seen"):
        Seeing(seen=False, seen_alone=True)
    Seeing(seen=True, seen_alone=False, reason=Reason.TOO_YOUNG)


def test_a_child_is_born_or_expected_never_both() -> None:
    with pytest.raises(ValidationError, match="keep born"):
        ChildIdentity.model_validate({"born": "2026-11-01", "expected": "2026-11-09"})


def test_no_disability_stands_alone() -> None:
    codes = [{"code": "NONE"}, {"code": "HEAR"}]
    with pytest.raises(ValidationError, match="stands alone"):
        ChildIdentity.model_validate({"disabilities": {"value": codes}})


def test_an_anonymous_referrer_has_nothing_to_be_known_by() -> None:
    with pytest.raises(ValidationError, match="has no phone: leave it out"):
        Referrer(kind=ReferrerKind.ANONYMOUS, phone="07700 900142")
    assert not Referrer(kind=ReferrerKind.ANONYMOUS).can_be_told


def test_a_secret_from_the_family_has_a_reason() -> None:
    with pytest.raises(ValidationError, match="say why the family must not know"):
        Knowledge(confidential_from_family="The referral itself")


@pytest.mark.parametrize(
    ("response", "cure"),
    [
        (Response.QUERIED, "needs query"),
        (Response.REFUSED, "needs refusal"),
        (Response.REASSIGNED, "a name or a team"),
        (Response.ESCALATED, "say why it goes up"),
    ],
)
def test_every_answer_but_yes_says_more(response: Response, cure: str) -> None:
    with pytest.raises(ValidationError, match=cure):
        people.a_response("EDT-1", response)


def test_other_is_no_reason() -> None:
    with pytest.raises(ValidationError, match="say what it is"):
        people.a_response("EDT-1", Response.REFUSED, refusal=Refusal.OTHER)


@pytest.mark.parametrize(
    ("by", "accepts"),
    [
        (Worker(name="Delphie Marrowby", role="Duty manager"), True),
        (Worker(name="Delphie Marrowby"), False),
        (Worker(role="Duty manager"), False),
        (None, False),
    ],
)
def test_acceptance_without_name_and_role_is_valid_but_only_receipt(
    by: Worker | None, accepts: bool
) -> None:
    response: HandoverResponse = people.a_response(uuid4(), by=by)
    assert response.accepts is accepts


def test_a_message_id_is_read_as_one_and_a_reference_as_itself() -> None:
    identifier = uuid4()
    for answers in (identifier, "EDT-000001"):
        sent = people.a_response(answers).model_dump_json()
        assert HandoverResponse.model_validate_json(sent).answers == answers


def test_the_least_that_a_caller_can_say_is_a_valid_contact() -> None:
    body = ContactRecorded.model_validate(
        {
            "reference": "CALL-1",
            "channel": "phone",
            "received_at": "2026-11-23T21:00:00Z",
            "caller": {"kind": "anonymous"},
            "child": {},
            "concern": {
                "what": "A child is crying at number 9",
                "immediate_danger": {"value": True},
            },
        }
    )
    assert body.child.ethnicity is NOT_ASKED
    found = completeness(body)
    assert found is not None and found.score < 30 and not found.safe_to_act
    assert "child.name" in [item.path for item in found.missing]
    assert not any(item.path.startswith("caller") for item in found.missing)


def test_completeness_rises_with_what_is_known_and_not_known_is_an_answer() -> None:
    full = completeness(people.a_referral(people.seed_of("plain")))
    unknown = completeness(people.a_referral(people.seed_of("unknown")))
    assert full is not None and unknown is not None
    assert full.score > 90 > unknown.score
    assert full.safe_to_act and not unknown.safe_to_act
    asked = [item.path for item in full.missing]
    assert "child.religion" not in asked
    assert asked == ["knowledge.consent_to_referral", "parents_view"]


def test_the_stories_are_told_as_annex_b_wants_them() -> None:
    unborn = people.a_child(people.seed_of("unborn"))
    assert unborn.unborn and unborn.born is None
    twin = people.a_contact(people.seed_of("twin"))
    assert twin.household.children[0].born == twin.child.born
    fathers = people.a_household(people.seed_of("two_fathers"))
    assert [told(a.relation) for a in fathers.adults].count(Relation.FATHER) == 2
    assert told(people.a_child(people.seed_of("interpreter")).interpreter_needed) is True
    refuge = told(people.a_child(people.seed_of("refuge")).address)
    assert refuge is not None and refuge.kind == "refuge"
    kinds = {people.a_contact(seed).caller.kind for seed in range(8)}
    assert kinds == set(ReferrerKind)
    numbers = {people.nhs(seed) for seed in range(5000)}
    assert len(numbers) == 5000 and all(number.startswith("999") for number in numbers)


def test_a_baby_seen_with_a_parent_needs_no_plan_to_be_seen_alone() -> None:
    seen = Seeing(seen=True, seen_alone=False, reason=Reason.TOO_YOUNG)
    assert seen.plan is None


def test_a_pupil_number_and_why_there_is_none_exclude_each_other() -> None:
    number = {"upn": {"value": "E820432112345"}}
    ChildIdentity.model_validate(number)
    with pytest.raises(ValidationError, match="upn and upn_unknown are both given"):
        ChildIdentity.model_validate(number | {"upn_unknown": "UN4"})
