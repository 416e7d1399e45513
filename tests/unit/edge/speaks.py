"""A format and a partner made for the tests of edge: JSON lines, one message each."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from connectors.base import (
    Answer,
    Draft,
    Kind,
    Outgoing,
    Parcel,
    Says,
    Settings,
    Unreadable,
    Verdict,
)
from hub.partners import Partner
from hub.seal import Keyring
from schemas.envelope import AckLevel, Envelope, Frozen, Priority, Sender, Subject

KEYS = Keyring({name: os.urandom(32) for name in ("road", "order", "watch")})
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Note(Frozen):
    """The only thing that this format says."""

    text: str


@dataclass(frozen=True)
class Entry:
    """What a register would say of notes."""

    flow: str = "health"
    ack: AckLevel = AckLevel.RECEIVED
    priority: Callable[[Any], Priority] | None = None


TYPES = {
    "note.sent": Entry(),
    "alarm.raised": Entry(priority=lambda body: Priority.IMMEDIATE),
}


class Lines:
    """One JSON object a line; `boom` makes reading fail by our own fault."""

    name: ClassVar[str] = "lines"
    media_type: ClassVar[str] = "application/x-lines"
    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self, settings: Any = None) -> None:
        self.reads = 0

    def charset(self, body: bytes) -> str:
        return "utf-8"

    def peek(self, parcel: Parcel) -> Subject | None:
        lines = parcel.body.splitlines()
        if len(lines) != 1:
            return None
        said = json.loads(lines[0])
        return Subject(nhs_number=said.get("nhs"), own_number=said.get("own"))

    def read(self, parcel: Parcel) -> list[Draft]:
        self.reads += 1
        return [self._draft(line, n) for n, line in enumerate(parcel.body.splitlines(), 1)]

    def _draft(self, line: bytes, number: int) -> Draft:
        try:
            said = json.loads(line)
        except ValueError as error:
            raise Unreadable("not JSON", f"line {number}", "R-BAD") from error
        if said.get("boom"):
            raise ZeroDivisionError("Robin Example")
        return Draft(
            type=said.get("type", "note.sent"),
            body=Note(text=said.get("text", "")),
            reference=said.get("reference", "R-1"),
            part=said.get("part", str(number)),
            content=line,
            occurred_at=AT,
            subject=Subject(nhs_number=said.get("nhs"), own_number=said.get("own")),
            priority=Priority(said.get("priority", "routine")),
            authority=said.get("authority"),
            test=said.get("test", False),
            sender=Sender(**said["sender"]) if "sender" in said else None,
        )

    def write(self, envelope: Envelope, body: Any, reference: str) -> Outgoing:
        if body["text"] == "unwritable":
            raise KeyError("text")
        return Outgoing(reference, f"{reference}|{body['text']}".encode(), self.media_type)

    def reply(self, parcel: Parcel, verdict: Verdict) -> bytes | None:
        return None if verdict.kind is Kind.UNABLE else verdict.kind.value.encode()

    def names(self, reference: str) -> str:
        return reference

    def understand(self, reply: bytes) -> Answer:
        try:
            says, names = reply.decode().split("|")
            return Answer(Says(says), names or None)
        except ValueError as error:
            raise Unreadable("babble") from error


def partner(**changes: Any) -> Partner:
    """A hospital that sends notes."""
    return Partner(
        **{
            "partner": "st-elsewhere",
            "title": "St Elsewhere",
            "role": "health",
            "agency": "X2601",
            "authorities": ("E09000099",),
            "transport": {"kind": "http"},
            "format": {"kind": "lines"},
            "sends": ("note.sent", "alarm.raised"),
        }
        | changes
    )


def parcel(*lines: dict[str, Any], body: bytes | None = None) -> Parcel:
    """What such a partner sends."""
    content = body if body is not None else b"\n".join(json.dumps(x).encode() for x in lines)
    return Parcel("st-elsewhere", "http", content, "application/x-lines", AT)
