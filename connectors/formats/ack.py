"""An HL7 acknowledgement names the message that it is about, and says what to mend and where.

Original mode: AA taken, AE the data are wrong, AR it will never be taken like this. The error goes
into ERR-1 before version 2.5 and into ERR-2 to ERR-8 from then on. Source: HL7 v2.4, 2.16.5 (ERR)
and 2.16.8 (MSA), and v2.5.1, chapter 2.
"""

import hashlib
import re
from base64 import b32encode
from datetime import datetime
from functools import lru_cache

from connectors.base import Answer, Says, Unreadable
from connectors.formats import er7
from connectors.formats.civil import shown
from schemas.envelope import AckLevel

CONTROL_ID = 20
"""Characters of MSH-10 in versions 2.3 to 2.5.1; 20 of base 32 are 100 bits."""

_PLACE = re.compile(r"([A-Z0-9]{3})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?)?")
_ERRORS = {
    "100": "Segment sequence error",
    er7.REQUIRED: "Required field missing",
    er7.BAD_TYPE: "Data type error",
    er7.BAD_TABLE: "Table value not found",
    er7.BAD_MESSAGE: "Unsupported message type",
    er7.BAD_EVENT: "Unsupported event code",
    er7.BAD_PROCESSING: "Unsupported processing id",
    er7.BAD_VERSION: "Unsupported version id",
    er7.INTERNAL: "Application internal error",
}
_NAMES = _ERRORS | {
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
}
"""HL7 table 0357, in its own words."""
_SPOT = re.compile(r"([A-Z][A-Z0-9]{2})\b(?:\W\d{0,3}\W(\d{1,3})\b)?")
_CODED = re.compile(r"\b([12]0\d)&")
_SAYS = {
    "AA": (Says.TAKEN, AckLevel.RECEIVED),
    "CA": (Says.TAKEN, AckLevel.TRANSPORT),
    "AE": (Says.REFUSED, AckLevel.RECEIVED),
    "CE": (Says.REFUSED, AckLevel.TRANSPORT),
    "AR": (Says.REFUSED, AckLevel.RECEIVED),
    "CR": (Says.REFUSED, AckLevel.TRANSPORT),
}


@lru_cache(maxsize=4_096)
def control_id(reference: str) -> str:
    """How a reference stands in MSH-10: itself where it fits, else 100 bits of its digest."""
    if len(reference) <= CONTROL_ID and reference.isascii() and reference.isalnum():
        return reference
    # 15 bytes make 24 characters; base32 is slow, and nothing after them is kept.
    return b32encode(hashlib.sha256(reference.encode()).digest()[:15])[:CONTROL_ID].decode()


def acknowledgement(
    header: er7.Header, code: str, at: datetime, fault: er7.Faulty | None = None
) -> bytes:
    """The answer to the message under `header`: sender and receiver change places, MSH-10 is echoed."""
    marks, version = header.delimiters, header.part(12) or "2.4"
    event = header.part(9, 2)
    kind = marks.component.join(["ACK", event] if event else ["ACK"])
    if event and not version.startswith("2.3"):
        kind += f"{marks.component}ACK"
    own = control_id(f"ack {header.get(3)} {header.get(4)} {header.get(10)} {code}")
    segments = [
        marks.field.join(
            [
                f"MSH{marks.field}{marks.encoding}",
                *(header.get(number) for number in (5, 6, 3, 4)),
                er7.escaped(shown(at, "%Y%m%d%H%M%S%z"), marks),
                "",
                kind,
                own,
                header.get(11) or "P",
                header.get(12) or version,
                *["", "", "", "", header.get(17), header.get(18)],
            ]
        ).rstrip(marks.field)
    ]
    answer = {1: code, 2: header.get(10)}
    if fault is not None and version < "2.5":
        answer[3] = er7.escaped(str(fault), marks)[:80]
    segments.append(er7.line("MSA", answer, marks))
    if fault is not None:
        segments.append(_error(fault, marks, version))
    return er7.encoded(segments, header.codec)


def _error(fault: er7.Faulty, marks: er7.Delimiters, version: str) -> str:
    found = _PLACE.fullmatch(fault.place)
    segment, occurrence, field, repeat, component = found.groups() if found else ("",) * 5
    name = _ERRORS[fault.code]
    if version < "2.5":
        sub = marks.subcomponent.join([fault.code, name, "HL70357"])
        parts = [
            segment or "",
            (occurrence or "1") if segment else "",
            field or "",
            sub,
        ]
        return er7.line("ERR", {1: marks.component.join(parts)}, marks)
    parts = [segment or "", (occurrence or "1") if segment else "", field or ""]
    if field and (repeat or component):
        parts += [repeat or "1", component or ""]
    return er7.line(
        "ERR",
        {
            2: marks.component.join(parts).rstrip(marks.component),
            3: marks.component.join([fault.code, name, "HL70357"]),
            4: "E",
            8: er7.escaped(fault.reason, marks),
        },
        marks,
    )


def salvaged(body: bytes) -> er7.Header | None:
    """As much of a bad MSH as an answer needs; None where there is no MSH to answer to."""
    separator = body[3:4]
    if body[:3] != b"MSH" or not separator or not separator.isascii() or separator.isalnum():
        return None
    if separator.isspace() or separator in b"^~\\&\0":
        return None
    text = re.split(rb"[\r\n]", body[:1024])[0].decode("ascii", "ignore")
    fields = "".join(character for character in text if character.isprintable()).split(text[3])
    fields.insert(1, text[3])
    if len(fields) < 10:
        return None
    fields[2] = "^~\\&"
    fields[18:19] = [""]
    return er7.Header(er7.Delimiters(field=text[3]), fields, "ascii")


def answer(reply: bytes, default_set: str, retry_on_ae: bool) -> Answer:
    """What a partner's acknowledgement says, and of which message; raises `Unreadable` for babble."""
    try:
        message = er7.Message(reply, er7.header(reply, default_set))
    except er7.Faulty:
        # An accent in a partner's remark must not turn an acknowledgement into an unknown outcome.
        plain = bytes(byte for byte in reply if byte < 128)
        message = er7.Message(plain, er7.header(plain))
    if not message.has("MSA"):
        raise Unreadable("an acknowledgement has an MSA segment", "MSA")
    code = message.text("MSA", 1)
    if code not in _SAYS:
        raise Unreadable("an acknowledgement is AA, AE, AR, CA, CE or CR", "MSA-1")
    says, level = _SAYS[code]
    if retry_on_ae and code in ("AE", "CE"):
        says = Says.TRY_AGAIN
    return Answer(says, message.text("MSA", 2) or None, level, code, _remark(message))


def _remark(message: er7.Message) -> str:
    """Where and what, as far as codes say it: the partner's own words may name the patient."""
    place = message.raw("ERR", 2) or message.raw("ERR", 1)
    found = _SPOT.match(place)
    coded = _CODED.search(place)
    code = message.text("ERR", 3) or (coded[1] if coded else "")
    where = f"{found[1]}-{found[2]}" if found and found[2] else found[1] if found else ""
    return ": ".join(filter(None, (where, _NAMES.get(code, ""))))
