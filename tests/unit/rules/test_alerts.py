"""What is wrong is told once, a storm of it once for all, and who was told hears once that it is over."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.incident_words import KINDS
from hub.partners import Alerts, Role
from hub.rules.alerts import (
    FEW,
    LONGEST,
    WINDOW,
    Alert,
    concerns,
    is_over,
    lane_of_alert,
    tell,
)
from tests.kit.effort import tries
from tests.kit.site import a_partner

BEGIN = datetime(2026, 11, 24, 20, tzinfo=UTC)
MAIL = a_partner("ops-mail", Role.OPERATIONS, "smtp")


class Recipient:
    """One recipient of one kind, as the ledger would keep what it was told."""

    def __init__(self) -> None:
        self.heads: dict[str, Alert] = {}
        self.head_of: dict[str, str] = {}
        self.open: set[str] = set()
        self.opened: list[tuple[datetime, str]] = []
        self.over: list[tuple[datetime, str]] = []

    def round(self, now: datetime, new: list[str]) -> None:
        """What core does in one round."""
        self.open |= set(new)
        for one in tell(self.heads.values(), new, now):
            assert one.incident not in self.head_of, "told twice"
            self.head_of[one.incident] = one.head
            if one.told:
                self.heads[one.head] = Alert(one.head, now, now, one.storm)
                self.opened.append((now, one.head))
            else:
                self.heads[one.head] = replace(self.heads[one.head], last_at=now)
        told = {head for _, head in self.over}
        for head, alert in self.heads.items():
            still = any(self.head_of[one] == head for one in self.open)
            if head not in told and is_over(alert, still, now):
                self.over.append((now, head))


STEPS = st.lists(
    st.tuples(
        st.integers(0, 1500),
        st.integers(0, 12),
        st.integers(0, 12),
    ),
    max_size=60,
)
"""Seconds until the next round, how many open in it, how many end before it."""


def played(steps: list[tuple[int, int, int]]) -> tuple[Recipient, datetime]:
    one, now, number = Recipient(), BEGIN, 0
    for seconds, opening, ending in steps:
        now += timedelta(seconds=seconds)
        one.open -= set(sorted(one.open)[:ending])
        new = [f"{number + n:05}" for n in range(opening)]
        number += opening
        one.round(now, new)
    return one, now


@given(STEPS)
@tries(60)
def test_however_many_open_few_are_told_in_any_while(steps: list[tuple[int, int, int]]) -> None:
    one, _ = played(steps)
    for at, _ in one.opened:
        within = [other for other, _ in one.opened if at <= other < at + WINDOW]
        assert len(within) <= FEW + 1, "more mails than a person reads"
    assert len(one.over) <= len(one.opened)


@given(STEPS)
@tries(60)
def test_what_is_not_told_is_spoken_for_by_an_alert_of_the_last_hour_that_says_so(
    steps: list[tuple[int, int, int]],
) -> None:
    recipient, now, number = Recipient(), BEGIN, 0
    for seconds, opening, ending in steps:
        now += timedelta(seconds=seconds)
        recipient.open -= set(sorted(recipient.open)[:ending])
        new = [f"{number + n:05}" for n in range(opening)]
        number += opening
        recipient.round(now, new)
        for incident in new:
            head = recipient.heads[recipient.head_of[incident]]
            assert incident == head.incident or head.storm
            assert now - LONGEST <= head.at <= now
            assert head.incident not in {over for at, over in recipient.over if at < now}


@given(STEPS)
@tries(60)
def test_each_alert_is_over_once_when_all_it_spoke_for_is(
    steps: list[tuple[int, int, int]],
) -> None:
    one, now = played(steps)
    for _, head in one.over:
        assert not [i for i in one.open if one.head_of[i] == head], "told too soon"
    one.open.clear()
    one.round(now + LONGEST + WINDOW + timedelta(seconds=1), [])
    heard = Counter(head for _, head in one.over)
    assert heard == Counter(head for _, head in one.opened), "each alert, and each once"


def test_the_first_few_are_told_one_by_one_and_then_one_for_all() -> None:
    found = tell([], [str(n) for n in range(9)], BEGIN)
    assert [(one.told, one.storm) for one in found] == [
        *[(True, False)] * FEW,
        (True, True),
        *[(False, False)] * (8 - FEW),
    ]
    assert {one.head for one in found[FEW:]} == {str(FEW)}


def test_what_opens_when_a_storm_is_long_over_is_told_by_itself() -> None:
    storm = Alert("s", BEGIN, BEGIN + timedelta(minutes=5), storm=True)
    soon = BEGIN + timedelta(minutes=15)
    assert [one.head for one in tell([storm], ["x"], soon)] == ["s"]
    later = soon + timedelta(seconds=1)
    assert [one.told for one in tell([storm], ["x"], later)] == [True]


def test_a_storm_that_goes_on_is_told_again_after_an_hour() -> None:
    storm = Alert("s", BEGIN, BEGIN + LONGEST - timedelta(minutes=1), storm=True)
    assert not tell([storm], ["x"], BEGIN + LONGEST)[0].told
    assert tell([storm], ["x"], BEGIN + LONGEST + timedelta(seconds=1))[0].told


def test_what_seems_to_come_yet_hides_nothing() -> None:
    """A drill had shifted civil time, and it is shifted back."""
    ahead = BEGIN + timedelta(days=40)
    stand = [Alert(str(n), ahead, ahead, storm=n == 5) for n in range(6)]
    assert [(one.told, one.storm) for one in tell(stand, ["x"], BEGIN)] == [(True, False)]


def test_a_flapping_partner_is_over_once_when_it_has_been_calm_for_a_while() -> None:
    one = Recipient()
    now = BEGIN
    for n in range(100):
        one.round(now, [f"{n:03}"])
        one.open.clear()
        now += timedelta(seconds=10)
        one.round(now, [])
    assert (len(one.opened), len(one.over)) == (FEW + 1, FEW)
    one.round(now + WINDOW, [])
    assert (len(one.opened), len(one.over)) == (FEW + 1, FEW + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_told_of_itself(kind: str) -> None:
    told_others = kind != "overdue"
    assert concerns(MAIL, kind, "ops-hook") is told_others
    assert concerns(MAIL, kind, "ops-hook|incident:1") is told_others
    assert not concerns(MAIL, kind, "ops-mail")
    assert not concerns(MAIL, kind, "ops-mail|incident:1")


def test_that_an_alert_about_an_alert_failed_is_told_to_nobody() -> None:
    first = lane_of_alert("hospital", "1")
    second = lane_of_alert(f"ops-hook|{first}", "2")
    assert concerns(MAIL, "lane_blocked", f"ops-hook|{first}")
    assert not concerns(MAIL, "lane_blocked", f"ops-hook|{second}")
    assert first != second


def test_a_recipient_may_choose_its_kinds() -> None:
    some = a_partner("ops", Role.OPERATIONS, alerts=Alerts(kinds=("stuck",)))
    assert concerns(some, "stuck", "flows.health")
    assert not concerns(some, "partner_down", "hospital")
    none = a_partner("ops", Role.OPERATIONS, alerts=Alerts(kinds=()))
    assert not concerns(none, "stuck", "flows.health")
