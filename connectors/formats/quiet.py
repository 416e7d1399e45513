"""A format without words of its own for acknowledgements leaves them to the transport's."""

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.base import (
    Answer,
    Draft,
    Outgoing,
    Parcel,
    Refused,
    Settings,
    Unreadable,
    Verdict,
)
from schemas.envelope import Envelope, Subject


class NoSettings(Settings):
    """Nothing to set."""


class Quiet:
    """What a format says where its partner's language says nothing: a starting point for the others."""

    name: ClassVar[str] = ""
    media_type: ClassVar[str] = "text/plain; charset=utf-8"
    Settings: ClassVar[type[Settings]] = NoSettings

    def __init__(self, settings: Any) -> None:
        self._settings = settings

    def peek(self, parcel: Parcel) -> Subject | None:
        """Only a full read can tell."""
        return None

    def charset(self, body: bytes) -> str:
        """What the web is written in."""
        return "utf-8"

    def read(self, parcel: Parcel) -> list[Draft]:
        """Nothing is read in this format."""
        raise Unreadable(f"nothing is read in the format {self.name}: it is only written")

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """Nothing is written in this format."""
        raise Refused(f"nothing is written in the format {self.name}: give the partner another")

    def reply(self, parcel: Parcel, verdict: Verdict) -> bytes | None:
        """The transport's own answer says it all."""
        return None

    def names(self, reference: str) -> str:
        """The reference stands on the wire as it is."""
        return reference

    def understand(self, reply: bytes) -> Answer:
        """No reply is expected."""
        raise Unreadable(f"no reply belongs to the format {self.name}")
