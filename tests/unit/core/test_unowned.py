"""A message that somebody must act on, and nobody gets for that, is an incident until somebody does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.core.start.owners import find_owners
from hub.ledger.read.journey import message_way
from hub.ledger.read.timeline import Kind, timeline
from hub.ledger.reconcile import reconcile
from hub.partners import Directory, Partner, Receives, Role
from schemas.census import ContactAction
from schemas.envelope import For, Recipient
from tests.kit.deeds import act, incidents
from tests.kit.people import (
    a_contact,
    a_decision,
    a_handover,
    a_referral,
    a_strategy_record,
    an_attendance,
)
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]
SCHOOL = a_partner("school", Role.SCHOOL, sends=("referral.received",))


def a_team(name: str, *types: str, purpose: For = For.ACTION, **more: Any) -> Partner:
    """An assessment team that gets these types."""
    gets = tuple(Receives.model_validate({"type": type, "for": purpose}) for type in types)
    return a_partner(name, Role.ASSESSMENT_TEAM, receives=gets, **more)


def a_message(**more: Any) -> Any:
    arrival = an_arrival("referral.received", a_referral(1), "school", "R-1")
    arrival.envelope = arrival.envelope.model_copy(update=more)
    return arrival


def wrong(bench: Bench) -> list[tuple[str, str]]:
    sql = "select subject, cause from incident where kind = 'unowned' and closed_at is null"
    return [tuple(row) for row in bench.all(sql)]


def with_files(bench: Bench, *partners: Partner) -> int:
    """Core starts with other partner files; how many messages have an owner now."""
    bench.site = replace(bench.site, directory=Directory(partners))
    return int(bench.do(find_owners))


@pytest.mark.parametrize(
    ("team", "why"),
    [
        (a_team("north", "edt.handover"), "nobody receives it"),
        (
            a_team("north", "referral.received", purpose=For.INFORMATION),
            "who gets it gets it for information only",
        ),
        (
            a_team("north", "referral.received", authorities=("380",)),
            "North: does not serve 383",
        ),
    ],
)
def test_a_referral_that_no_team_gets_for_action_is_an_incident(
    a_bench: Benches, team: Partner, why: str
) -> None:
    bench = a_bench([SCHOOL, team])
    arrival = a_message()
    bench.record(arrival)
    assert wrong(bench) == [(arrival.message_id, f"Referral received: {why}")]
    with bench.engine.connect() as conn:
        way = message_way(conn, arrival.message_id)
    assert way is not None
    [event] = [one for one in timeline(way, str, words=None) if one.kind is Kind.MESSAGE]
    assert f"Somebody must act on it and does not get it: {why}" in event.said
    assert event.mood == "late"


@pytest.mark.parametrize("teams", [0, 1])
def test_an_attendance_may_go_to_teams_for_information_alone_but_not_to_nobody(
    a_bench: Benches, teams: int
) -> None:
    hospital = a_partner("hospital", Role.HEALTH, sends=("health.attendance",))
    north = a_team("north", "health.attendance", purpose=For.INFORMATION)
    bench = a_bench([hospital, north][: 1 + teams])
    bench.record(an_arrival("health.attendance", an_attendance(1), "hospital", "V-1"))
    assert len(wrong(bench)) == 1 - teams


def test_a_named_team_that_does_not_exist_is_missed_beside_one_that_does(a_bench: Benches) -> None:
    bench = a_bench([SCHOOL, a_team("north", "referral.received", team="north")])
    to = (
        Recipient(agency="X26NOR", team="north", purpose=For.ACTION),
        Recipient(agency="X26NOR", team="west", purpose=For.ACTION),
    )
    bench.record(a_message(recipients=to))
    [(_, cause)] = wrong(bench)
    assert cause == "Referral received: X26NOR/west: no partner serves it for authority 383"
    assert len(bench.all("select 1 from delivery")) == 1


def test_who_was_named_to_be_informed_is_not_missed(a_bench: Benches) -> None:
    bench = a_bench([SCHOOL, a_team("north", "referral.received", team="north")])
    to = (
        Recipient(agency="X26NOR", team="north", purpose=For.ACTION),
        Recipient(agency="X26NOR", team="west", purpose=For.INFORMATION),
    )
    bench.record(a_message(recipients=to))
    assert incidents(bench) == {}


def test_it_goes_out_when_the_partner_files_name_somebody_and_the_incident_closes(
    a_bench: Benches,
) -> None:
    bench = a_bench([SCHOOL])
    arrival = a_message()
    bench.record(arrival)
    assert with_files(bench, SCHOOL) == 0, "nothing is better: it stays open"
    assert len(wrong(bench)) == 1
    assert with_files(bench, SCHOOL, a_team("north", "referral.received")) == 1
    [row] = bench.all("select partner, state, due_at from delivery")
    assert (row.partner, row.due_at is not None) == ("north", True)
    [held] = bench.all("select state, receiver from journey where machine = 'handover'")
    assert (held.state, held.receiver) == ("sent", "north")
    [closed] = bench.all("select closed_why from incident")
    assert closed.closed_why == "north gets it now"
    [message] = bench.all("select planned, none_reason from message where planned > 0")
    assert (message.planned, message.none_reason) == (1, None)
    assert with_files(bench, SCHOOL, a_team("north", "referral.received")) == 0
    assert len(bench.orders()) == 1, "once"
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced


def test_who_had_it_for_information_gets_it_once_more_to_act_on_it(a_bench: Benches) -> None:
    bench = a_bench([SCHOOL, a_team("north", "referral.received", purpose=For.INFORMATION)])
    bench.record(a_message())
    bench.orders()
    north = a_team("north", "referral.received")
    assert [with_files(bench, SCHOOL, north) for _ in range(2)] == [1, 0]
    sql = "select purpose, due_at from delivery order by purpose"
    for_action, for_information = bench.all(sql)
    assert (for_action.purpose, for_information.purpose) == ("action", "information")
    assert for_action.due_at is not None
    [message] = bench.all("select planned from message where type = 'referral.received'")
    assert message.planned == 2
    assert len(bench.orders()) == 1
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced


def test_only_who_was_left_out_gets_it_then(a_bench: Benches) -> None:
    north = a_team("north", "referral.received", team="north", agency="X26TEA")
    west = a_team("west", "referral.received", team="west", agency="X26TEA")
    bench = a_bench([SCHOOL, north])
    to = tuple(
        Recipient(agency="X26TEA", team=name, purpose=For.ACTION) for name in ("north", "west")
    )
    bench.record(a_message(recipients=to))
    assert with_files(bench, SCHOOL, north, west) == 1
    sql = "select partner from delivery order by created_at, partner"
    assert [row.partner for row in bench.all(sql)] == ["north", "west"]
    assert wrong(bench) == []


def test_a_person_closes_it_who_says_who_acts(a_bench: Benches) -> None:
    bench = a_bench([SCHOOL])
    bench.record(a_message())
    [row] = bench.all("select incident_id from incident")
    done = act(
        bench, "incident.closed", row.incident_id, "Olwen Example", "operations",
        reason="rung: the duty manager has it",
    )  # fmt: skip
    assert done == ("done", "closed")
    assert incidents(bench) == {}


def test_what_says_what_has_become_of_it_needs_nobody_else(a_bench: Benches) -> None:
    centre = a_partner(
        "centre", Role.ASSESSMENT_TEAM, sends=("contact.recorded", "referral.decision")
    )
    bench = a_bench([centre])
    bench.record(an_arrival("contact.recorded", a_contact(1), "centre", "C-1"))
    assert incidents(bench) == {"unowned": 1}, "nobody has said what becomes of it"
    passed = a_contact(2).model_copy(update={"action": ContactAction.TO_OTHER_AGENCY})
    bench.record(an_arrival("contact.recorded", passed, "centre", "C-2"))
    bench.record(an_arrival("referral.decision", a_decision(3), "centre", "D-3"))
    assert incidents(bench) == {"unowned": 1}


def test_a_test_that_a_live_system_is_spared_alarms_nobody(a_bench: Benches) -> None:
    bench = a_bench([SCHOOL, a_team("north", "referral.received", live=True)])
    bench.record(a_message(test=True))
    assert incidents(bench) == {}


def test_what_the_policy_keeps_from_the_only_one_is_missed(
    a_bench: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.core import plan
    from hub.rules.disclose import Disclosure, Verdict

    def denied(*_: Any) -> Disclosure:
        return Disclosure({}, (), (), Verdict.DENY, "P", "not to them")

    monkeypatch.setattr(plan, "disclosed", denied)
    bench = a_bench([SCHOOL, a_team("north", "referral.received")])
    bench.record(a_message())
    [(_, cause)] = wrong(bench)
    assert cause == "Referral received: North: not to them"


def test_what_somebody_gets_to_act_on_is_no_incident(bench: Bench) -> None:
    bench.record(an_arrival("edt.handover", a_handover(1), "edt"))
    bench.record(an_arrival("strategy.record", a_strategy_record(2), "team", "SD-1"))
    assert incidents(bench) == {}
