"""One recipient, one rendering: nobody's copy holds what the policy keeps from their role (promise 7)."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.partners import Role
from hub.rules.disclose import Disclosure, Own, Policy, Verdict, disclose, names, own
from hub.rules.editions import load
from schemas.kinds import Place
from schemas.labels import DataKind, Restriction

POLICY = next(iter(load(Path("deploy/rules/disclosure"), Policy)))

PLACES = (
    Place("reference", DataKind.DELIVERY_METADATA),
    Place("child.name", DataKind.CHILD_IDENTITY),
    Place("child.address", DataKind.CURRENT_ADDRESS),
    Place("referrer.kind", DataKind.DELIVERY_METADATA, (), True),
    Place("referrer.name", DataKind.REFERRER_IDENTITY),
    Place("adults[].name", DataKind.OTHER_PARENT),
    Place("adults[].health", DataKind.THIRD_PARTY_HEALTH),
    Place("danger", DataKind.CONCERN_NARRATIVE, (), True),
    Place("what", DataKind.CONCERN_NARRATIVE),
    Place("outcome", DataKind.DECISION, (), True),
    Place("reason", DataKind.DECISION),
    Place("police[].text", DataKind.POLICE_INTELLIGENCE, (Restriction.POLICE_RESTRICTED,)),
    Place("police[].handling", DataKind.DELIVERY_METADATA),
    Place("born_as", DataKind.ADOPTION_LINK),
)
BODY: dict[str, Any] = {
    "reference": "R1",
    "child": {"name": "Ava", "address": "1 Safe Row"},
    "referrer": {"kind": "public_confidential", "name": "Gran"},
    "adults": [{"name": "Dad", "health": "ill"}, {"name": "Mum"}],
    "danger": True,
    "what": "told at school",
    "outcome": "R1",
    "reason": "because of Dad",
    "police": [
        {"text": "known", "handling": {"may_share_with": ["assessment_team"]}},
        {"text": "secret", "handling": {"may_share_with": []}},
    ],
    "born_as": "Zoe",
}


NO_FACTS = Own()


def shown(role: Role, facts: Own = NO_FACTS, *labels: Restriction, **more: Any) -> Disclosure:
    return disclose(POLICY, PLACES, BODY | more, labels, role, facts)


def test_the_assessment_team_gets_the_case_without_the_protected_referrer() -> None:
    body = shown(Role.ASSESSMENT_TEAM).body
    assert body["child"] == BODY["child"]
    assert body["referrer"] == {"kind": "public_confidential"}
    assert body["adults"] == [{"name": "Dad"}, {"name": "Mum"}]
    assert "born_as" not in body


def test_an_open_referrer_is_shown_to_the_assessment_team_and_never_to_family() -> None:
    facts = Own(open_referrer=True)
    assert shown(Role.ASSESSMENT_TEAM, facts).body["referrer"]["name"] == "Gran"
    assert "name" not in shown(Role.PARENT, facts).body.get("referrer", {})


def test_police_information_goes_on_only_as_its_originator_allows() -> None:
    team = shown(Role.ASSESSMENT_TEAM)
    assert [p["text"] for p in team.body["police"]] == ["known"], "no skeleton of the other"
    assert "police[1].handling" in {one.path for one in team.withheld}, "it stays on record"
    assert [p.get("text") for p in shown(Role.POLICE).body["police"]] == ["known", "secret"]
    assert "police" not in shown(Role.HEALTH).body


NOTES = (
    Place("note", DataKind.CONCERN_NARRATIVE),
    Place("handling", DataKind.DELIVERY_METADATA),
    Place("information[].agency", DataKind.DELIVERY_METADATA),
    Place("information[].text", DataKind.CONCERN_NARRATIVE),
    Place("information[].handling", DataKind.DELIVERY_METADATA),
)


def noted(role: Role, facts: Own = NO_FACTS, **body: Any) -> dict[str, Any]:
    return disclose(POLICY, NOTES, body, (), role, facts).body


def test_what_an_agency_told_is_bound_by_its_condition_also_where_it_is_narrative() -> None:
    covert = {"agency": "West Yorkshire Police", "text": "covert"}
    told = covert | {"handling": {"may_share_with": ["edt"]}}
    body: dict[str, Any] = {"note": "seen", "information": [covert, told]}
    assert noted(Role.ASSESSMENT_TEAM, **body) == {"note": "seen"}
    assert noted(Role.EDT, **body) == {"note": "seen", "information": [told]}
    own_words = Own(names=names("X26POL", "West Yorkshire Police, public protection"))
    assert noted(Role.POLICE, own_words, **body) == body


def test_the_condition_around_a_whole_message_binds_all_of_it_and_items_only_narrow_it() -> None:
    item = {"agency": "a", "text": "t", "handling": {"may_share_with": ["edt", "health"]}}
    only = {"may_share_with": ["edt"]}
    body: dict[str, Any] = {"note": "n", "handling": only, "information": [item]}
    assert noted(Role.EDT, **body) == body
    assert noted(Role.ASSESSMENT_TEAM, **body) == {}
    assert disclose(POLICY, NOTES, body, (), Role.POLICE, Own()).verdict is Verdict.DENY
    own_words = disclose(POLICY, NOTES, body, (), Role.POLICE, Own(told=True))
    assert own_words.body["note"] == "n", "who said it has it"


def test_a_message_whose_condition_names_nobody_is_read_by_the_matrix() -> None:
    body: dict[str, Any] = {"note": "n", "handling": {"code": "P1"}}
    assert noted(Role.ASSESSMENT_TEAM, **body) == body


def test_a_summary_keeps_codes_and_loses_words() -> None:
    body = shown(Role.HEALTH).body
    assert body["danger"] is True
    assert "what" not in body


def test_a_professional_referrer_gets_their_own_child_and_the_decision_alone() -> None:
    body = shown(Role.PROFESSIONAL_REFERRER, Own(told=True)).body
    assert body == {
        "reference": "R1",
        "child": {"name": "Ava"},
        "referrer": {"kind": "public_confidential", "name": "Gran"},
        "outcome": "R1",
    }


def test_somebody_elses_referral_shows_a_referrer_no_child() -> None:
    assert "child" not in shown(Role.PROFESSIONAL_REFERRER).body


def test_a_public_referrer_learns_no_outcome() -> None:
    feedback = own(POLICY, "referrer.decision_feedback", BODY)
    body = shown(Role.PUBLIC_REFERRER, feedback).body
    assert body["reference"] == "R1"
    assert not {"outcome", "child", "what"} & set(body)


def test_an_anonymous_referrer_gets_nothing_and_it_is_said_why() -> None:
    body = BODY | {"referrer": {"kind": "anonymous"}}
    facts = own(POLICY, "referrer.decision_feedback", body)
    denied = shown(Role.PUBLIC_REFERRER, facts, **body)
    assert (denied.verdict, denied.body) == (Verdict.DENY, {})
    assert "anonymous" in denied.why


def test_family_copies_are_released_by_a_second_person() -> None:
    assert shown(Role.PARENT).verdict is Verdict.REVIEW
    assert shown(Role.PARENT, Own(household=True)).body["child"]["address"] == "1 Safe Row"


@pytest.mark.parametrize("label", [Restriction.SAFE_ADDRESS, Restriction.PDS_SENSITIVE])
def test_a_restricted_address_is_withheld_even_in_the_household(label: Restriction) -> None:
    parent = shown(Role.PARENT, Own(household=True), label)
    assert "address" not in parent.body["child"]
    assert any(w.path == "child.address" and label.value in w.why for w in parent.withheld)


def test_staff_family_is_held_for_review() -> None:
    assert shown(Role.EDT, Own(), Restriction.STAFF_FAMILY).verdict is Verdict.REVIEW


def test_a_kind_without_a_row_counts_as_narrative() -> None:
    rows = {k: v for k, v in POLICY.rows.items() if k is not DataKind.THIRD_PARTY_HEALTH}
    older = POLICY.model_copy(update={"rows": rows})
    team = disclose(older, PLACES, BODY, (), Role.ASSESSMENT_TEAM, Own())
    assert team.body["adults"][0]["health"] == "ill"
    for role in (Role.PARENT, Role.PUBLIC_REFERRER, Role.PROFESSIONAL_REFERRER):
        assert "ill" not in str(disclose(older, PLACES, BODY, (), role, Own(told=True)).body)


def test_a_field_nobody_described_is_never_shown_to_family() -> None:
    assert "new" not in shown(Role.PARENT, Own(household=True), new="words").body
    assert "new" not in shown(Role.SCHOOL, Own(), new="words").body


@given(
    role=st.sampled_from(list(Role)),
    facts=st.builds(Own, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    labels=st.sets(st.sampled_from(list(Restriction))),
    more=st.sampled_from(list(Restriction)),
)
def test_a_further_label_never_shows_more(
    role: Role, facts: Own, labels: set[Restriction], more: Restriction
) -> None:
    before = shown(role, facts, *labels)
    after = shown(role, facts, *labels, more)
    assert set(after.released) <= set(before.released)
    order = [Verdict.PERMIT, Verdict.REVIEW, Verdict.DENY]
    assert order.index(after.verdict) >= order.index(before.verdict)


@given(
    role=st.sampled_from(list(Role)),
    facts=st.builds(Own, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)
def test_every_field_is_released_or_accounted_for(role: Role, facts: Own) -> None:
    result = shown(role, facts)
    paths = [*result.released, *(w.path for w in result.withheld)]
    assert len(paths) == len(set(paths)) == 17
    assert all(w.why for w in result.withheld)
    assert "Zoe" not in str(result.body)
