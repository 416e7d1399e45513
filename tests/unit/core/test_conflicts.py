"""A conflict is cleared once, by a named person who says which of the two stands."""

from collections.abc import Callable

import pytest

from hub.clock import now
from hub.ledger.read.failed import held_messages
from hub.ledger.read.waits import Narrowed, late
from hub.partners import Partner
from schemas.census import ReferralOutcome
from tests.kit.deeds import act, incidents
from tests.kit.people import a_referral, an_attendance
from tests.kit.site import Bench, an_arrival
from tests.unit.core.test_late import YEARS
from tests.unit.core.test_telling import a_school, a_site, decides

LOOKED = {"end": "second_stands", "reason": "they corrected the ward"}


@pytest.fixture
def twice(bench: Bench) -> tuple[Bench, str, str]:
    """Two routine attendances under one reference: the first and the second."""
    for number in (1, 2):
        bench.record(an_arrival("health.attendance", an_attendance(number)))
    first, second = bench.all("select message_id from message order by recorded_at")
    return bench, first.message_id, second.message_id


def cleared(bench: Bench, message: str, name: str = "J. Ahmed", **said: str) -> tuple[str, str]:
    """A duty manager has looked at both."""
    return act(bench, "conflict.cleared", message, name, "duty_manager", **{**LOOKED, **said})  # type: ignore[arg-type]


def test_it_is_cleared_and_the_incident_closed_with_what_was_found(
    twice: tuple[Bench, str, str],
) -> None:
    bench, _, second = twice
    assert incidents(bench) == {"conflict": 1}
    assert cleared(bench, second) == (
        "done",
        "cleared: the second is right: it corrects the first",
    )
    assert incidents(bench) == {}
    [closed] = bench.all("select * from incident")
    assert closed.closed_why == (
        "the last was cleared by J. Ahmed, duty manager: The second is right: it corrects the first"
    )
    with bench.engine.connect() as conn:
        assert held_messages(conn, now().replace(year=2000)) == []


def test_both_cases_keep_in_their_chains_what_was_found(twice: tuple[Bench, str, str]) -> None:
    bench, first, second = twice
    cleared(bench, second)
    entries = bench.all("select case_ref, entry from audit where entry like '%conflict cleared%'")
    cases = bench.all("select distinct case_ref from message")
    assert {row.case_ref for row in entries} == {row.case_ref for row in cases}
    assert all(first in row.entry and second in row.entry for row in entries)
    assert "corrected the ward" not in "".join(row.entry for row in entries)


def test_the_incident_stays_open_while_another_of_that_partner_waits(
    twice: tuple[Bench, str, str],
) -> None:
    bench, _, second = twice
    for number in (3, 4):
        bench.record(an_arrival("health.attendance", an_attendance(number), reference="2"))
    cleared(bench, second)
    assert incidents(bench) == {"conflict": 2}
    [other] = bench.all("select message_id from message where state = 'conflict'")
    cleared(bench, other.message_id, end="both_stand")
    assert incidents(bench) == {}


def test_whoever_comes_second_is_told_who_cleared_it(twice: tuple[Bench, str, str]) -> None:
    bench, _, second = twice
    cleared(bench, second)
    again = cleared(bench, second, "R. Castellane")
    assert again == ("refused", "it is cleared already, by J. Ahmed, duty manager")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"reason": ""}, "a reason is needed"),
        ({"end": "whatever"}, "say which of the two stands"),
    ],
)
def test_it_is_not_cleared_without_saying_what_was_found(
    twice: tuple[Bench, str, str], said: dict[str, str], why: str
) -> None:
    bench, _, second = twice
    assert cleared(bench, second, **said) == ("refused", why)
    assert incidents(bench) == {"conflict": 1}


def test_what_is_in_conflict_with_nothing_is_not_cleared(twice: tuple[Bench, str, str]) -> None:
    bench, first, _ = twice
    assert cleared(bench, first) == ("refused", "it is in conflict with nothing")


def test_a_counter_that_restarted_is_over_with_the_last_that_waits(bench: Bench) -> None:
    for number in (1, 2):
        for reference in "abcde":
            arrival = an_arrival("health.attendance", an_attendance(number), reference=reference)
            bench.record(arrival)
    assert set(incidents(bench)) == {"conflict", "counter_restarted"}
    for row in bench.all("select message_id from message where state = 'conflict'"):
        cleared(bench, row.message_id, end="both_stand")
    assert incidents(bench) == {}


@pytest.mark.parametrize(
    ("end", "stand"),
    [
        ("second_stands", ["second"]),
        ("first_stands", ["first"]),
        ("both_stand", ["first", "second"]),
    ],
)
def test_a_referral_that_does_not_stand_is_not_owed_a_decision(
    a_bench: Callable[[list[Partner]], Bench], end: str, stand: list[str]
) -> None:
    bench = a_site(a_bench, a_school())
    said = a_referral(1).model_copy(update={"reason": "other words"})
    again = an_arrival("referral.received", said, "school", "MARF-000001")
    bench.record(again)
    assert cleared(bench, again.message_id, end=end)[0] == "done"
    with bench.engine.connect() as conn:
        found = late(conn, now() + YEARS, Narrowed(handovers=False), 10)
    decisions = [one.message_id for one in found if one.machine == "referral"]
    which = ["second" if one == again.message_id else "first" for one in decisions]
    assert sorted(which) == stand
    assert len([one for one in found if one.machine == "notice"]) == len(stand)


def test_what_was_decided_on_the_one_that_does_not_stand_stays(
    a_bench: Callable[[list[Partner]], Bench],
) -> None:
    bench = a_site(a_bench, a_school())
    decides(bench, "D-1", ReferralOutcome.ASSESSMENT)
    said = a_referral(1).model_copy(update={"reason": "other words"})
    again = an_arrival("referral.received", said, "school", "MARF-000001")
    bench.record(again)
    assert cleared(bench, again.message_id)[0] == "done"
    states = bench.all("select state from journey where machine = 'referral' order by state")
    assert [row.state for row in states] == ["assessing", "referral"]
