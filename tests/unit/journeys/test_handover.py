"""Custody is never empty and never double, however events come (promise 5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.journeys.handover import CUSTODY, HANDOVER, HELD, Custodian, custodian
from hub.journeys.machine import Facts, Holder, Illegal, Moved, move

T = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)
MAYA = Facts(name="Maya Okafor", role="duty social worker", at=T)
TOM = Facts(name="Tom Reyes", role="team manager", at=T + timedelta(seconds=1))


def after(*events: str, facts: Facts = MAYA) -> Moved:
    """The handover after these events, each of which must be legal."""
    moved = Moved(HANDOVER.initial)
    full = replace(facts, reason="because", to="North team")
    for event in events:
        outcome = move(HANDOVER, moved.state, event, replace(full, holder=moved.holder))
        assert isinstance(outcome, Moved), (event, outcome)
        moved = outcome
    return moved


def test_every_state_has_one_custodian() -> None:
    assert set(CUSTODY) == set(HANDOVER.states)


@pytest.mark.parametrize("missing", [{"name": ""}, {"role": " "}, {"at": None}])
def test_an_acceptance_without_name_and_role_is_receipt(missing: dict[str, object]) -> None:
    outcome = move(HANDOVER, "delivered", "accepted", replace(MAYA, **missing))  # type: ignore[arg-type]
    assert outcome == Illegal("an answer without a name and a role is receipt, not acceptance")


def test_the_second_acceptance_is_told_who_holds_it() -> None:
    first = after("sent", "delivered", "accepted")
    second = move(HANDOVER, first.state, "accepted", replace(TOM, holder=first.holder))
    assert second == Illegal("held by Maya Okafor, duty social worker since Mon 23 Nov 2026 09:12")


def test_the_same_person_accepting_twice_changes_nothing() -> None:
    first = after("sent", "delivered", "accepted")
    again = replace(MAYA, holder=first.holder, at=T + timedelta(hours=1))
    assert move(HANDOVER, first.state, "accepted", again) == Moved(
        "accepted", (), first.holder, "said again by the one who holds it"
    )


@pytest.mark.parametrize("path", [("accepted",), ("accepted", "started"), ("taken_by_phone",)])
def test_a_withdrawal_that_crosses_an_acceptance_is_refused(path: tuple[str, ...]) -> None:
    held = after("sent", "delivered", *path)
    outcome = move(
        HANDOVER, held.state, "withdrawn", Facts(reason="not needed", holder=held.holder)
    )
    assert isinstance(outcome, Illegal)
    assert outcome.reason.startswith("held by Maya Okafor")


def test_an_acceptance_of_what_was_withdrawn_is_refused() -> None:
    withdrawn = after("sent", "withdrawn")
    assert isinstance(move(HANDOVER, withdrawn.state, "accepted", MAYA), Illegal)


@pytest.mark.parametrize("late", ["delivered", "opened"])
def test_a_receipt_that_comes_late_moves_nothing_back(late: str) -> None:
    held = after("sent", "accepted", late)
    assert (held.state, held.holder) == ("accepted", Holder(MAYA.name, MAYA.role, T))


def test_delivered_and_opened_leave_it_with_the_sender() -> None:
    for path in (("sent", "delivered"), ("sent", "opened"), ("sent", "delivered", "queried")):
        moved = after(*path)
        assert custodian(moved.state, moved.holder is not None) is Custodian.SENDER


def test_passing_on_keeps_custody_with_the_giver_until_accepted_again() -> None:
    path = ("sent", "accepted", "reassigned", "delivered", "opened")
    for length in range(2, len(path) + 1):
        moved = after(*path[:length])
        assert custodian(moved.state, moved.holder is not None) is Custodian.HOLDER
    refused = after(*path, "refused")
    assert custodian(refused.state, held=True) is Custodian.HOLDER
    assert after(*path, "refused", "kept").state == "in_progress"


def test_the_sender_cannot_withdraw_what_its_holder_is_passing_on() -> None:
    for path in (("reassigned",), ("reassigned", "delivered"), ("reassigned", "refused")):
        moved = after("sent", "accepted", *path)
        outcome = move(HANDOVER, moved.state, "withdrawn", Facts(reason="x", holder=moved.holder))
        assert isinstance(outcome, Illegal)
        assert outcome.reason.startswith("held by Maya Okafor")


@pytest.mark.parametrize(
    ("name", "event", "may"),
    [
        (MAYA.name, "started", True),
        (MAYA.name, "reassigned", True),
        (MAYA.name, "completed", True),
        ("Ada Example", "completed", True),
        ("Ada Example", "started", False),
        ("Ada Example", "reassigned", False),
    ],
)
@pytest.mark.parametrize("took_call", [True, False])
def test_what_was_taken_by_telephone_is_its_teams_to_complete(
    name: str, event: str, may: bool, took_call: bool
) -> None:
    """Of any other team, or accepted otherwise, it is its holder's alone, in the role they had."""
    held = after("sent", "delivered", "taken_by_phone")
    facts = Facts(
        name=name,
        role="another role",
        at=T,
        reason="because",
        to="North team",
        holder=held.holder,
        took_call=took_call,
    )
    moved = move(HANDOVER, held.state, event, facts)
    assert isinstance(moved, Moved) is (may and took_call), moved
    if isinstance(moved, Moved):
        assert moved.holder == held.holder, "who took the call stays on record"
    else:
        assert moved.reason.startswith(f"held by {MAYA.name}")


def test_a_refused_handover_stays_with_the_sender() -> None:
    kept = after("sent", "delivered", "refused", "kept")
    assert kept.state == "returned"
    assert custodian(kept.state) is Custodian.SENDER


class Custody(RuleBasedStateMachine):
    """Any order of events by any of several people."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = Moved(HANDOVER.initial)
        self.accepted_by: list[str] = []

    @rule(
        event=st.sampled_from(sorted(HANDOVER.events)),
        name=st.sampled_from(("", "Maya", "Tom", "Ada")),
        role=st.sampled_from(("", "duty")),
        reason=st.sampled_from(("", "because")),
        to=st.sampled_from(("", "North team")),
    )
    def happens(self, event: str, name: str, role: str, reason: str, to: str) -> None:
        before = self.moved
        facts = Facts(name=name, role=role, at=T, reason=reason, to=to, holder=before.holder)
        outcome = move(HANDOVER, before.state, event, facts)
        if isinstance(outcome, Illegal):
            return
        self.moved = outcome
        if outcome.holder != before.holder:
            assert event in ("accepted", "taken_by_phone")
            assert name
            assert role
            assert before.state not in HELD, "taken from somebody who held it"

    @invariant()
    def somebody_has_it(self) -> None:
        held = self.moved.holder is not None
        has_it = custodian(self.moved.state, held)
        if has_it is Custodian.HOLDER:
            assert held, f"{self.moved.state} is held by nobody"
        if has_it is Custodian.SENDER:
            assert not held, f"{self.moved.state} fell back to the sender"


TestCustody = Custody.TestCase
