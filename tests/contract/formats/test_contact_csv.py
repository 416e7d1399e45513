"""A contact centre's export is read row by row as people wrote it, whole or not at all."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Draft, Parcel, Unreadable
from connectors.formats import make_format
from schemas.contact import ContactRecorded

FOLDER = Path(__file__).parents[2] / "golden" / "contact-csv"
SETTINGS: dict[str, Any] = json.loads((FOLDER / "settings.json").read_text())
EVENING = (FOLDER / "evening_1252.csv").read_bytes()


def read(body: bytes, **settings: Any) -> list[Draft]:
    at = datetime(2026, 11, 23, 20, tzinfo=UTC)
    return make_format({**SETTINGS, **settings}).read(Parcel("cc", "folder", body, "text/csv", at))


def wrong(body: bytes, **settings: Any) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(body, **settings)
    return caught.value


@pytest.mark.parametrize(
    ("name", "encoding"), [("evening_1252", "windows-1252"), ("morning_utf8", "utf-8")]
)
def test_a_golden_export_is_read_as_expected(name: str, encoding: str) -> None:
    expected = json.loads((FOLDER / f"{name}.json").read_text())
    drafts = read((FOLDER / f"{name}.csv").read_bytes(), encoding=encoding)
    assert [draft.reference for draft in drafts] == [item["reference"] for item in expected]
    for draft, item in zip(drafts, expected, strict=True):
        assert draft.body == ContactRecorded.model_validate(item["body"])
        assert draft.occurred_at == datetime.fromisoformat(item["occurred_at"])
        assert draft.priority.value == item["priority"]


def test_utf8_with_a_byte_order_mark_says_the_same() -> None:
    utf8 = EVENING.decode("windows-1252").encode("utf-8-sig")
    assert read(utf8, encoding="utf-8") == read(EVENING)


def test_rows_may_move_and_other_columns_change_without_a_new_message() -> None:
    head, *lines = EVENING.split(b"\r\nCC-")
    moved = b"\r\nCC-".join([head, *reversed([line.removesuffix(b"\r\n") for line in lines])])
    again = read(moved.replace(b",90001", b",17") + b"\r\n")
    ids = {(draft.reference, draft.part, draft.content) for draft in again}
    assert ids == {(draft.reference, draft.part, draft.content) for draft in read(EVENING)}


def test_a_part_tells_nothing_of_the_child() -> None:
    for draft in read(EVENING):
        assert len(draft.part) == 16 and int(draft.part, 16)
    assert len({(draft.reference, draft.part) for draft in read(EVENING)}) == 3


def test_the_same_child_told_differently_keeps_its_part_so_that_the_conflict_is_seen() -> None:
    changed = read(EVENING.replace(b"would not take his coat off", b"took his coat off"))
    before, after = read(EVENING)[1], changed[1]
    assert (before.reference, before.part) == (after.reference, after.part)
    assert before.content != after.content


def test_an_anonymous_callers_number_is_not_kept() -> None:
    assert "900318" not in read(EVENING)[2].body.model_dump_json()


def test_half_a_file_is_never_accepted_and_every_mistake_is_told() -> None:
    body = EVENING.replace(b"02/07/2019", b"2019-07-02").replace(
        b"23/11/2026,18:05", b"23/11/26,18:05"
    )
    body = body.replace(b",Yes,Somali", b",perhaps,Somali").replace(b"Anon,", b"Passer-by,")
    found = wrong(body)
    text = str(found)
    assert found.place == "line 4 column Date of birth"
    assert "dd/mm/yyyy" in found.reason
    assert "line 7 column Date: write date and time as dd/mm/yyyy hh:mm" in text
    assert "line 7 column Interpreter required" in text
    assert "line 7 column Caller type: write one of professional" in text
    assert "Passer-by" not in text and "Axel" not in text


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (EVENING.decode("windows-1252").encode("utf-8"), "line 1"),
        (EVENING.replace(b"Zo\xeb", b"Zo\x81"), "line 2"),
        (EVENING.replace(b"Note,", b"Notes,", 1), "line 1"),
        (EVENING.replace(b",", b";"), "line 1"),
        (EVENING.replace(b"Quiet, would", b'"Quiet", would'), "line 4"),
        (EVENING.replace(b'"Quiet, would not take his coat off."', b"Quiet, would not"), "line 4"),
        (EVENING.replace(b"Axel", b"Ax\0el"), "line 4"),
        (EVENING.replace(b"999 590 8301", b"999 590 8302"), "line 2 column NHS number"),
        (EVENING.replace(b"Call ID", b"\xef\xbb\xbfCall ID", 1), "line 1"),
        (EVENING.split(b"\r\n")[0], "line 2"),
        (b"", "line 1"),
        (b"\x89PNG\r\n\x1a\n", "line 2"),
        (b"PK\x03\x04", "line 1"),
    ],
)
def test_a_broken_file_says_where(body: bytes, place: str) -> None:
    assert wrong(body).place == place


def test_two_copies_of_a_child_in_a_call_are_one_message() -> None:
    assert EVENING.count(b"Zo\xeb Okafor") == 2
    assert len(read(EVENING)) == 3


def test_settings_without_a_needed_column_are_refused_by_name() -> None:
    columns = {key: header for key, header in SETTINGS["columns"].items() if key != "concern"}
    with pytest.raises(ValidationError, match="columns lacks concern"):
        make_format({**SETTINGS, "columns": columns})
