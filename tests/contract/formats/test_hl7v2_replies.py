"""An acknowledgement says what became of exactly the message that it names, and another reader agrees."""

from datetime import UTC, datetime
from pathlib import Path

import hl7
import pytest

from connectors.base import Kind, Parcel, Says, Verdict
from connectors.formats import make_format

FOLDER = Path(__file__).parents[2] / "golden" / "hl7v2"
FILES = sorted(FOLDER.glob("*.er7"))
HL7 = make_format({"kind": "hl7v2", "retry_on_ae": False})
AT = datetime(2026, 7, 23, 20, 0, 5, tzinfo=UTC)


def golden(name: str, old: bytes = b"", new: bytes = b"") -> bytes:
    body = (FOLDER / f"{name}.er7").read_bytes()
    return body.replace(old, new) if old else body


def answer(body: bytes, verdict: Verdict) -> hl7.Message | None:
    reply = HL7.reply(Parcel("h", "mllp", body, HL7.media_type, AT), verdict)
    return None if reply is None else hl7.parse(reply, encoding="latin-1")


@pytest.mark.parametrize("kind", [Kind.OWNED, Kind.NOT_OURS])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_taken_is_named_and_sides_change_places(file: Path, kind: Kind) -> None:
    asked = hl7.parse(file.read_bytes(), encoding="latin-1").segment("MSH")
    message = answer(file.read_bytes(), Verdict(kind))
    assert message is not None
    msh, msa = message.segment("MSH"), message.segment("MSA")
    assert (str(msa[1]), str(msa[2])) == ("AA", str(asked[10]))
    assert [str(msh[n]) for n in (3, 4, 5, 6)] == [str(asked[n]) for n in (5, 6, 3, 4)]
    assert [str(msh[n]) for n in (1, 2, 11, 12)] == [str(asked[n]) for n in (1, 2, 11, 12)]
    assert str(msh[7]) == "20260723210005+0100"
    assert str(msh[9]).startswith("ACK")
    assert len(str(msh[10])) == 20 and str(msh[10]) != str(asked[10])


def test_without_a_control_id_the_answer_says_that_it_is_missing() -> None:
    message = answer(b"MSH|^~\\&|X", Verdict(Kind.REFUSED))
    assert message is not None
    assert str(message.segment("MSA")[1]) == "AR"
    assert str(message.segment("ERR")[1]).startswith("MSH^1^10^101")


def test_an_answer_is_the_same_for_the_same_message() -> None:
    inside = Parcel("h", "mllp", golden("a01_itk24_admit"), HL7.media_type, AT)
    assert HL7.reply(inside, Verdict(Kind.OWNED)) == HL7.reply(inside, Verdict(Kind.OWNED))


def test_where_we_cannot_own_it_nothing_is_said() -> None:
    assert answer(golden("a01_itk24_admit"), Verdict(Kind.UNABLE)) is None


@pytest.mark.parametrize("body", [b"", b"garbage", b"\xff\xfe\0", b"MSH", b"MSHabc"])
def test_garbage_gets_no_answer_because_none_could_name_it(body: bytes) -> None:
    assert answer(body, Verdict(Kind.REFUSED, reason="no MSH", place="MSH")) is None


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ((b"ADT^A01", b"ADT^A40"), "AR", "MSH^1^9^201&Unsupported event code&HL70357"),
        ((b"ADT^A01", b"ORU^R01"), "AR", "MSH^1^9^200&Unsupported message type&HL70357"),
        ((b"|2.4|", b"|2.2|"), "AR", "MSH^1^12^203&Unsupported version id&HL70357"),
        ((b"|UNICODE|", b"|UNICODE UTF-16|"), "AR", "MSH^1^18^103&Table value not found&HL70357"),
        ((b"9995908301", b"9995908302"), "AE", "PID^1^3^102&Data type error&HL70357"),
        ((b"ZO\xc3", b"ZO\xff"), "AE", "PID^1^5^102&Data type error&HL70357"),
    ],
)
def test_a_refusal_before_2_5_says_where_in_err_1(
    change: tuple[bytes, bytes], code: str, error: str
) -> None:
    message = answer(golden("a01_itk24_admit", *change), Verdict(Kind.REFUSED, reason="x"))
    assert message is not None
    msa = message.segment("MSA")
    assert (str(msa[1]), str(msa[2])) == (code, "1391320453338055")
    assert str(msa[3])
    assert str(message.segment("ERR")[1]) == error


def test_a_refusal_from_2_5_on_says_it_in_err_2_to_8() -> None:
    body = golden("a08_251_update", b"999 147 1049", b"999 147 1048")
    message = answer(body, Verdict(Kind.REFUSED, reason="x"))
    assert message is not None
    err = message.segment("ERR")
    assert str(message.segment("MSA")[1]) == "AE"
    assert [str(err[n]) for n in (1, 2, 3, 4)] == [
        "", "PID^1^3", "102^Data type error^HL70357", "E"]  # fmt: skip
    assert "check digit" in str(err[8]) and "147" not in str(err[8])


def test_a_training_message_to_a_live_partner_is_rejected_as_such() -> None:
    verdict = Verdict(Kind.REFUSED, reason="a live partner takes no test messages")
    message = answer(golden("a04_other_delimiters"), verdict)
    assert message is not None
    err = message.segment("ERR")
    assert str(message.segment("MSA")[1]) == "AR"
    assert str(err[2]) == "MSH*1*11"
    assert str(err[3]).startswith("202*")


def test_our_own_answers_are_understood_by_ourselves() -> None:
    body = golden("a01_itk24_admit", b"9995908301", b"9995908302")
    for verdict, says in (
        (Verdict(Kind.OWNED), Says.TAKEN),
        (Verdict(Kind.REFUSED, reason="x"), Says.REFUSED),
    ):
        reply = HL7.reply(Parcel("h", "mllp", body, HL7.media_type, AT), verdict)
        assert reply is not None
        assert HL7.understand(reply).says is says
        assert HL7.understand(reply).names == "1391320453338055"


def test_an_accent_in_a_remark_does_not_hide_an_acknowledgement() -> None:
    reply = "MSH|^~\\&|A|B|C|D|20260723||ACK|1|P|2.4\rMSA|AA|X1|reçu\r".encode("latin-1")
    assert HL7.understand(reply).names == "X1"


def test_only_when_it_was_written_is_left_out_of_the_digest() -> None:
    def content(body: bytes) -> bytes:
        return HL7.read(Parcel("h", "mllp", body, HL7.media_type, AT))[0].content

    body = golden("a01_itk24_admit")
    first = content(body)
    assert content(body.replace(b"|202611231931|", b"|202611240000|", 1)) == first
    assert content(body.rstrip(b"\r")) == first
    assert content(body.replace(b"OKAFOR-L", b"OKAFOR L")) != first
    assert content(body.replace(b"EVN||202611231930", b"EVN||202611231931")) != first
