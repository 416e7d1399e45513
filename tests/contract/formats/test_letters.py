"""What goes out as text reads as somebody typed it, names only references in its subject, and leaves no gaps."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.base import Outgoing, Parcel, Refused, Unreadable
from connectors.formats import make_format
from schemas.envelope import Envelope, Sender
from tests.kit.people import STORIES, a_child, a_handover

GOLDEN = Path(__file__).parents[2] / "golden"
REFERENCE = "0f2f7a1e-6a3a-5d5c-9a58-0c5a5d0c7e11"
LETTERS = [
    ("edt-email", "edt.handover", "police_protection"),
    ("referrer-letter", "referrer.decision_feedback", "below_threshold"),
    ("referrer-letter", "referrer.decision_feedback", "public_referrer"),
    ("referrer-letter", "referral.acknowledged", "acknowledged"),
    ("incident-email", "incident.opened", "partner_down"),
    ("incident-email", "incident.opened", "storm"),
    ("incident-email", "incident.recovered", "over"),
    ("incident-email", "incident.recovered", "all_over"),
]


def write(kind: str, type: str, body: dict[str, Any], answers: str | None = None) -> Outgoing:
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    envelope = Envelope(
        message_id=UUID(int=1), type=type, schema_version=1, occurred_at=at, recorded_at=at,
        correlation_id=UUID(int=1), idempotency_key="k", authority="383",
        sender=Sender(agency="383"), answers=answers,
    )  # fmt: skip
    return make_format({"kind": kind}).write(envelope, body, REFERENCE)


def golden(kind: str, name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((GOLDEN / kind / f"{name}.json").read_text())
    return body


@pytest.mark.parametrize(("kind", "type", "name"), LETTERS)
def test_a_golden_letter_is_written_as_it_was_typed(kind: str, type: str, name: str) -> None:
    out = write(kind, type, golden(kind, name))
    assert out.body.decode() == (GOLDEN / kind / f"{name}.txt").read_text()
    assert out.media_type == "text/plain; charset=utf-8"
    assert out == write(kind, type, golden(kind, name))


def test_a_text_says_what_it_answers_where_it_answers_something() -> None:
    handover = golden("edt-email", "police_protection")
    plain = write("edt-email", "edt.handover", handover).body.decode()
    told = write("edt-email", "edt.handover", handover, answers="N-71").body.decode()
    assert told == plain.replace(
        f"Reference: {REFERENCE}\n", f"Reference: {REFERENCE}\nAnswers: N-71\n"
    )
    for type, name, field in (
        ("referrer.decision_feedback", "below_threshold", "referral_reference"),
        ("referral.acknowledged", "acknowledged", "reference"),
    ):
        body = golden("referrer-letter", name)
        own = body.pop(field)
        told = write("referrer-letter", type, body, answers=own).body.decode()
        assert f"Your reference: {own}\n" in told


@pytest.mark.parametrize(("kind", "type", "name"), LETTERS)
def test_a_subject_holds_words_of_ours_and_the_reference(kind: str, type: str, name: str) -> None:
    subject = write(kind, type, golden(kind, name)).subject_line
    assert subject.removesuffix(REFERENCE) in (
        "EDT handover ",
        "Your referral ",
        "Referral received ",
        "Hub incident opened: partner down, 7c9a1254",
        "Hub incident opened: lane blocked, 7c9a1254",
        "Hub incident over: partner down, 7c9a1254",
        "Hub incident over: lane blocked, 7c9a1254",
    )


@pytest.mark.parametrize(("kind", "type", "name"), LETTERS)
def test_whatever_is_withheld_no_heading_and_no_gap_hints_at_it(
    kind: str, type: str, name: str
) -> None:
    whole = golden(kind, name)
    for field in whole:
        text = write(kind, type, {key: whole[key] for key in whole if key != field}).body.decode()
        assert "\n\n\n" not in text and "None" not in text
        assert not re.search(r"^(?!Visit)[^\n]*: *$", text, re.MULTILINE)
        lonely = [block for block in text.split("\n\n") if block.isupper() and "\n" not in block]
        assert set(lonely) <= {"OFFICIAL-SENSITIVE"}


def test_a_letter_goes_to_the_referrer_who_gave_an_address() -> None:
    body = golden("referrer-letter", "below_threshold")
    out = write("referrer-letter", "referrer.decision_feedback", body)
    assert out.recipient == "safeguarding@millrace.example.org"


def test_an_anonymous_referrer_gets_none() -> None:
    body = {**golden("referrer-letter", "below_threshold"), "referrer": {"kind": "anonymous"}}
    with pytest.raises(Refused, match="anonymous"):
        write("referrer-letter", "referrer.decision_feedback", body)


@pytest.mark.parametrize("kind", ["edt-email", "referrer-letter", "incident-email"])
def test_another_type_is_refused_and_nothing_is_read(kind: str) -> None:
    with pytest.raises(Refused, match="police.notification"):
        write(kind, "police.notification", {"child": {}})
    with pytest.raises(Unreadable, match="only written"):
        make_format({"kind": kind}).read(
            Parcel("p", "smtp", b"Dear hub", "text/plain", datetime(2026, 1, 1, tzinfo=UTC))
        )


@pytest.mark.parametrize("story", STORIES)
def test_language_ethnicity_disability_and_interpreter_reach_the_reader(story: str) -> None:
    seed = STORIES.index(story)
    child = a_child(seed)
    body = a_handover(seed).model_copy(update={"child": child}).model_dump(mode="json")
    text = write("edt-email", "edt.handover", body).body.decode()
    if story == "interpreter":
        assert "Ethnicity: Black African (as given: N)" in text
        assert "First language: Tigrinya" in text
        assert "Interpreter needed: Yes" in text
    if story == "disabled":
        assert "Disability: Hearing, Learning" in text
        assert "Communication needs: British Sign Language" in text
    if story == "refuge":
        assert "Kind of address: Refuge" in text
    if story == "unborn":
        assert "Expected: 14 February 2027" in text
    assert max(len(line) for line in text.splitlines()) <= 76
