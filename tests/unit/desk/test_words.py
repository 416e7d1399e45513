"""Times read as people say them, in London's time, with the exact instant behind."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desk.frame import PAGES
from hub.desk.shown.place import marked
from hub.desk.shown.told import until
from hub.desk.shown.words import Mood, due, field, left, span, when
from hub.ledger.read.sentences import Deadline

NOW = datetime(2026, 11, 23, 16, 24, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "text", "far", "mood"),
    [
        (NOW + timedelta(minutes=18), "16:42", "in 18 min", Mood.SOON),
        (NOW + timedelta(hours=3), "19:24", "in 3 h", Mood.CALM),
        (NOW - timedelta(minutes=12), "16:12", "12 min late", Mood.LATE),
        (
            datetime(2026, 11, 20, 23, 10, tzinfo=UTC),
            "Fri 20 Nov 23:10",
            "2 days late",
            Mood.LATE,
        ),
        (datetime(2026, 11, 25, 0, 0, tzinfo=UTC), "end of Tue 24 Nov", "in 1 day", Mood.CALM),
    ],
)
def test_a_deadline(moment: datetime, text: str, far: str, mood: Mood) -> None:
    found = due(moment, NOW)
    assert (found.text, found.far, found.mood) == (text, far, mood)
    assert found.iso == moment.isoformat()


def test_what_is_left_of_a_clock_is_never_said_to_be_gone() -> None:
    began = NOW - timedelta(hours=12, minutes=1)
    assert left(began, NOW + timedelta(minutes=57), NOW) == "57 min of 12 h 58 min left"
    assert left(NOW, NOW + timedelta(days=3, hours=2), NOW) == "3 days 2 h of 3 days 2 h left"
    assert left(began, NOW, NOW) == "All 12 h 1 min gone"
    assert left(NOW, NOW - timedelta(minutes=2), NOW) == ""


@given(st.integers(61, 10**6), st.data())
def test_what_is_left_is_less_than_all_in_words_too(whole: int, data: st.DataObject) -> None:
    """Where at least the smallest unit that is said is gone."""
    gone = data.draw(st.integers(3600 if whole >= 86400 else 60, max(whole, 3600)))
    said = left(NOW - timedelta(seconds=gone), NOW + timedelta(seconds=whole - gone), NOW)
    if whole > gone:
        one, _, other = said.removesuffix(" left").partition(" of ")
        assert one != other


def test_a_deadline_is_said_in_one_way_wherever_it_stands() -> None:
    midnight = datetime(2026, 12, 3, tzinfo=UTC)
    assert due(midnight, NOW).text == "end of Wed 2 Dec"
    assert str(
        PAGES.from_string("{{ shown(one, now) }}").render(one=Deadline(midnight), now=NOW)
    ).count(">end of Wed 2 Dec<")
    assert due(midnight, NOW).exact == "End of Wednesday 2 December 2026, 24:00 GMT"
    assert until(midnight) == "end of Wed 2 Dec 2026"
    assert until(NOW) == "Mon 23 Nov 2026 16:24:00 GMT"


def test_the_clock_is_londons() -> None:
    found = when(SUMMER, SUMMER + timedelta(minutes=5))
    assert found.text == "13:00"
    assert found.exact == "Wednesday 1 July 2026, 13:00:00 BST"
    assert found.far == "5 min ago"


@given(st.integers(0, 10**7))
def test_a_duration_is_never_longer_in_words_than_it_is(seconds: int) -> None:
    words = span(timedelta(seconds=seconds))
    amount = words.split()[0]
    unit = {"min": 60, "h": 3600, "day": 86400, "days": 86400}
    if amount != "under":
        assert int(amount) * unit[words.split()[1]] <= seconds


def test_fields_read_as_words() -> None:
    assert field("household.adults[0].own_number") == "Household, adults 1, own number"


@pytest.mark.parametrize(
    ("content", "place", "bad"),
    [
        (b"a;b\r\n1;2\r\n3;x\r\n", "line 3, column b", 3),
        (b"MSH|x\rPID|1\rPV1|\r", "PID-3", 2),
        (b"MSH|x\rOBX|1\rOBX|2\r", "OBX[2]-5", 3),
        (b"one line", "body.child", 1),
        (b"a\nb", "", None),
    ],
)
def test_where_reading_stopped_is_marked(content: bytes, place: str, bad: int | None) -> None:
    found = [line.number for line in marked(content, place) if line.bad]
    assert found == ([bad] if bad else [])


def test_bytes_that_do_not_decode_or_print_are_shown_as_numbers() -> None:
    assert [line.text for line in marked(b"\x0bMSH|\xff\x1b", "")] == ["\\x0bMSH|\\xff\\x1b"]
