"""No receipt loses a delivery, a stale success counts, and only the certain is repeated unasked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.journeys.delivery import (
    DELIVERY,
    Outcome,
    Policy,
    Receipt,
    Settled,
    Standing,
    State,
    delay,
    settle,
)
from hub.partners import Retry
from schemas.envelope import AckLevel

NOW = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
RETRY = Retry.model_validate({"first": 5, "longest": 900, "tries": 4})
RESEND = Policy(RETRY, "resend")
ASK = Policy(RETRY, "ask")
UNDER_WAY = Standing("under_way", 2, 1, AckLevel.RECEIVED)
TAKEN = Receipt(2, Outcome.TAKEN, AckLevel.RECEIVED)


def settled(
    outcome: Outcome, standing: Standing = UNDER_WAY, policy: Policy = RESEND, **facts: object
) -> Settled:
    """What one receipt for the current attempt leads to, without jitter."""
    receipt = Receipt(standing.attempt, outcome, **facts)  # type: ignore[arg-type]
    return settle(standing, receipt, policy, NOW, 0.5)


def test_the_level_asked_for_makes_it_delivered() -> None:
    assert settle(UNDER_WAY, TAKEN, RESEND, NOW, 0.5) == Settled(State.DELIVERED, 2)


def test_a_lower_level_leaves_it_under_way() -> None:
    assert settled(Outcome.TAKEN, level=AckLevel.TRANSPORT).state is State.UNDER_WAY


@pytest.mark.parametrize("state", [s for s in State if s is not State.DELIVERED])
def test_a_stale_success_counts_in_every_state(state: State) -> None:
    late = replace(TAKEN, attempt=1)
    assert settle(replace(UNDER_WAY, state=state), late, RESEND, NOW, 0.5).state is State.DELIVERED


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.TAKEN])
def test_a_stale_failure_tells_nothing(outcome: Outcome) -> None:
    stale = settle(UNDER_WAY, Receipt(1, outcome), RESEND, NOW, 0.5)
    assert (stale.state, stale.tries, stale.changed) == (State.UNDER_WAY, 1, False)


def test_not_attempted_waits_again_and_counts_no_try() -> None:
    assert settled(Outcome.NOT_ATTEMPTED) == Settled(State.WAITING, 1, NOW)


def test_a_failure_backs_off_and_counts() -> None:
    assert settled(Outcome.TRY_AGAIN) == Settled(State.WAITING, 2, NOW + timedelta(seconds=10))


def test_the_partner_may_ask_for_a_longer_wait() -> None:
    assert settled(Outcome.TRY_AGAIN, retry_after=120.0).next_at == NOW + timedelta(seconds=120)
    assert settled(Outcome.TRY_AGAIN, retry_after=1.0).next_at == NOW + timedelta(seconds=10)


def test_a_permanent_failure_needs_a_person_at_once() -> None:
    refused = settled(Outcome.REFUSED, reason="unknown team")
    assert (refused.state, refused.needs, refused.call_sheet) == (
        State.NEEDS_PERSON,
        "unknown team",
        True,
    )


def test_tries_come_to_an_end() -> None:
    last = settled(Outcome.TRY_AGAIN, replace(UNDER_WAY, tries=3), reason="connection refused")
    assert last.state is State.NEEDS_PERSON
    assert last.needs == "tried 4 times; last: connection refused"
    assert last.tries == 4


def test_an_unknown_outcome_is_sent_again_or_asked_about() -> None:
    assert settled(Outcome.OUTCOME_UNKNOWN).state is State.WAITING
    asked = settled(Outcome.OUTCOME_UNKNOWN, policy=ASK)
    assert (asked.state, asked.call_sheet) == (State.OUTCOME_UNKNOWN, True)


def test_what_our_own_process_lost_goes_again_at_once_and_counts() -> None:
    first = replace(UNDER_WAY, attempt=1, tries=0)
    assert settled(Outcome.OUTCOME_UNKNOWN, first, ours=True) == Settled(State.WAITING, 1, NOW)


def test_a_partner_that_did_not_answer_is_not_pressed() -> None:
    first = replace(UNDER_WAY, attempt=1, tries=0)
    assert settled(Outcome.OUTCOME_UNKNOWN, first).next_at == NOW + timedelta(seconds=5)


def test_what_our_own_process_lost_twice_backs_off() -> None:
    again = settled(Outcome.OUTCOME_UNKNOWN, ours=True)
    assert again == Settled(State.WAITING, 2, NOW + timedelta(seconds=10))


def test_what_our_own_process_lost_is_asked_about_where_that_is_wanted() -> None:
    assert settled(Outcome.OUTCOME_UNKNOWN, policy=ASK, ours=True).state is State.OUTCOME_UNKNOWN


def test_what_our_own_process_loses_comes_to_an_end_too() -> None:
    last = settled(Outcome.OUTCOME_UNKNOWN, replace(UNDER_WAY, tries=3), ours=True)
    assert last.state is State.NEEDS_PERSON


def test_a_certain_word_resolves_what_was_unknown() -> None:
    unknown = replace(UNDER_WAY, state="outcome_unknown")
    assert settled(Outcome.TRY_AGAIN, unknown, ASK).state is State.WAITING
    assert settled(Outcome.REFUSED, unknown, ASK).state is State.NEEDS_PERSON
    assert not settled(Outcome.OUTCOME_UNKNOWN, unknown, ASK).changed


@pytest.mark.parametrize("field", ["due_at", "patience_at"])
def test_a_call_sheet_opens_when_the_limit_comes_before_the_next_try(field: str) -> None:
    soon = replace(UNDER_WAY, **{field: NOW + timedelta(seconds=9)})  # type: ignore[arg-type]
    later = replace(UNDER_WAY, **{field: NOW + timedelta(seconds=11)})  # type: ignore[arg-type]
    assert settled(Outcome.TRY_AGAIN, soon).call_sheet
    assert not settled(Outcome.TRY_AGAIN, later).call_sheet


def test_the_messages_own_deadline_comes_before_the_partners_patience() -> None:
    standing = replace(
        UNDER_WAY, due_at=NOW + timedelta(hours=1), patience_at=NOW + timedelta(seconds=1)
    )
    assert not settled(Outcome.TRY_AGAIN, standing).call_sheet


def test_what_expires_before_the_next_try_is_not_tried() -> None:
    standing = replace(UNDER_WAY, expires_at=NOW + timedelta(seconds=9))
    assert settled(Outcome.TRY_AGAIN, standing).state is State.EXPIRED


_STANDINGS = st.builds(
    Standing,
    state=st.sampled_from([s.value for s in State]),
    attempt=st.integers(1, 9),
    tries=st.integers(0, 9),
    required=st.sampled_from(list(AckLevel)),
    due_at=st.none() | st.just(NOW + timedelta(minutes=1)),
    patience_at=st.none() | st.just(NOW + timedelta(minutes=2)),
    expires_at=st.none() | st.just(NOW + timedelta(minutes=3)),
)
_RECEIPTS = st.builds(
    Receipt,
    attempt=st.integers(1, 9),
    outcome=st.sampled_from(list(Outcome)),
    level=st.sampled_from(list(AckLevel)),
    retry_after=st.none() | st.floats(0, 1e6),
    ours=st.booleans(),
)
_POLICIES = st.sampled_from((RESEND, ASK))
_CHANCES = st.floats(0, 1, exclude_max=True)


@given(_STANDINGS, _RECEIPTS, _POLICIES, _CHANCES)
def test_every_settlement_is_a_legal_move_and_loses_nothing(
    standing: Standing, receipt: Receipt, policy: Policy, chance: float
) -> None:
    result = settle(standing, receipt, policy, NOW, chance)
    legal = {(t.source, t.target) for t in DELIVERY.transitions}
    assert result.state == standing.state or (standing.state, result.state) in legal
    assert result.changed or (result.state, result.tries) == (standing.state, standing.tries)
    assert standing.tries <= result.tries <= standing.tries + 1
    if result.changed and result.state is State.WAITING:
        assert result.next_at is not None
        assert result.next_at >= NOW
    if result.changed and result.state in (State.NEEDS_PERSON, State.OUTCOME_UNKNOWN):
        assert result.needs
        assert result.call_sheet


@given(_STANDINGS, _RECEIPTS, _POLICIES, _CHANCES)
def test_the_same_receipt_twice_changes_nothing_more(
    standing: Standing, receipt: Receipt, policy: Policy, chance: float
) -> None:
    first = settle(standing, receipt, policy, NOW, chance)
    if first.state is State.UNDER_WAY:
        return
    after = replace(standing, state=first.state.value, tries=first.tries)
    second = settle(after, receipt, policy, NOW, chance)
    assert (second.state, second.tries) == (first.state, first.tries)


@given(st.integers(1, 10_000), _CHANCES)
def test_back_off_doubles_within_a_fifth_up_to_the_longest(tries: int, chance: float) -> None:
    plain = min(5 * 2 ** min(tries - 1, 40), 900)
    assert plain * 0.8 <= delay(RETRY, tries, chance).total_seconds() <= plain * 1.2
