"""What is written as HL7 v2 is read back the same, and no delivery can be confused with another."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Parcel, Refused
from connectors.formats import make_format
from connectors.formats.hl7v2 import VERSIONS
from schemas.codes import AttendanceKind
from schemas.envelope import Envelope, Sender
from schemas.health import HealthAttendance
from tests.kit.people import STORIES, a_child, an_attendance

AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
WORDS = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=40)


def envelope(type: str = "health.attendance", test: bool = False) -> Envelope:
    return Envelope(
        message_id=UUID(int=1), type=type, schema_version=1, occurred_at=AT, recorded_at=AT,
        correlation_id=UUID(int=1), idempotency_key="k", authority="383",
        sender=Sender(agency="X26H1"), test=test,
    )  # fmt: skip


def there_and_back(body: HealthAttendance, **settings: Any) -> HealthAttendance:
    form = make_format({"kind": "hl7v2", **settings})
    out = form.write(envelope(), body.model_dump(mode="json"), body.reference)
    parcel = Parcel("p", "mllp", out.body, form.media_type, AT)
    (draft,) = form.read(parcel)
    assert form.peek(parcel) == draft.subject == body.child.subject
    assert draft.reference == form.names(out.reference) == form.names(body.reference)
    assert isinstance(draft.body, HealthAttendance)
    return draft.body.model_copy(update={"reference": body.reference})


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", [kind for kind in AttendanceKind if kind != "cpis_access"])
def test_every_event_in_every_version_survives(version: str, kind: AttendanceKind) -> None:
    body = an_attendance(3, kind)
    assert there_and_back(body, version=version) == body


@pytest.mark.parametrize("story", [story for story in STORIES if story != "unborn"])
def test_each_child_survives_with_language_ethnicity_disability_and_interpreter(story: str) -> None:
    seed = STORIES.index(story)
    body = an_attendance(seed).model_copy(update={"child": a_child(seed)})
    assert there_and_back(body) == body


@settings(deadline=None)
@given(given=WORDS, family=WORDS, visit=WORDS, minutes=st.integers(0, 500_000))
def test_any_words_survive_delimiters_and_all(
    given: str, family: str, visit: str, minutes: int
) -> None:
    told = an_attendance(0).model_dump()
    told["child"]["name"] = {"value": {"given": given, "family": family}}
    told |= {"visit": visit, "at": AT - timedelta(minutes=minutes)}
    body = HealthAttendance.model_validate(told)
    assert there_and_back(body) == body


def test_two_quotation_marks_are_words_and_not_hl7s_null() -> None:
    body = an_attendance(0).model_copy(update={"who": '""'})
    assert there_and_back(body) == body


def test_an_unborn_child_is_refused_because_adt_has_no_place_for_it() -> None:
    with pytest.raises(Refused, match="unborn"):
        there_and_back(an_attendance(STORIES.index("unborn")))


def test_a_character_outside_the_set_is_refused_and_never_replaced() -> None:
    body = an_attendance(0).model_copy(update={"who": "Łucja"})
    with pytest.raises(Refused, match="UNICODE UTF-8"):
        there_and_back(body, write_set="8859/1")


def test_withheld_fields_are_simply_absent() -> None:
    body = an_attendance(3).model_dump(mode="json")
    for field in ("name", "address", "nhs_number"):
        body["child"].pop(field)
    form = make_format({"kind": "hl7v2"})
    pid = hl7.parse(form.write(envelope(), body, "R1").body.decode()).segment("PID")
    assert len(pid) <= 11 and not str(pid[5])
    assert "NHS" not in str(pid[3])


def test_the_library_hl7_reads_what_we_write() -> None:
    form = make_format({"kind": "hl7v2", "version": "2.5"})
    out = form.write(envelope(test=True), an_attendance(3).model_dump(mode="json"), str(uuid4()))
    message = hl7.parse(out.body.decode())
    msh = message.segment("MSH")
    assert str(msh[9]) == "ADT^A04^ADT_A01"
    assert (str(msh[11]), str(msh[12]), str(msh[18])) == ("T", "2.5", "UNICODE UTF-8")
    assert str(msh[10]) == form.names(out.reference)
    assert str(message.segment("PID")[3]).startswith("9990000")


@settings(deadline=None)
@given(st.sets(st.uuids(), min_size=2, max_size=40))
def test_a_control_id_fits_and_is_never_shared(references: set[UUID]) -> None:
    form = make_format({"kind": "hl7v2"})
    names = {form.names(str(reference)) for reference in references}
    assert len(names) == len(references)
    assert all(len(name) == 20 and name.isalnum() for name in names)
