"""A decision moves the referral that it names and tells whoever made that one; it waits for one not here yet."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import now
from hub.core.due import EARLY_IS_SHOWN, fall_due
from hub.ledger.reconcile import reconcile
from hub.partners import Partner, Receives, Role
from schemas.census import ContactOutcome
from schemas.values import known
from tests.kit.deeds import act, incidents
from tests.kit.people import a_contact, a_decision, a_referral, a_referrer, a_worker
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]
LATER = timedelta(minutes=5)


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    """A contact centre, the team that decides, and two who refer."""
    hears = (Receives(type="referral.acknowledged"), Receives(type="referrer.decision_feedback"))
    takes = (Receives(type="referral.received"), Receives(type="contact.recorded"))
    refers: dict[str, Any] = {"sends": ("referral.received",), "receives": hears}
    return a_bench(
        [
            a_partner("centre", Role.ASSESSMENT_TEAM, "folder", sends=("contact.recorded",)),
            a_partner("team", Role.ASSESSMENT_TEAM, sends=("referral.decision",), receives=takes),
            a_partner("school", Role.PROFESSIONAL_REFERRER, agency="999101", **refers),
            a_partner("gp", Role.PROFESSIONAL_REFERRER, agency="X26GP1", **refers),
        ]
    )


def a_call(bench: Bench, reference: str, **caller: Any) -> None:
    """A contact about the first child that is passed on as a referral."""
    body = a_contact(
        1,
        outcome=ContactOutcome.NEW_REFERRAL,
        outcome_because="a mark on the arm",
        decided_by=a_worker(1),
        caller=a_referrer(1).model_copy(update=caller),
        already_open=known(False),
        reference=reference,
    )
    bench.record(an_arrival("contact.recorded", body, "centre", reference))


def two_calls(bench: Bench) -> None:
    a_call(bench, "CALL-GP", agency_id="X26GP1", agency="Weir Street Surgery", email=None)
    a_call(bench, "CALL-SCHOOL")


def decided(bench: Bench, named: str, **more: Any) -> str:
    """The team decides on what it calls by this name."""
    body = a_decision(1).model_copy(update={"referral_reference": named})
    arrival = an_arrival("referral.decision", body, "team", "D-1", **more)
    bench.record(arrival, at=now() + LATER)
    return arrival.message_id


def told(bench: Bench) -> list[str]:
    """Who is told of the decision."""
    sql = "select partner from delivery where type = 'referrer.decision_feedback'"
    return [row.partner for row in bench.all(sql)]


def undecided(bench: Bench) -> int:
    """How many referrals nobody has decided on."""
    sql = (
        "select 1 from journey where machine = 'referral' and state in ('referral', 'acknowledged')"
    )
    subjects = "(select message_id from message where type = 'referral.received')"
    return len(bench.all(f"{sql} and subject in {subjects}"))


@pytest.mark.parametrize(("named", "who"), [("CALL-GP", "gp"), ("call-school ", "school")])
def test_of_two_calls_about_a_child_the_one_that_is_named_is_decided(
    bench: Bench, named: str, who: str
) -> None:
    two_calls(bench)
    decided(bench, named)
    assert told(bench) == [who]
    assert undecided(bench) == 1


@pytest.mark.parametrize("by", ["contact", "referral", "delivery"])
def test_a_referral_is_known_by_whatever_number_the_team_was_given(bench: Bench, by: str) -> None:
    two_calls(bench)
    [call] = bench.all("select * from message where reference = 'CALL-GP'")
    [referral] = bench.all(
        "select * from message where type = 'referral.received' and causation_id = :id",
        id=call.message_id,
    )
    [sent] = bench.all(
        "select * from delivery where message_id = :id and partner = 'team' and transport <> 'call'",
        id=referral.message_id,
    )
    names = {
        "contact": call.message_id,
        "referral": referral.message_id,
        "delivery": sent.reference,
    }
    decided(bench, names[by])
    assert told(bench) == ["gp"]


def test_what_a_decision_answers_says_which_is_meant(bench: Bench) -> None:
    two_calls(bench)
    [call] = bench.all("select * from message where reference = 'CALL-GP'")
    decided(bench, "as I was rung about", answers=call.message_id)
    assert told(bench) == ["gp"]


def test_a_number_that_nobody_knows_decides_nothing_and_is_seen(bench: Bench) -> None:
    referral = a_referral(1, received_at=now())
    bench.record(an_arrival("referral.received", referral, "school", "MARF-000001"))
    decision = decided(bench, "MARF-OF-THE-GP")
    assert told(bench) == []
    assert undecided(bench) == 1
    [row] = bench.all("select * from early")
    assert (row.message_id, row.waits_for) == (decision, "MARF-OF-THE-GP")
    bench.do(fall_due, now() + LATER + EARLY_IS_SHOWN + LATER)
    assert incidents(bench) == {"early": 1}
    assert act(bench, "early.resolved", decision, end="proceed", reason="closed")[0] == "done"
    assert told(bench) == []
    assert undecided(bench) == 1


def test_one_number_of_two_senders_decides_neither(bench: Bench) -> None:
    for who in ("school", "gp"):
        bench.record(an_arrival("referral.received", a_referral(1), who, "MARF-000001"))
    decided(bench, "MARF-000001")
    assert told(bench) == []
    assert undecided(bench) == 2


@pytest.mark.parametrize("together", [True, False])
def test_a_decision_that_came_first_takes_effect_when_its_referral_comes(
    bench: Bench, together: bool
) -> None:
    decision = an_arrival("referral.decision", a_decision(1), "team", "D-1")
    referral = an_arrival("referral.received", a_referral(1), "school", "MARF-000001")
    other = an_arrival("referral.received", a_referral(1).model_copy(
        update={"reference": "MARF-OTHER"}), "gp", "MARF-OTHER")  # fmt: skip
    for batch in (
        [(decision, other, referral)] if together else [(decision,), (other,), (referral,)]
    ):
        bench.record(*batch)
    assert told(bench) == ["school"]
    assert undecided(bench) == 1
    assert bench.all("select * from early") == []
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced


def test_a_decision_on_a_call_that_came_first_waits_for_the_call(bench: Bench) -> None:
    decided(bench, "CALL-GP")
    two_calls(bench)
    assert told(bench) == ["gp"]
