"""Each HL7 v2 message of the golden folder is read exactly as its neighbour in JSON says."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from connectors.base import Kind, Parcel, Says, Verdict
from connectors.formats import make_format
from schemas.envelope import AckLevel, Doubt, Envelope, Sender
from schemas.health import HealthAttendance

FOLDER = Path(__file__).parents[2] / "golden" / "hl7v2"
FILES = sorted(FOLDER.glob("*.er7"))
HL7 = make_format({"kind": "hl7v2"})
AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def parcel(body: bytes) -> Parcel:
    return Parcel("hospital", "mllp", body, HL7.media_type, datetime(2026, 11, 23, 20, tzinfo=UTC))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_golden_message_is_read_as_expected(file: Path) -> None:
    expected = json.loads(file.with_suffix(".json").read_text())
    (draft,) = HL7.read(parcel(file.read_bytes()))
    assert draft.body == HealthAttendance.model_validate(expected["body"])
    assert draft.type == "health.attendance"
    assert draft.occurred_at == draft.body.at
    assert list(draft.doubts) == expected.get("doubts", [])
    assert draft.subject.model_dump() == expected["subject"]
    found = (draft.reference, draft.stream, draft.test, draft.priority.value)
    assert found == tuple(expected[key] for key in ("reference", "stream", "test", "priority"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_peeking_finds_whom_reading_finds(file: Path) -> None:
    inside = parcel(file.read_bytes())
    assert HL7.peek(inside) == HL7.read(inside)[0].subject


@pytest.mark.parametrize(
    ("file", "says", "level", "text"),
    [
        ("ae_24_hapi_style", Says.TRY_AGAIN, AckLevel.RECEIVED, "PID-3: Unknown key identifier"),
        ("ar_251", Says.REFUSED, AckLevel.RECEIVED, "MSH-12: Unsupported version id"),
        ("ca_24_enhanced", Says.TAKEN, AckLevel.TRANSPORT, ""),
        ("aa_empty_header", Says.TAKEN, AckLevel.RECEIVED, ""),
    ],
)
def test_a_golden_answer_is_understood(file: str, says: Says, level: AckLevel, text: str) -> None:
    answer = HL7.understand((FOLDER / "answers" / f"{file}.er7").read_bytes())
    assert (answer.says, answer.level) == (says, level)
    assert answer.names == "ABCDEFGHIJ0123456789"
    assert answer.text == text


@pytest.mark.parametrize(
    ("more", "doubts"),
    [
        (b"", ()),
        (b"~", ()),
        (b'~""', ()),
        (b"~7 QUAY STREET^^LEEDS^^LS99 6TT^GBR^C", (Doubt.ADDRESS_FIRST,)),
        (b"~~^^^^LS99 6TT", (Doubt.ADDRESS_FIRST,)),
    ],
)
def test_of_two_addresses_the_first_is_taken_and_it_is_said(
    more: bytes, doubts: tuple[Doubt, ...]
) -> None:
    admitted = (FOLDER / "a01_itk24_admit.er7").read_bytes()
    body = admitted.replace(b"LS99 5TT^GBR^H", b"LS99 5TT^GBR^H" + more)
    (draft,) = HL7.read(Parcel("hospital", "mllp", body, HL7.media_type, AT))
    assert draft.doubts == doubts
    said = draft.body.model_dump(mode="json")["child"]["address"]["value"]
    assert (said["postcode"], said["kind"]) == ("LS99 5TT", "home")


def test_where_ae_means_never_it_is_a_refusal() -> None:
    strict = make_format({"kind": "hl7v2", "retry_on_ae": False})
    answer = strict.understand((FOLDER / "answers" / "ae_24_hapi_style.er7").read_bytes())
    assert answer.says is Says.REFUSED


@pytest.mark.parametrize(("name", "version"), [("a04_24", "2.4"), ("a11_23", "2.3")])
def test_an_attendance_is_written_as_it_was_typed(name: str, version: str) -> None:
    body = json.loads((FOLDER / "written" / f"{name}.json").read_text())
    envelope = Envelope(
        message_id=UUID(int=1), type="health.attendance", schema_version=1, occurred_at=AT,
        recorded_at=AT, correlation_id=UUID(int=1), idempotency_key="k", authority="383",
        sender=Sender(agency="X26H1"),
    )  # fmt: skip
    form = make_format({"kind": "hl7v2", "version": version})
    out = form.write(envelope, body, body["reference"])
    assert out.body.decode() == (FOLDER / "written" / f"{name}.er7").read_bytes().decode()


@pytest.mark.parametrize(
    ("asked", "change", "name"),
    [
        ("a01_itk24_admit", (b"", b""), "aa_24"),
        ("a01_itk24_admit", (b"201703121515", b"12/03/2017"), "ae_24"),
        ("a08_251_update", (b"ADT^A08", b"ADT^A40"), "ar_251"),
    ],
)
def test_an_acknowledgement_is_written_as_it_was_typed(
    asked: str, change: tuple[bytes, bytes], name: str
) -> None:
    body = (FOLDER / f"{asked}.er7").read_bytes().replace(*change)
    inside = Parcel("hospital", "mllp", body, HL7.media_type, AT)
    reply = HL7.reply(inside, Verdict(Kind.REFUSED if change[0] else Kind.OWNED))
    assert reply is not None
    msh, *rest = reply.decode().split("\r")
    fields = msh.split("|")
    assert len(fields[9]) == 20  # MSH-10 is a digest: nobody types that
    fields[9] = ""
    found = "\r".join(["|".join(fields), *rest])
    assert found == (FOLDER / "acknowledged" / f"{name}.er7").read_bytes().decode()
