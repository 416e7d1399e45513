"""A working day is Monday to Friday without bank holidays, and a deadline is the end of one (10)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.calendar import (
    add_days,
    add_months,
    add_working_days,
    bank_holiday,
    nth_working_day,
    working_day,
)
from hub.clock import london

VECTORS = [
    ("2010-12-23", {1: "2010-12-24", 10: "2011-01-11", 35: "2011-02-15"}),
    ("2010-12-24", {1: "2010-12-29", 10: "2011-01-12", 15: "2011-01-19", 35: "2011-02-16"}),
    ("2011-01-18", {1: "2011-01-19", 7: "2011-01-27", 10: "2011-02-01", 35: "2011-03-08"}),
    ("2011-04-20", {1: "2011-04-21", 10: "2011-05-10", 15: "2011-05-17", 35: "2011-06-15"}),
    ("2026-03-30", {1: "2026-03-31", 10: "2026-04-15", 15: "2026-04-22", 45: "2026-06-05"}),
    ("2026-11-23", {1: "2026-11-24", 10: "2026-12-07", 15: "2026-12-14", 45: "2027-01-28"}),
    ("2026-12-18", {1: "2026-12-21", 15: "2027-01-13", 45: "2027-02-24"}),
    ("2026-12-24", {1: "2026-12-29", 15: "2027-01-19", 45: "2027-03-02"}),
]
CASES = [(event, days, due) for event, dues in VECTORS for days, due in dues.items()]


@pytest.mark.parametrize(("event", "days", "due"), CASES)
def test_the_worked_vectors(event: str, days: int, due: str) -> None:
    """Annex A of the domain pages, every cell of it."""
    assert nth_working_day(date.fromisoformat(event), days) == date.fromisoformat(due)


def test_the_deadline_is_the_midnight_that_ends_the_day() -> None:
    assert add_working_days(date(2026, 11, 23), 1) == datetime(2026, 11, 25, tzinfo=UTC)
    assert add_working_days(date(2026, 6, 29), 1) == datetime(2026, 6, 30, 23, tzinfo=UTC)


def test_an_event_is_dated_by_the_day_in_england() -> None:
    late = datetime(2026, 6, 29, 23, 30, tzinfo=UTC)
    assert nth_working_day(late, 1) == date(2026, 7, 1)


def test_an_event_on_a_closed_day_counts_from_that_day() -> None:
    assert nth_working_day(date(2026, 11, 21), 1) == date(2026, 11, 23)


@pytest.mark.parametrize(
    "day",
    [
        "2010-12-27",
        "2010-12-28",
        "2011-04-29",
        "2022-06-03",
        "2022-09-19",
        "2023-05-08",
        "2026-12-28",
        "2020-05-08",
        "2012-06-05",
        "2028-01-03",
    ],
)
def test_substitute_and_special_bank_holidays_are_known(day: str) -> None:
    assert bank_holiday(date.fromisoformat(day))


def test_may_day_2020_was_moved_and_scotland_is_not_england() -> None:
    assert not bank_holiday(date(2020, 5, 4))
    assert not bank_holiday(date(2026, 1, 2))
    assert not bank_holiday(date(2026, 11, 30))


def test_months_keep_the_day_number_or_take_the_last() -> None:
    assert add_months(date(2026, 8, 31), 6) == datetime(2027, 3, 1, tzinfo=UTC)
    assert add_months(date(2026, 11, 30), 3) == datetime(2027, 3, 1, tzinfo=UTC)
    assert add_months(date(2026, 12, 15), 3) == datetime(2027, 3, 16, tzinfo=UTC)
    assert add_days(date(2026, 10, 24), 1) == datetime(2026, 10, 26, tzinfo=UTC)


DAYS = st.dates(date(1995, 1, 1), date(2090, 12, 31))
COUNTS = st.integers(1, 60)


@given(DAYS, COUNTS)
def test_a_deadline_never_lands_on_a_weekend_or_a_bank_holiday(event: date, days: int) -> None:
    due = nth_working_day(event, days)
    assert due.weekday() < 5
    assert not bank_holiday(due)
    between = (event + timedelta(n) for n in range(1, (due - event).days + 1))
    assert sum(map(working_day, between)) == days


@given(DAYS, COUNTS)
def test_later_events_and_longer_limits_never_fall_due_earlier(event: date, days: int) -> None:
    assert nth_working_day(event, days) <= nth_working_day(event + timedelta(1), days)
    assert nth_working_day(event, days) < nth_working_day(event, days + 1)


@given(st.datetimes(datetime(1995, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), COUNTS)
def test_every_deadline_is_midnight_in_london(event: datetime, days: int) -> None:
    local = london(add_working_days(event, days))
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
