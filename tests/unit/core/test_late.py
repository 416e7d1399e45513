"""Late is what nobody has done by its deadline, and nothing that has been done since."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.ledger.read.waits import Narrowed, late, number_late
from hub.ledger.write import at
from hub.partners import Partner, Receives, Role
from schemas.census import ContactOutcome
from schemas.codes import StrategyDecision
from schemas.values import known
from tests.kit.deeds import incidents
from tests.kit.people import (
    a_contact,
    a_decision,
    a_referral,
    a_strategy_record,
    a_strategy_request,
)
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]
YEARS = timedelta(days=2000)


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    """A school that refers, a police force that asks, a team that decides."""
    asked = ("strategy.requested", "referral.received", "contact.recorded")
    return a_bench(
        [
            a_partner("school", Role.SCHOOL, sends=("referral.received",)),
            a_partner("centre", Role.ASSESSMENT_TEAM, sends=("contact.recorded",)),
            a_partner("police", Role.POLICE, sends=("strategy.requested",)),
            a_partner(
                "team",
                Role.ASSESSMENT_TEAM,
                sends=("strategy.record", "referral.decision"),
                receives=tuple(Receives(type=type) for type in asked),
            ),
        ]
    )


def owed(bench: Bench, machine: str) -> list[str]:
    """The states of those that are late, years later."""
    with bench.engine.connect() as conn:
        found = late(conn, now() + YEARS, Narrowed(handovers=False), 10)
        assert number_late(conn, now() + YEARS, Narrowed(handovers=False)) == len(found)
    return [one.state for one in found if one.machine == machine]


@pytest.mark.parametrize("decided", [StrategyDecision.S47_JOINT, StrategyDecision.NO_S47])
def test_a_discussion_is_late_until_it_has_been_held(
    bench: Bench, decided: StrategyDecision
) -> None:
    bench.record(an_arrival("strategy.requested", a_strategy_request(1), "police", "SR-000001"))
    assert owed(bench, "strategy") == ["requested"]
    bench.record(an_arrival("strategy.record", a_strategy_record(1, decided), "team", "SD-000001"))
    assert owed(bench, "strategy") == []


def test_a_referral_is_late_until_somebody_has_decided(bench: Bench) -> None:
    bench.record(an_arrival("referral.received", a_referral(1), "school", "MARF-000001"))
    assert owed(bench, "referral") == ["referral"]
    bench.record(an_arrival("referral.decision", a_decision(1), "team", "D-000001"))
    assert owed(bench, "referral") == []


def test_a_contact_that_became_a_referral_is_not_late_beside_it(bench: Bench) -> None:
    passed = a_contact(
        1,
        outcome=ContactOutcome.NEW_REFERRAL,
        outcome_because="a mark on the arm",
        already_open=known(False),
        reference="CALL-1",
    )
    bench.record(an_arrival("contact.recorded", passed, "centre", "CALL-1"))
    assert len(owed(bench, "referral")) == 1
    decision = a_decision(1).model_copy(update={"referral_reference": "CALL-1"})
    bench.record(an_arrival("referral.decision", decision, "team", "D-000001"))
    assert owed(bench, "referral") == []


def test_what_is_late_when_it_comes_is_seen_to_be_late_at_once(bench: Bench) -> None:
    came = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    referral = a_referral(1, received_at=came - timedelta(days=10))
    bench.record(an_arrival("referral.received", referral, "school", "MARF-000001"), at=came)
    [row] = bench.all("select due_at from message where type = 'referral.received'")
    assert at(row.due_at) == datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    bench.do(fall_due, came)
    assert incidents(bench)["overdue"] == 1
    [rung] = bench.all("select due_at from delivery where transport = 'call'")
    assert at(rung.due_at) == at(row.due_at)
