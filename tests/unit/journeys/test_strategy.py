"""No agency's silence is taken for agreement, and nobody visits alone without a recorded deviation."""

import pytest

from hub.journeys.machine import Do, Effect, Facts, Illegal, Moved, move
from hub.journeys.referral import REFERRAL
from hub.journeys.strategy import STRATEGY

POLICE_AWAITED = Facts(awaited=frozenset({"police"}))


def test_a_record_is_confirmed_only_when_every_agency_has_answered() -> None:
    first = move(STRATEGY, "recorded", "confirmed", POLICE_AWAITED)
    assert isinstance(first, Moved)
    assert first.state == "recorded"
    last = move(STRATEGY, "recorded", "confirmed", Facts())
    assert isinstance(last, Moved)
    assert last.state == "confirmed"


def test_a_joint_visit_waits_for_both_agencies() -> None:
    assert move(STRATEGY, "visit_proposed", "both_accepted", POLICE_AWAITED) == Illegal(
        "no answer yet from police"
    )


def test_going_alone_needs_a_manager_and_a_reason() -> None:
    for facts in (Facts(reason="police busy"), Facts(approver="DI Shaw")):
        assert isinstance(
            move(STRATEGY, "one_agency_unavailable", "proceed_single", facts), Illegal
        )
    both = Facts(reason="police busy", approver="DI Shaw")
    assert isinstance(move(STRATEGY, "one_agency_unavailable", "proceed_single", both), Moved)


@pytest.mark.parametrize("state", ["held", "held_inquorate"])
@pytest.mark.parametrize("decision", ["s47_joint", "s47_csc", "s47_police"])
def test_the_discussion_that_initiates_s47_starts_its_clock(state: str, decision: str) -> None:
    moved = move(STRATEGY, state, decision, Facts())
    assert isinstance(moved, Moved)
    assert Effect(Do.START, "s47_outcome") in moved.effects


def test_nobody_declines_without_a_reason() -> None:
    assert move(STRATEGY, "requested", "declined", Facts()) == Illegal("a reason is needed")


def test_a_referral_is_decided_by_somebody_with_a_reason() -> None:
    assert isinstance(move(REFERRAL, "referral", "decided", Facts(reason="x")), Illegal)
    assert isinstance(move(REFERRAL, "referral", "decided", Facts(name="Tom")), Illegal)
    assert isinstance(move(REFERRAL, "referral", "decided", Facts(name="Tom", reason="x")), Moved)


def test_what_is_still_owed_keeps_a_referral_open_and_is_named() -> None:
    owing = Facts(lacks=("the notice to the school",))
    assert move(REFERRAL, "completed", "closed", owing) == Illegal(
        "still owed: the notice to the school"
    )
