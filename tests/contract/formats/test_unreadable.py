"""Whatever bytes come in, a format reads them or says what to mend and where; it never breaks and never guesses."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Draft, Format, Kind, Parcel, Unreadable, Verdict
from connectors.formats import make_format

GOLDEN = Path(__file__).parents[2] / "golden"
HL7, JSON = make_format({"kind": "hl7v2"}), make_format({"kind": "hub-json"})
CSV = make_format(json.loads((GOLDEN / "contact-csv" / "settings.json").read_text()))
READERS = {"hl7v2": HL7, "hub-json": JSON, "contact-csv": CSV}
SAMPLES = {
    "hl7v2": [file.read_bytes() for file in sorted((GOLDEN / "hl7v2").glob("*.er7"))],
    "hub-json": [file.read_bytes() for file in sorted((GOLDEN / "hub-json").glob("*.json"))],
    "contact-csv": [(GOLDEN / "contact-csv" / "evening_1252.csv").read_bytes()],
}


def parcel(body: bytes) -> Parcel:
    at = datetime(2026, 11, 23, 20, tzinfo=UTC)
    return Parcel("p", "t", body, "application/octet-stream", at)


def read(form: Format, body: bytes) -> list[Draft] | Unreadable:
    """What came of it; anything but drafts or `Unreadable` is a failure of the test."""
    inside = parcel(body)
    form.peek(inside)
    wrong: Unreadable | None = None
    found: list[Draft] = []
    try:
        found = form.read(inside)
    except Unreadable as error:
        wrong = error
    if wrong is not None:
        assert wrong.reason and wrong.place
        form.reply(inside, Verdict(Kind.REFUSED, reason=wrong.reason, place=wrong.place))
        return wrong
    assert found
    assert found == form.read(inside)
    return found


@pytest.mark.parametrize("kind", READERS)
@settings(deadline=None)
@given(body=st.binary(max_size=400))
def test_arbitrary_bytes(kind: str, body: bytes) -> None:
    read(READERS[kind], body)


@pytest.mark.parametrize("kind", READERS)
@settings(deadline=None)
@given(data=st.data())
def test_mutated_messages(kind: str, data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(SAMPLES[kind])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(body) - 1, 0)))
        match data.draw(st.sampled_from(["byte", "cut", "drop", "double"])):
            case "byte":
                body[at : at + 1] = data.draw(st.binary(min_size=1, max_size=3))
            case "cut":
                del body[at:]
            case "drop":
                del body[at : at + data.draw(st.integers(1, 30))]
            case "double":
                body[at:at] = body[at : at + data.draw(st.integers(1, 60))]
    read(READERS[kind], bytes(body))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ((b"ZO\xc3\x8b", b"ZO\xcb"), "PID-5"),
        ((b"HARROWGATE", b"HARR\0WGATE"), "PID-11"),
        ((b"|UNICODE|", b"|ASCII|"), "PID-5"),
        ((b"|UNICODE|", b"|GB 18030-2000|"), "MSH-18"),
        ((b"|UNICODE|", b"|8859/1|"), "PID-5"),
        ((b"MSH|^~\\&|", b"MSH|^^\\&|"), "MSH-2"),
        ((b"MSH|^~\\&|", b"MSH|^~\\&#|"), "MSH-2"),
        ((b"201703121515", b"2017-03-12"), "PID-7"),
        ((b"201703121515", b"20171312"), "PID-7"),
        ((b"9995908301", b"9995908302"), "PID-3"),
        ((b"|2.4|", b"|2.6|"), "MSH-12"),
        ((b"ADT^A01", b"ADT^A40"), "MSH-9.2"),
        ((b"ADT^A01", b"ORU^R01"), "MSH-9.1"),
        ((b"|1391320453338055|", b"||"), "MSH-10"),
        ((b"|P|2.4", b"|Q|2.4"), "MSH-11"),
        ((b"\rPID|", b"\rPXD|"), "PID"),
        ((b"202611231928", b"2026-11-23 19:28"), "EVN-6"),
        ((b"X26A1", b"the infirmary"), "PV1-3.4"),
    ],
)
def test_a_broken_message_says_where(change: tuple[bytes, bytes], place: str) -> None:
    body = (GOLDEN / "hl7v2" / "a01_itk24_admit.er7").read_bytes().replace(*change)
    found = read(HL7, body)
    assert isinstance(found, Unreadable)
    assert found.place == place
    assert "9995908302" not in str(found) and "OKAFOR" not in str(found)


LATIN = (GOLDEN / "hl7v2" / "a04_latin1.er7").read_bytes()


@pytest.mark.parametrize("name", ["Zoë", "François", "Łucja", "D’Arcy", "Zoë ﬁ"])
@pytest.mark.parametrize("named", [b"8859/1", b"8859/9", b"8859/15", b"8859/2", b""])
def test_utf_8_under_another_name_is_never_another_name(name: str, named: bytes) -> None:
    """`Zoë` would be read as `ZoÃ«`, and no byte of it is one that 8859/1 does not have."""
    speaks = make_format({"kind": "hl7v2", "character_set": "8859/1"})
    body = LATIN.replace(b"Br\xf6nte", b"Bronte").replace(b"Zo\xeb", name.encode())
    body = body.replace(b"8859/1", named)
    found = read(speaks, body)
    assert isinstance(found, Unreadable)
    assert (found.place, "UNICODE UTF-8" in found.reason) == ("PID-5", True)
    assert name not in str(found)
    refused = Verdict(Kind.REFUSED, reason=found.reason, place=found.place)
    reply = speaks.reply(parcel(body), refused)
    assert reply is not None and b"\rMSA|AE|" in reply


def test_utf_8_beside_8859_is_found_as_well() -> None:
    found = read(HL7, LATIN.replace(b"Zo\xeb", "Zoë".encode()))
    assert isinstance(found, Unreadable)
    assert found.place == "PID-5"


@pytest.mark.parametrize(
    ("named", "name"), [("8859/2", "JÓŹWIAK"), ("8859/1", "BJÖRN ÅSA"), ("8859/9", "GÜLŞAH")]
)
def test_what_is_what_it_is_called_is_read(named: str, name: str) -> None:
    codec = f"iso8859-{named.partition('/')[2]}"
    body = LATIN.replace(b"Br\xf6nte", name.encode(codec)).replace(b"Zo\xeb", b"Zoe")
    found = read(HL7, body.replace(b"8859/1", named.encode()))
    assert not isinstance(found, Unreadable)
    assert name in found[0].body.model_dump_json()


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("first", ["a01_itk24_admit.er7", "a04_itk24_register.er7"])
def test_a_second_message_in_the_same_block_is_not_passed_over(first: str, end: bytes) -> None:
    one, two = (
        (GOLDEN / "hl7v2" / name).read_bytes().rstrip(b"\r\n") + b"\r"
        for name in (first, "a03_itk24_discharge.er7")
    )
    body = (one + two).replace(b"\r", end)
    # A feed is filtered by what is peeked at: of two children, it would be by the first alone.
    assert HL7.peek(parcel(body)) is None
    found = read(HL7, body)
    assert isinstance(found, Unreadable)
    assert "one block carries one message" in found.reason
    reply = HL7.reply(parcel(body), Verdict(Kind.REFUSED, reason=found.reason, place=found.place))
    assert reply is not None
    assert b"\rMSA|AR|" in reply


ADMITTED = (GOLDEN / "hl7v2" / "a01_itk24_admit.er7").read_bytes()
[THEIRS] = [line for line in ADMITTED.split(b"\r") if line.startswith(b"PID|")]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (THEIRS + b"\r" + THEIRS.replace(b"9995908301", b"9990000018"), "PID, the second"),
        (
            THEIRS.replace(b"^^^NHS~", b"^^^NHS~9990000018^^^NHS~"),
            "PID-3",
        ),
    ],
)
def test_of_two_patients_in_one_message_neither_is_passed_over(said: bytes, place: str) -> None:
    assert said.count(b"9990000018") == 1
    body = ADMITTED.replace(THEIRS, said)
    assert HL7.peek(parcel(body)) is None
    found = read(HL7, body)
    assert isinstance(found, Unreadable)
    assert found.place == place


@pytest.mark.parametrize("wrong", [b"9995908302", b"0000000001", b"999590830", b"A995908301"])
def test_a_number_that_is_none_is_no_number_to_look_for(wrong: bytes) -> None:
    """A feed that keeps whom nobody can match keeps that child as well: the reader then says what is wrong."""
    seen = HL7.peek(parcel(ADMITTED.replace(b"9995908301", wrong)))
    assert seen is not None
    assert seen.nhs_number is None


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (b"\x0b", "frame of MLLP"),
        (b"\xef\xbb\xbf", "byte order mark"),
        (b"FHS|^~\\&|A\rBHS|^~\\&|A\r", "batch"),
        (b"BHS|^~\\&|A\r", "batch"),
    ],
)
def test_what_stands_before_a_message_is_named(before: bytes, reason: str) -> None:
    found = read(HL7, before + (GOLDEN / "hl7v2" / "a01_itk24_admit.er7").read_bytes())
    assert isinstance(found, Unreadable)
    assert reason in found.reason


@pytest.mark.parametrize(
    "body",
    [b"", b"\r", b"MSH", b"MSH|^~\\&", b"\x89PNG\r\n\x1a\n\0\0", b"PK\x03\x04", b"%PDF-1.7\n",
     b"MSH|^~\\&|" + b"A" * 3_000_000, b"MSH|^~\\&" + b"|" * 100_000, b"[" * 100_000,
     b"\xff\xfeM\0S\0H\0|\0", b"FHS|^~\\&|\rBHS|^~\\&|\rMSH|^~\\&|\r"],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
@pytest.mark.parametrize("kind", READERS)
def test_what_is_no_message_at_all(kind: str, body: bytes) -> None:
    assert isinstance(read(READERS[kind], body), Unreadable)
