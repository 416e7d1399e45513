"""The joint-visit protocol advises with its clause, and new information never makes it laxer."""

from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules.editions import load
from hub.rules.joint_visits import (
    Advice,
    Condition,
    Protocol,
    deviates,
    evaluate,
    known_of,
    not_known_of,
    revisit,
)
from schemas.codes import VisitMode

PROTOCOL = next(iter(load(Path("deploy/rules/joint_visits"), Protocol)))


@pytest.mark.parametrize(
    ("known", "advice", "clause"),
    [
        ({"sexual_abuse", "by_household"}, Advice.JOINT_REQUIRED, "1"),
        ({"injury", "pre_mobile", "minor_injury"}, Advice.JOINT_REQUIRED, "2b"),
        ({"injury", "implausible_account"}, Advice.JOINT_REQUIRED, "2c"),
        ({"serious_neglect"}, Advice.JOINT_REQUIRED, "3"),
        ({"allegation_against_professional"}, Advice.JOINT_REQUIRED, "4"),
        ({"minor_injury"}, Advice.SINGLE_CSC, "7a"),
        ({"minor_injury", "history"}, Advice.DISCUSS, ""),
        ({"emotional_harm"}, Advice.SINGLE_CSC, "7b"),
        ({"emotional_harm", "exploitation"}, Advice.DISCUSS, "5"),
        ({"assault_by_stranger"}, Advice.SINGLE_POLICE, "6a"),
        ({"assault_by_stranger", "family_protection_issue"}, Advice.DISCUSS, ""),
        ({"adult_reports_past_abuse", "child_at_risk_now"}, Advice.DISCUSS, ""),
        ({"domestic_abuse", "injury"}, Advice.DISCUSS, "5a"),
        (set(), Advice.DISCUSS, ""),
    ],
)
def test_the_protocol(known: set[Condition], advice: Advice, clause: str) -> None:
    advised = evaluate(PROTOCOL, frozenset(known))
    assert (advised.advice, advised.clause, advised.edition) == (advice, clause, "FDH-2026.1")


def test_complex_abuse_needs_a_meeting_first() -> None:
    assert evaluate(PROTOCOL, frozenset({"fabricated_illness"})).meeting
    assert not evaluate(PROTOCOL, frozenset({"serious_injury"})).meeting


def test_another_mode_than_advised_is_a_deviation_and_discussion_leaves_the_choice() -> None:
    joint = evaluate(PROTOCOL, frozenset({"serious_injury"}))
    alone = evaluate(PROTOCOL, frozenset({"emotional_harm"}))
    open_choice = evaluate(PROTOCOL, frozenset())
    assert [deviates(joint, mode.value) for mode in VisitMode] == [False, True, True]
    assert [deviates(alone, mode.value) for mode in VisitMode] == [True, False, True]
    assert not any(deviates(open_choice, mode.value) for mode in VisitMode)
    assert revisit(alone, joint)
    assert not revisit(joint, alone)


@pytest.mark.parametrize(
    ("child", "harm", "known", "open_clauses"),
    [
        ({"born": "2026-09-01"}, "PHY", {"pre_mobile"}, ["2a", "2b", "2c"]),
        ({"born": "2020-09-01"}, "PHY", set(), ["2a", "2c"]),
        ({}, "PHY", set(), ["2a", "2c"]),
        ({"interpreter_needed": {"value": True}}, "NEG", {"communication_needs"}, ["3"]),
        (
            {"disabilities": {"value": [{"code": "COMM"}]}},
            "EMO",
            {"communication_needs", "emotional_harm"},
            [],
        ),
        ({"interpreter_needed": "not_known"}, "MUL", set(), ["1", "2a", "2c", "3"]),
    ],
)
def test_the_child_and_the_harm_say_what_is_known_and_what_is_not(
    child: dict[str, Any], harm: str, known: set[Condition], open_clauses: list[str]
) -> None:
    body = {"child": child, "harm": [{"code": harm}]}
    found = known_of(body, date(2026, 11, 24), PROTOCOL)
    assert found == known
    assert [clause for clause, _ in evaluate(PROTOCOL, found, not_known_of(body)).open] == (
        open_clauses
    )


@given(
    known=st.frozensets(st.sampled_from(get_args(Condition))),
    more=st.sampled_from(get_args(Condition)),
)
def test_more_harm_known_never_turns_a_joint_visit_into_a_single_one(
    known: frozenset[Condition], more: Condition
) -> None:
    before = evaluate(PROTOCOL, known)
    after = evaluate(PROTOCOL, known | {more})
    if before.advice is Advice.JOINT_REQUIRED:
        assert after.advice is Advice.JOINT_REQUIRED
