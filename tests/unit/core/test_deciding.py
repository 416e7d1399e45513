"""A referral stands where its last final decision put it; an earlier look decides nothing for good."""

from collections.abc import Callable

import pytest

from hub.clock import now
from hub.ledger.read.journey import case_way
from hub.ledger.read.stands import stands
from hub.ledger.read.timeline import timeline
from hub.ledger.read.waits import Narrowed, late
from hub.partners import Partner, Receives, Role
from schemas.census import ReferralOutcome
from schemas.codes import Stage
from tests.kit.deeds import settle, states, told
from tests.kit.people import a_decision, a_referral
from tests.kit.site import Bench, a_partner, an_arrival
from tests.unit.core.test_late import YEARS

Benches = Callable[[list[Partner]], Bench]


@pytest.fixture
def bench(a_bench: Benches) -> Bench:
    """A school's referral that is with the team."""
    hears = (Receives(type="referral.acknowledged"), Receives(type="referrer.decision_feedback"))
    takes = (Receives(type="referral.received"),)
    school = a_partner(
        "school",
        Role.PROFESSIONAL_REFERRER,
        agency="999101",
        sends=("referral.received",),
        receives=hears,
    )
    team = a_partner("team", Role.ASSESSMENT_TEAM, sends=("referral.decision",), receives=takes)
    made = a_bench([school, team])
    made.record(an_arrival("referral.received", a_referral(1), "school", "MARF-000001"))
    return made


def decides(
    bench: Bench, reference: str, outcome: ReferralOutcome, stage: Stage = Stage.FINAL
) -> None:
    body = a_decision(1, outcome).model_copy(update={"reference": reference, "stage": stage})
    bench.record(an_arrival("referral.decision", body, "team", reference))


def state(bench: Bench) -> str:
    [row] = bench.all("select state from journey where machine = 'referral'")
    return str(row.state)


def refused(bench: Bench) -> list[str]:
    return [row.refused for row in bench.all("select * from move where refused is not null")]


def owed(bench: Bench) -> bool:
    with bench.engine.connect() as conn:
        found = late(conn, now() + YEARS, Narrowed(handovers=False), 10)
    return any(one.machine == "referral" for one in found)


def letters(bench: Bench) -> int:
    return len(bench.all("select 1 from message where type = 'referrer.decision_feedback'"))


def test_no_page_says_that_the_referrer_knows_what_did_not_reach_them(bench: Bench) -> None:
    decides(bench, "D-1", ReferralOutcome.NFA)
    letters = [one for one in bench.orders() if one["topic"].startswith("deliveries.school")]
    settle(bench, *(told(one, "refused") for one in letters), partner="school")
    assert "delivered" not in states(bench, "school")
    [journey] = bench.all("select * from journey where machine = 'referral'")
    with bench.engine.connect() as conn:
        way = case_way(conn, journey.case_ref)
    assert way is not None
    standing = [part for one in way.journeys for part in stands(one, str)]
    said = [*standing, *(part for one in timeline(way, str, words=None) for part in one.parts)]
    words = " ".join(map(str, said))
    assert "they have not been told" in words
    assert not [claim for claim in ("knows", "was told", "has gone to") if claim in words]


@pytest.mark.parametrize("stage", [Stage.CONTACT, Stage.INITIAL, Stage.SCREENING])
def test_an_earlier_look_is_kept_and_the_decision_stays_owed(bench: Bench, stage: Stage) -> None:
    before = state(bench)
    decides(bench, "D-1", ReferralOutcome.NFA, stage)
    assert state(bench) == before
    assert owed(bench)
    assert len(bench.all("select 1 from move where event = 'looked_at' and who is not null")) == 1
    decides(bench, "D-2", ReferralOutcome.STRATEGY)
    assert state(bench) == "strategy"
    assert not owed(bench)
    assert refused(bench) == []
    assert letters(bench) == 1


@pytest.mark.parametrize(
    ("then", "stands"),
    [
        (ReferralOutcome.STRATEGY, "strategy"),
        (ReferralOutcome.ASSESSMENT, "assessing"),
        (ReferralOutcome.EARLY_HELP, "early_help"),
    ],
)
@pytest.mark.parametrize(
    "first", [ReferralOutcome.NFA, ReferralOutcome.ASSESSMENT, ReferralOutcome.EARLY_HELP]
)
def test_what_is_decided_later_holds_and_the_referrer_hears_of_it(
    bench: Bench, first: ReferralOutcome, then: ReferralOutcome, stands: str
) -> None:
    decides(bench, "D-1", first)
    decides(bench, "D-2", then)
    assert state(bench) == stands
    assert refused(bench) == []
    assert letters(bench) == 2
