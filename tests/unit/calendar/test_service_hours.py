"""Handover clocks follow the hours of the service, through weekends, holidays and clock changes."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.calendar import CalendarError, Hours, Local, Services, at, load
from hub.clock import LONDON, london

SITE = load(Path("deploy/calendars"))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("moment", "open_then"),
    [
        ("2026-11-23T09:00", True),
        ("2026-11-23T08:59", False),
        ("2026-11-23T16:59", True),
        ("2026-11-23T17:00", False),
        ("2026-11-27T16:29", True),
        ("2026-11-27T16:30", False),
        ("2026-11-28T11:00", False),
        ("2026-12-28T11:00", False),
        ("2026-12-30T11:00", False),
        ("2027-01-04T11:00", True),
    ],
)
def test_daytime_hours_in_leeds(moment: str, open_then: bool) -> None:
    assert SITE.is_open("leeds-daytime", local(moment)) is open_then


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_every_minute_has_one_owner(moment: datetime) -> None:
    assert SITE.is_open("leeds-daytime", moment) != SITE.is_open("leeds-edt", moment)
    assert SITE.is_open("always", moment)


@pytest.mark.parametrize(
    ("moment", "start"),
    [
        ("2026-11-24T02:00", "2026-11-24T09:00"),
        ("2026-11-24T09:00", "2026-11-25T09:00"),
        ("2026-11-27T18:00", "2026-11-30T09:00"),
        ("2026-12-24T18:00", "2027-01-04T09:00"),
        ("2026-10-25T00:30", "2026-10-26T09:00"),
        ("2027-03-28T00:30", "2027-03-30T09:00"),
    ],
)
def test_the_next_daytime_start(moment: str, start: str) -> None:
    assert SITE.next_start("leeds-daytime", local(moment)) == local(start)


def test_out_of_hours_begins_when_daytime_ends() -> None:
    assert SITE.next_start("leeds-edt", local("2026-11-27T10:00")) == local("2026-11-27T16:30")


def test_service_time_stands_still_while_the_service_is_closed() -> None:
    due = SITE.add_hours("leeds-daytime", local("2026-11-27T15:30"), timedelta(hours=4))
    assert due == local("2026-11-30T12:00")
    assert SITE.add_hours("always", local("2026-11-27T15:30"), timedelta(hours=1)) == local(
        "2026-11-27T16:30"
    )


def test_a_civil_time_on_the_next_service_day() -> None:
    night = local("2026-11-24T02:00")
    assert SITE.at_next_service_day("leeds-daytime", night, time(9, 30)) == local(
        "2026-11-24T09:30"
    )


@pytest.mark.parametrize("name", ["always", "leeds-daytime", "leeds-edt"])
@given(
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    hour=st.sampled_from((time(8, 30), time(9, 30), time(12))),
)
def test_a_civil_time_on_a_service_day_is_still_to_come(
    name: str, moment: datetime, hour: time
) -> None:
    due = SITE.at_next_service_day(name, moment, hour)
    assert due > moment
    assert london(due).time() == hour


def test_a_service_that_is_always_there_takes_the_next_such_hour() -> None:
    evening = local("2026-11-23T22:00")
    assert SITE.at_next_service_day("always", evening, time(9, 30)) == local("2026-11-24T09:30")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_a_start_is_a_start(moment: datetime) -> None:
    start = SITE.next_start("leeds-daytime", moment)
    assert start > moment
    assert SITE.is_open("leeds-daytime", start)
    assert not SITE.is_open("leeds-daytime", start - timedelta(seconds=1))
    assert london(start).time() == time(9)


def test_a_local_time_that_happens_twice_is_the_earlier_and_flagged() -> None:
    twice = at(date(2026, 10, 25), time(1, 30))
    assert (twice.local, twice.at) == (Local.TWICE, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))


def test_a_local_time_that_never_happens_is_the_earlier_and_flagged() -> None:
    never = at(date(2027, 3, 28), time(1, 30))
    assert (never.local, never.at) == (Local.NEVER, datetime(2027, 3, 28, 0, 30, tzinfo=UTC))


def test_police_protection_is_elapsed_time_across_a_clock_change() -> None:
    started = local("2026-10-23T22:00").astimezone(UTC)
    assert london(started + timedelta(hours=72)).isoformat() == "2026-10-26T21:00:00+00:00"


def test_a_mistake_is_named_with_file_and_line(tmp_path: Path) -> None:
    head = "name: day\ntitle: Day\nsource: us\neffective_from: 2020-01-01\n"
    (tmp_path / "day.yaml").write_text(
        head + "week:\n  monday: [{from: 17:00, to: 09:00}]\n  funday: []\n"
    )
    with pytest.raises(CalendarError, match=r"day\.yaml:6: .*split what runs over midnight"):
        load(tmp_path)
    (tmp_path / "day.yaml").write_text(head + "outside: nowhere\n")
    with pytest.raises(CalendarError, match="outside names nowhere"):
        load(tmp_path)
    (tmp_path / "day.yaml").write_text(head.replace("day\n", "night\n", 1) + "always: true\n")
    with pytest.raises(CalendarError, match=r"day\.yaml:1: name it day"):
        load(tmp_path)


def test_unquoted_hours_are_hours_and_midnight_ends_a_day(tmp_path: Path) -> None:
    (tmp_path / "late.yaml").write_text(
        "name: late\ntitle: Late\nsource: us\neffective_from: 2020-01-01\n"
        "week:\n  monday: [{from: 16:30, to: 24:00}]\n"
    )
    late = load(tmp_path)
    assert late.is_open("late", local("2026-11-23T23:59"))
    assert not late.is_open("late", local("2026-11-24T00:00"))
    assert late.add_hours("late", local("2026-11-23T23:00"), timedelta(hours=2)) == local(
        "2026-11-30T17:30"
    )


def test_a_service_that_never_opens_is_an_error_and_not_a_loop() -> None:
    shut = Hours.model_validate(
        {"name": "x", "title": "x", "source": "x", "effective_from": "2020-01-01"}
        | {"week": {"monday": []}}
    )
    with pytest.raises(CalendarError, match="does not open within a year"):
        Services([shut]).next_start("x", local("2026-11-23T09:00"))
