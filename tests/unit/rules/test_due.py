"""A deadline follows from the edition of its day and the hours of whoever must act (promise 10)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.calendar import load as load_calendars
from hub.clock import LONDON, london
from hub.rules.due import Begins, Clocks, Duty, Event, Limit, clock, due, told
from hub.rules.editions import load
from schemas.envelope import Priority
from schemas.register import REGISTER

EDITIONS = load(Path("deploy/rules/clocks"), Clocks)
SERVICES = load_calendars(Path("deploy/calendars"))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def falls(type: str, at: str, priority: Priority = Priority.ROUTINE) -> tuple[str, str]:
    """The clock and the civil time at which the message falls due."""
    found = due(Event(type, local(at), priority, "leeds-daytime"), EDITIONS, SERVICES)
    assert found is not None
    return found.clock_id, f"{london(found.due_at):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("day", "edition"),
    [
        (date(2010, 3, 1), "EN-WT2010"),
        (date(2013, 4, 14), "EN-WT2010"),
        (date(2013, 4, 15), "EN-WT2013"),
        (date(2022, 6, 2), "EN-WT2013"),
        (date(2026, 11, 23), "EN-WT2023"),
    ],
)
def test_a_case_is_judged_by_the_edition_of_its_day(day: date, edition: str) -> None:
    assert EDITIONS.edition_on(day).edition == edition


@pytest.mark.parametrize(
    ("priority", "at", "due_at"),
    [
        (Priority.URGENT, "2026-11-24T02:00", "2026-11-24T09:30"),
        (Priority.ROUTINE, "2026-11-24T02:00", "2026-11-24T12:00"),
        (Priority.URGENT, "2026-11-27T22:00", "2026-11-30T09:30"),
        (Priority.IMMEDIATE, "2026-10-25T01:30", "2026-10-26T09:30"),
        (Priority.ROUTINE, "2027-03-27T23:00", "2027-03-30T12:00"),
        (Priority.ROUTINE, "2026-12-24T18:00", "2027-01-04T12:00"),
    ],
)
def test_a_handover_is_accepted_on_the_next_service_day(
    priority: Priority, at: str, due_at: str
) -> None:
    assert falls("edt.handover", at, priority)[1] == due_at


@pytest.mark.parametrize(
    ("at", "due_at"),
    [
        ("2026-12-28T18:00", "2026-12-29T09:00"),  # the council is closed, the day is a working day
        ("2026-12-24T18:00", "2026-12-29T09:00"),
        ("2026-11-24T02:00", "2026-11-24T09:00"),
        ("2026-11-24T09:00", "2026-11-25T09:00"),
        ("2026-11-27T22:00", "2026-11-30T09:00"),
    ],
)
def test_a_police_notification_is_due_on_a_working_day_whoever_is_closed(
    at: str, due_at: str
) -> None:
    assert falls("police.notification", at) == ("police_notice", due_at)


def test_a_referral_is_decided_within_a_working_day_and_not_within_24_hours() -> None:
    assert falls("referral.received", "2026-12-24T17:30") == (
        "decide_next_step",
        "2026-12-30T00:00",
    )


def test_what_is_passed_to_a_team_is_picked_up_in_service_time_or_at_once() -> None:
    assert falls("referral.passed_to_team", "2026-11-27T16:00")[1] == "2026-11-30T10:30"
    at_once = falls("referral.passed_to_team", "2026-11-27T16:00", Priority.IMMEDIATE)
    assert at_once == ("pickup_immediate", "2026-11-27T16:15")


@pytest.mark.parametrize(
    ("name", "at", "due_at"),
    [
        ("single_assessment", "2026-11-23T10:00", "2027-01-29T00:00"),
        ("initial_assessment", "2011-01-18T10:00", "2011-02-02T00:00"),
        ("core_assessment", "2011-01-18T10:00", "2011-03-09T00:00"),
        ("s47_outcome", "2026-12-24T10:00", "2027-01-20T00:00"),
        ("police_protection", "2026-10-23T22:00", "2026-10-26T21:00"),
        ("police_protection", "2027-03-26T22:00", "2027-03-29T23:00"),
        ("epo", "2026-11-23T15:00", "2026-12-02T00:00"),
        ("review_cpc", "2026-11-30T15:00", "2027-03-01T00:00"),
    ],
)
def test_the_other_clocks(name: str, at: str, due_at: str) -> None:
    found = clock(name, local(at), EDITIONS, SERVICES)
    assert found is not None
    assert f"{london(found.due_at):%Y-%m-%dT%H:%M}" == due_at


FRIDAY, MONDAY = local("2026-11-27T10:00"), local("2026-11-30T09:00")
AHEAD = local("2026-12-04T09:00")


@pytest.mark.parametrize(
    ("type", "priority", "told", "due_at"),
    [
        # A contact of Friday is decided on by the end of Monday, however late its export comes.
        ("contact.recorded", Priority.ROUTINE, {Begins.RECEIVED: FRIDAY}, "2026-12-01T00:00"),
        ("contact.recorded", Priority.ROUTINE, {}, "2026-12-01T00:00"),
        # What it tells of may have happened long before anybody rang.
        ("contact.recorded", Priority.ROUTINE, {Begins.RECEIVED: MONDAY}, "2026-12-02T00:00"),
        # A sender's clock that is ahead gives nobody more time.
        ("contact.recorded", Priority.ROUTINE, {Begins.RECEIVED: AHEAD}, "2026-12-02T00:00"),
        # The hub passes a contact on when it takes it; a team when it says so.
        ("contact.recorded", Priority.IMMEDIATE, {}, "2026-11-30T09:15"),
        ("referral.passed_to_team", Priority.ROUTINE, {Begins.PASSED: FRIDAY}, "2026-11-27T12:00"),
        ("edt.handover", Priority.URGENT, {}, "2026-11-30T09:30"),
        (
            "referrer.decision_feedback",
            Priority.ROUTINE,
            {Begins.DECIDED: FRIDAY},
            "2026-12-01T00:00",
        ),
        # Agencies confirm what was circulated to them, not what they have not yet got.
        ("strategy.record", Priority.ROUTINE, {}, "2026-12-02T00:00"),
    ],
)
def test_a_clock_starts_with_its_event_and_not_when_the_hub_comes_to_it(
    type: str, priority: Priority, told: dict[Begins, datetime], due_at: str
) -> None:
    event = Event(type, FRIDAY, priority, "leeds-daytime", MONDAY, told)
    found = due(event, EDITIONS, SERVICES)
    assert found is not None
    assert f"{london(found.due_at):%Y-%m-%dT%H:%M}" == due_at


def test_a_partners_clock_of_tomorrow_moves_no_deadline() -> None:
    event = Event("edt.handover", MONDAY, Priority.URGENT, "leeds-daytime", FRIDAY)
    assert due(event, EDITIONS, SERVICES) == due(
        Event("edt.handover", FRIDAY, Priority.URGENT, "leeds-daytime"), EDITIONS, SERVICES
    )


def test_a_referral_of_2011_is_judged_by_the_edition_of_its_day() -> None:
    event = Event(
        "referral.received", local("2011-01-18T10:00"), Priority.ROUTINE, "always", MONDAY
    )
    found = due(event, EDITIONS, SERVICES)
    assert found is not None
    assert (found.rule_edition, london(found.due_at).date()) == ("EN-WT2010", date(2011, 1, 20))


def test_a_worry_of_2011_that_is_told_of_today_is_judged_by_today() -> None:
    long_ago = local("2011-01-18T10:00")
    came = {Begins.RECEIVED: MONDAY}
    found = due(
        Event("referral.received", long_ago, Priority.ROUTINE, "always", MONDAY, came),
        EDITIONS,
        SERVICES,
    )
    assert found is not None
    assert (found.rule_edition, london(found.due_at).date()) == ("EN-WT2023", date(2026, 12, 2))


def test_no_clock_starts_on_a_day_before_there_were_rules() -> None:
    body = {"received_at": "1970-01-01T00:00:00Z", "passed_at": "2026-11-27T10:00:00Z"}
    assert told(body, local("2010-03-01T00:00")) == {Begins.PASSED: FRIDAY}


def test_an_edition_has_only_its_own_clocks() -> None:
    assert clock("initial_assessment", local("2026-11-23T10:00"), EDITIONS, SERVICES) is None
    assert clock("single_assessment", local("2011-01-18T10:00"), EDITIONS, SERVICES) is None


def test_a_type_without_a_duty_has_no_deadline() -> None:
    event = Event("delivery.receipt", local("2026-11-23T10:00"), Priority.ROUTINE)
    assert due(event, EDITIONS, SERVICES) is None


def test_every_duty_is_of_a_type_that_may_be_said() -> None:
    assert {duty.type for edition in EDITIONS for duty in edition.duties} <= set(REGISTER)


def test_a_limit_is_of_one_kind() -> None:
    with pytest.raises(ValueError, match="write one of"):
        Limit.model_validate({"starts": "now", "source": "us", "days": 1, "working_days": 1})


@settings(deadline=None)
@given(
    at=st.datetimes(datetime(2010, 3, 2), datetime(2035, 1, 1), timezones=st.just(UTC)),
    priority=st.sampled_from(list(Priority)),
    duty=st.sampled_from(EDITIONS.named("EN-WT2023").duties),
)
def test_no_deadline_lies_in_the_past_and_urgent_ones_come_no_later(
    at: datetime, priority: Priority, duty: Duty
) -> None:
    found = due(Event(duty.type, at, priority, "leeds-daytime"), EDITIONS, SERVICES)
    routine = due(Event(duty.type, at, Priority.ROUTINE, "leeds-daytime"), EDITIONS, SERVICES)
    assert found is not None
    assert routine is not None
    assert at < found.due_at <= max(routine.due_at, at + timedelta(minutes=30))
