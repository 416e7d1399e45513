"""What is written in the search box is understood in one way, never breaks it, and can be said again."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.search import days
from hub.desk.search.asked import Vocabulary, read
from hub.desk.search.filters import By, Filters, Side, State
from schemas.envelope import Priority
from schemas.register import REGISTER
from tests.kit.seed import partners

KNOWN = Vocabulary(partners())
TODAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 27, 16, 42, 10, tzinfo=UTC)
DAYS = st.dates(date(1970, 1, 1), date(2200, 12, 31))
WORDS = st.sampled_from(
    [
        "police", "from", "to", "since", "until", "last", "7", "days", "Fri", "20", "Nov", "2026",
        "20/11/2026", "2026-11-20", "today", "late", "in", "conflict", "given", "up", "goes",
        "handover", "edt", "Emergency", "Duty", "Team", "EDT-0417", "urgent", '"', '"late"', ",",
        "943 476 5919", "9434765919", "20:30", "01:30", "BST", "25/10/2026", "8pm", "at", "hour",
        "2026-10-25T01:30", "between", "and",
    ]
)  # fmt: skip


def meant(text: str) -> Filters:
    return read(text, KNOWN, NOW).filters


def names(filters: Filters) -> set[str]:
    return {name for by in filters.partners for name in by.names}


@given(st.one_of(st.text(), st.lists(st.one_of(WORDS, st.text(max_size=5))).map(" ".join)))
def test_nothing_that_is_written_breaks_it_and_what_was_meant_can_be_said_again(text: str) -> None:
    once = meant(text)
    assert read(once.words, KNOWN, NOW).filters == once
    assert not read(once.words, KNOWN, NOW).unknown


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_each_filter_can_be_taken_away_alone(text: str) -> None:
    whole = list(meant(text).each())
    for _, words, left in whole:
        assert read(left.words, KNOWN, NOW).filters == left
        assert words not in [other for _, other, _ in left.each()]
        assert len(list(left.each())) == len(whole) - 1


@given(DAYS, DAYS)
def test_a_day_is_said_as_it_is_read(one: date, today: date) -> None:
    words = days.said(one).lower().split()
    assert days.day(words, today) == (one, 3)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("today", TODAY, TODAY),
        ("yesterday", date(2026, 11, 26), date(2026, 11, 26)),
        ("Fri 20 Nov", date(2026, 11, 20), date(2026, 11, 20)),
        ("Fri", TODAY, TODAY),
        ("thursday", date(2026, 11, 26), date(2026, 11, 26)),
        ("20/11/2026", date(2026, 11, 20), date(2026, 11, 20)),
        ("2026-11-20", date(2026, 11, 20), date(2026, 11, 20)),
        ("20 Dec", date(2025, 12, 20), date(2025, 12, 20)),
        ("29 Feb", date(2024, 2, 29), date(2024, 2, 29)),
        ("Sun 20 Nov", date(2022, 11, 20), date(2022, 11, 20)),
        ("since 20 Nov", date(2026, 11, 20), None),
        ("from 20 Nov to 22 Nov", date(2026, 11, 20), date(2026, 11, 22)),
        ("20 Nov to 22 Nov", date(2026, 11, 20), date(2026, 11, 22)),
        ("until yesterday", None, date(2026, 11, 26)),
        ("last 7 days", date(2026, 11, 21), None),
    ],
)
def test_days(text: str, since: date | None, until: date | None) -> None:
    found = meant(text)
    assert (found.since, found.until) == (since, until)
    assert not found.references


@pytest.mark.parametrize("text", ["31 Nov", "20/13/2026", "2026-02-30", "20 November2026x"])
def test_what_is_no_day_is_a_reference_and_no_guess(text: str) -> None:
    found = meant(text)
    assert found.since is None and found.references


def test_a_day_is_a_civil_one() -> None:
    october = meant("25 Oct 2026")
    assert october.begins and october.ends
    assert october.begins.astimezone(UTC) == datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert october.ends.astimezone(UTC) == datetime(2026, 10, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("police", {"exemplar-police"}),
        ("exemplar-police", {"exemplar-police"}),
        ("Exemplar Police, public protection", {"exemplar-police"}),
        ("assessment team", {"assessment-north", "assessment-east", "contact-centre"}),
        ("assessment-east", {"assessment-east"}),
        ("Emergency Duty Team", {"edt"}),
    ],
)
def test_partners_and_teams(text: str, found: set[str]) -> None:
    assert names(meant(text)) == found
    assert not meant(text).references


def test_sides_types_states_and_priorities() -> None:
    found = meant("urgent handover from EDT to assessment-east late, in conflict EDT-0417")
    assert {(by.side, by.word) for by in found.partners} == {
        (Side.FROM, "edt"),
        (Side.TO, "assessment-east"),
    }
    assert found.types == {"edt.handover"}
    assert found.states == {State.LATE, State.CONFLICT}
    assert found.priorities == {Priority.URGENT}
    assert found.references == {"EDT-0417"}
    assert len(meant("strategy").types) == 2


def test_every_word_of_the_trade_is_known() -> None:
    for entry in REGISTER.values():
        if entry.flow != "acts":
            assert meant(entry.type).types == meant(entry.title).types == {entry.type}
    for state in State:
        assert meant(state.value).states == {state}
    for partner in partners():
        assert meant(partner.partner).partners == {
            By(Side.EITHER, partner.partner, frozenset([partner.partner]))
        }


def test_what_is_none_of_them_is_said_to_be_taken_for_a_reference() -> None:
    asked = read('EDT-0417 "late" Thistlewood', KNOWN, NOW)
    assert asked.filters.references == {"EDT-0417", "late", "Thistlewood"}
    assert asked.unknown == ("EDT-0417", "Thistlewood")
    assert not asked.filters.states


@pytest.mark.parametrize("text", ["9434765919", "943 476 5919", "late 943-476-5919 today"])
def test_a_childs_number_is_left_out(text: str) -> None:
    asked = read(text, KNOWN, NOW)
    assert asked.child
    assert "943" not in repr(asked.filters) and not asked.unknown


def test_other_numbers_and_quoted_ones_are_references() -> None:
    assert meant("9434765918").references == {"9434765918"}
    assert meant('"9434765919"').references == {"9434765919"}
    assert not read('"9434765919"', KNOWN, NOW).child


def instant(*told: int) -> datetime:
    return datetime(2026, *told, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("last hour", instant(11, 27, 15, 42), None),
        ("last 30 minutes", instant(11, 27, 16, 12), None),
        ("past 24 hours", instant(11, 26, 16, 42), None),
        ("last week", instant(11, 21), None),
        ("since 08:15", instant(11, 27, 8, 15), None),
        ("20:30", instant(11, 26, 20, 30), instant(11, 26, 20, 31)),
        ("08:15", instant(11, 27, 8, 15), instant(11, 27, 8, 16)),
        ("since 20 Nov 20:30", instant(11, 20, 20, 30), None),
        ("since 8pm yesterday", instant(11, 26, 20), None),
        ("since yesterday at 8:30pm", instant(11, 26, 20, 30), None),
        ("20 Nov 20:30 to 21:15", instant(11, 20, 20, 30), instant(11, 20, 21, 16)),
        ("between 20 Nov 22:00 and 02:00", instant(11, 20, 22), instant(11, 21, 2, 1)),
        ("since 2026-07-01T12:00", instant(7, 1, 11), None),
        ("since 2026-07-01T12:00 until 2026-07-02", instant(7, 1, 11), instant(7, 2, 23)),
        # The hour that clocks show twice, and the one that they leave out.
        ("since 25 Oct 01:30", instant(10, 25, 0, 30), None),
        ("until 25 Oct 01:30", None, instant(10, 25, 1, 31)),
        ("25 Oct 01:30", instant(10, 25, 0, 30), instant(10, 25, 1, 31)),
        ("25 Oct 01:30 BST", instant(10, 25, 0, 30), instant(10, 25, 0, 31)),
        ("25 Oct 01:30 GMT", instant(10, 25, 1, 30), instant(10, 25, 1, 31)),
        ("since 29 Mar 01:30", instant(3, 29, 0, 30), None),
    ],
)
def test_times_of_day(text: str, begins: datetime | None, ends: datetime | None) -> None:
    found = meant(text)
    assert not found.references, found
    assert (found.begins, found.ends) == (begins, ends)
    assert meant(found.words) == found
    assert found.twice == ("25 Oct" in text)


@pytest.mark.parametrize(
    "text", ["25:00", "20.30", "tomorrow", "an hour ago", "last 0 hours", "13pm"]
)
def test_what_may_have_been_meant_for_a_time_is_said_to_be_none(text: str) -> None:
    asked = read(text, KNOWN, NOW)
    assert asked.timed and asked.unknown
    assert not any(word in asked.untimed.words for word in ("tomorrow", "25:00", "ago"))
    assert not read("EDT-0417 Thistlewood", KNOWN, NOW).timed
