"""A hospital speaks HL7 v2 with the hub: ADT in and out, and each message answered by an ACK that names it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

from pydantic import Field

from connectors.base import (
    Answer,
    Draft,
    Kind,
    Outgoing,
    Parcel,
    Refused,
    Settings,
    Verdict,
)
from connectors.formats import ack, adt, er7, patient
from connectors.formats.civil import shown
from schemas.envelope import Envelope, Subject
from schemas.register import priority_of
from schemas.values import is_nhs_number

VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1")


class Hl7v2Settings(Settings):
    """How this partner's HL7 v2 differs from the usual."""

    character_set: str = Field(
        default="ASCII",
        description="Character set (table 0211) where a message's MSH-18 is empty",
    )
    nhs_authorities: tuple[str, ...] = Field(
        default=patient.NHS_AUTHORITIES,
        description="PID-3.4 or PID-3.5 that marks an NHS number",
    )
    interpreter: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9]{2}-\d{1,3}$",
        description="Field of theirs that says whether an interpreter is needed, e.g. ZU8-3",
    )
    retry_on_ae: bool = Field(
        default=True,
        description="AE and CE mean try again; false where they mean never",
    )
    version: Literal["2.3", "2.3.1", "2.4", "2.5", "2.5.1"] = Field(
        default="2.4", description="Version written"
    )
    sending: str = Field(default="FRONTDOORHUB^X26", description="MSH-3 and MSH-4 of what we send")
    receiving: str = Field(default="ROUTE^ROUTE", description="MSH-5 and MSH-6 of what we send")
    write_set: str = Field(default="UNICODE UTF-8", description="Character set (MSH-18) written")


