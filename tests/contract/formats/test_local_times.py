"""On the nights when clocks change no format guesses the hour in silence: the earlier is taken, and said."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Draft, Parcel
from connectors.formats import make_format
from connectors.formats.civil import LONDON, instant, shown
from connectors.formats.letter import clock
from schemas.envelope import Doubt

GOLDEN = Path(__file__).parents[2] / "golden"
CSV: dict[str, Any] = json.loads((GOLDEN / "contact-csv" / "settings.json").read_text())
EVENING = (GOLDEN / "contact-csv" / "evening_1252.csv").read_bytes()
ADMITTED = (GOLDEN / "hl7v2" / "a01_itk24_admit.er7").read_bytes()
NIGHTS = [
    ("2026-10-25 00:59", "2026-10-24T23:59", ()),
    ("2026-10-25 01:00", "2026-10-25T00:00", (Doubt.TIME_TWICE,)),
    ("2026-10-25 01:30", "2026-10-25T00:30", (Doubt.TIME_TWICE,)),
    ("2026-10-25 02:00", "2026-10-25T02:00", ()),
    ("2027-03-28 00:59", "2027-03-28T00:59", ()),
    ("2027-03-28 01:30", "2027-03-28T00:30", (Doubt.TIME_SKIPPED,)),
    ("2027-03-28 02:00", "2027-03-28T01:00", ()),
]


def read(settings: dict[str, Any], body: bytes) -> Draft:
    at = datetime(2026, 11, 23, 20, tzinfo=UTC)
    return make_format(settings).read(Parcel("p", "t", body, "text/plain", at))[0]


@pytest.mark.parametrize(("local", "at", "doubts"), NIGHTS)
def test_every_reader_takes_the_earlier_and_says_so(
    local: str, at: str, doubts: tuple[Doubt, ...]
) -> None:
    written = datetime.fromisoformat(local)
    stamp = f"{written:%Y%m%d%H%M}".encode()
    admitted = ADMITTED.replace(b"202611231930", stamp).replace(b"202611231928", stamp)
    evening = EVENING.replace(b"23/11/2026,16:42", f"{written:%d/%m/%Y,%H:%M}".encode())
    for draft in (read({"kind": "hl7v2"}, admitted), read(CSV, evening)):
        assert draft.occurred_at == datetime.fromisoformat(f"{at}+00:00")
        assert draft.doubts == doubts


@pytest.mark.parametrize("offset", ["+0100", "+0000"])
def test_with_an_offset_there_is_no_doubt(offset: str) -> None:
    stamp = b"202610250130" + offset.encode()
    body = ADMITTED.replace(b"202611231930", stamp).replace(b"202611231928", stamp)
    assert read({"kind": "hl7v2"}, body).doubts == ()


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))
def test_only_where_clocks_change_is_there_a_doubt_and_never_more_than_an_hour(
    local: datetime,
) -> None:
    at, doubts = instant(local)
    back = at.astimezone(LONDON).replace(tzinfo=None)
    assert (back == local) is (doubts != (Doubt.TIME_SKIPPED,))
    assert abs(back - local) <= timedelta(hours=1)
    assert (local.month in (3, 10) and local.weekday() == 6 and local.hour == 1) or not doubts


def test_what_we_write_for_people_says_which_of_the_two_hours() -> None:
    assert clock("2026-10-25T00:30:00Z") == "01:30 BST on Sun 25 Oct 2026"
    assert clock("2026-10-25T01:30:00Z") == "01:30 GMT on Sun 25 Oct 2026"
    assert clock("2026-10-25T02:30:00Z") == "02:30 on Sun 25 Oct 2026"
    assert shown(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "%H:%M%z") == "01:30+0100"
