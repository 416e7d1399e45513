"""What a recipient was released is read off the decision that stands on its delivery, and nothing else is."""

import pytest

from hub.rules.disclose import Verdict
from hub.rules.release import awaits_review, decided, let_go, was_released


@pytest.mark.parametrize(
    ("verdict", "released"),
    [(Verdict.PERMIT, True), (Verdict.REVIEW, False), (Verdict.DENY, False)],
)
def test_only_what_the_policy_permits_is_released_without_a_person(
    verdict: Verdict, released: bool
) -> None:
    assert was_released(decided("FDH-2026.1", verdict, "R-1"), 0) is released


def test_a_second_persons_release_is_written_beside_the_verdict() -> None:
    held = decided("FDH-2026.1", Verdict.REVIEW, "R-1")
    assert awaits_review(held)
    released = let_go(held)
    assert released == "FDH-2026.1: review, released; routing R-1"
    assert was_released(released, 0)
    assert not awaits_review(released)


def test_what_went_out_before_releases_were_written_down_counts_as_released() -> None:
    assert was_released(decided("FDH-2026.1", Verdict.REVIEW, "R-1"), 1)


def test_without_a_decision_nothing_is_released() -> None:
    assert not was_released(None, 0)