class Hl7v2:
    """HL7 v2 as ER7. The reference is MSH-10, the stream MSH-3 with MSH-4; only MSH-7 is volatile."""

    name: ClassVar[str] = "hl7v2"
    media_type: ClassVar[str] = "application/hl7-v2"

    Settings: ClassVar[type[Settings]] = Hl7v2Settings

    def __init__(self, settings: Hl7v2Settings) -> None:
        self._settings = settings
        self._nhs = frozenset(settings.nhs_authorities)
        name, _, field = (settings.interpreter or "").partition("-")
        self._interpreter = (name, int(field)) if field else None

    def peek(self, parcel: Parcel) -> Subject | None:
        """The numbers of PID-3 without reading the message; None where only a full read can tell."""
        body = parcel.body
        start = body.find(b"\rPID")
        if body[:3] != b"MSH" or start < 0 or len(body) < 8:
            return None
        if body.find(b"MSH" + body[3:4], 3) >= 0 or body.find(b"\rPID", start + 1) >= 0:
            return None  # perhaps a second message, or patient
        end = body.find(b"\r", start + 1)
        fields = body[start + 1 : end if end > 0 else len(body)].split(body[3:4], 4)
        if len(fields) < 4 or fields[0] != b"PID" or body[6:7] in fields[3]:
            return None
        if not fields[3].isascii() or not body[3:8].isascii():
            return None
        marks = body[3:8].decode()
        repeats = fields[3].decode().split(marks[2])
        found, own = patient.numbers(repeats, (marks[1], marks[4]), self._nhs)
        if len(found) > 1:
            return None
        # One that is none is as good as absent: nobody could be watched by it.
        number = found[0] if found and is_nhs_number(found[0]) else None
        return Subject(nhs_number=number, own_number=own or None)

    def charset(self, body: bytes) -> str:
        """That of MSH-18, else the partner's own."""
        try:
            return er7.header(body, self._settings.character_set).codec
        except er7.Faulty:
            return er7.codec_of(self._settings.character_set)

    def read(self, parcel: Parcel) -> list[Draft]:
        """One `health.attendance`; raises `er7.Faulty` for anything else."""
        header = er7.header(parcel.body, self._settings.character_set)
        _supported(header)
        message = er7.Message(parcel.body, header)
        if sum(segment[0] == "PID" for segment in message.segments) > 1:
            message.fault(
                "one message is about one patient: send the other by itself", "PID, the second"
            )
        body, doubts = adt.attendance(message, self._nhs, self._interpreter)
        return [
            Draft(
                type="health.attendance",
                body=body,
                reference=body.reference,
                part="",
                content=er7.content(parcel.body),
                occurred_at=body.at,
                subject=body.child.subject,
                priority=priority_of("health.attendance", body),
                doubts=doubts,
                stream=f"{header.get(3)}/{header.get(4)}",
                test=header.part(11) != "P",
            )
        ]

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """ADT of the trigger that the attendance names; MSH-10 is `names(reference)`."""
        if envelope.type != "health.attendance":
            raise Refused(
                f"{envelope.type} has no HL7 v2 form here: give the partner another format"
            )
        settings, found = self._settings, adt.segments(body, envelope.recorded_at)
        trigger = adt.TRIGGERS[body["kind"]]
        kind = f"ADT^{trigger}"
        if settings.version != "2.3":
            kind += f"^{adt.STRUCTURES.get(trigger, 'ADT_A01')}"
        sender, _, facility = settings.sending.partition("^")
        receiver, _, theirs = settings.receiving.partition("^")
        at = shown(envelope.recorded_at, "%Y%m%d%H%M%S%z")
        head = [sender, facility, receiver, theirs, at, "", kind, self.names(reference)]
        head += ["T" if envelope.test else "P", settings.version, "", "", "", "", "GBR"]
        head += [settings.write_set]
        lines = ["|".join(["MSH|^~\\&", *head])]
        lines += [er7.line(name, fields) for name, fields in found.items()]
        try:
            written = er7.encoded(lines, er7.codec_of(settings.write_set))
        except UnicodeEncodeError:
            raise Refused(
                f"a character is not in {settings.write_set}: set write_set to UNICODE UTF-8"
            ) from None
        return Outgoing(reference, written, self.media_type)

    def names(self, reference: str) -> str:
        """What stands in MSH-10 for our reference: at most 20 characters, always the same ones."""
        return ack.control_id(reference)

    def reply(self, parcel: Parcel, verdict: Verdict) -> bytes | None:
        """An ACK in original mode; None where we cannot own it, or where there is no MSH to name."""
        if verdict.kind is Kind.UNABLE:
            return None
        try:
            header = er7.header(parcel.body, self._settings.character_set)
        except er7.Faulty:
            salvaged = ack.salvaged(parcel.body)
            if salvaged is None:
                return None
            header = salvaged
        if verdict.kind is not Kind.REFUSED:
            return ack.acknowledgement(header, "AA", parcel.received_at)
        fault = self._fault(parcel, header, verdict)
        code = "AR" if fault.place.startswith("MSH") or not fault.place else "AE"
        return ack.acknowledgement(header, code, parcel.received_at, fault)

    def understand(self, reply: bytes) -> Answer:
        """What an ACK says, of the message that MSA-2 names."""
        return ack.answer(reply, self._settings.character_set, self._settings.retry_on_ae)

    def _fault(self, parcel: Parcel, header: er7.Header, verdict: Verdict) -> er7.Faulty:
        try:
            self.read(parcel)
        except er7.Faulty as fault:
            return fault
        if header.part(11) != "P" and not verdict.place:
            return er7.Faulty(verdict.reason, "MSH-11", er7.BAD_PROCESSING)
        return er7.Faulty(verdict.reason, verdict.place, er7.INTERNAL)


def _supported(header: er7.Header) -> None:
    reference = header.get(10) or None
    wrong = _unsupported(
        not reference, header.part(12), header.part(9), header.part(9, 2), header.part(11)
    )
    if wrong is not None:
        raise er7.Faulty(*wrong, reference)


@lru_cache(maxsize=256)
def _unsupported(
    nameless: bool, version: str, kind: str, event: str, processing: str
) -> tuple[str, str, str] | None:
    """Reason, place and code of the first thing in MSH that is not read here."""
    for wrong, reason, place, code in (
        (nameless, "a control id is needed to answer to", "MSH-10", er7.REQUIRED),
        (
            version not in VERSIONS,
            f"versions {', '.join(VERSIONS)} are read",
            "MSH-12",
            er7.BAD_VERSION,
        ),
        (kind != "ADT", "only ADT messages are read here", "MSH-9.1", er7.BAD_MESSAGE),
        (
            event not in adt.KINDS,
            f"of ADT the events {', '.join(adt.KINDS)} are read",
            "MSH-9.2",
            er7.BAD_EVENT,
        ),
        (
            processing not in ("P", "T", "D"),
            "a processing id is P, or T or D for a training system",
            "MSH-11",
            er7.BAD_PROCESSING,
        ),
    ):
        if wrong:
            return reason, place, code
    return None
