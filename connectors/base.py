"""How a partner is spoken with: a transport moves bytes, a format reads and writes them, and neither knows the other.

A **transport** owns sockets, files and connections. It never sees a schema. Inbound, it turns
what arrives into a `Parcel`, awaits the hub's `Verdict`, and says it in the partner's own terms:

* `OWNED`: Kafka has it. Acknowledge, with `reply` where the format made one; empty a pull source.
* `NOT_OURS`: acknowledged like OWNED; nothing was stored.
* `REFUSED`: the partner must mend it (AR, 4xx, the error folder); `reason` is for the partner.
* `UNABLE`: we cannot own it now. Say nothing where an answer could make the sender drop it (MLLP
  closes the connection); 503 with Retry-After over HTTP; leave pull sources alone.

Outbound, a transport is either **sent** (`push` one `Outgoing`, once, and tell what is known) or
**held** (it has no `push`; the desk serves the ledger's row). `push` never retries: only the
ledger repeats. It returns `Pushed`, or raises:

* `TryAgain`: certain that the partner did not take it (connection refused, 503, 4xx greylisting).
* `Refused`: certain that the partner will never take it like this (permanent).
* `OutcomeUnknown`: it may or may not have been taken (time-out after the last byte, a reset).

`proves` is the highest acknowledgement level the transport (with the partner's reply read by the
format) can ever prove; what lies above arrives later as a message of its own.

A **format** is pure: bytes in, drafts out; a message in, bytes out. No socket, no clock, no
randomness, so a golden file is a complete test. `read` raises `Unreadable` with the reason and
the place in the partner's own terms (segment and field, line and column).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from connectors.instant import Now, utc_now
from schemas.envelope import (
    AckLevel,
    Doubt,
    Envelope,
    Frozen,
    Marking,
    Priority,
    Recipient,
    Sender,
    Subject,
)
from schemas.labels import Restriction

MAX_PARCEL = 16 * 1024 * 1024
"""Bytes; more is refused in the partner's terms (the Kafka road carries 16 MiB at most)."""


class TryAgain(Exception):
    """Time will mend it: the partner certainly did not take it. `after` is seconds, if they said."""

    def __init__(self, reason: str, after: float | None = None, *, connection: bool = False):
        super().__init__(reason)
        self.after = after
        self.connection = connection
        """True where the partner could not be reached at all, so other deliveries would fail too."""


class Refused(Exception):
    """An operator must act: the partner (or our own rule) will never take it like this."""

    def __init__(self, reason: str, code: str | None = None):
        super().__init__(reason)
        self.code = code


class OutcomeUnknown(Exception):
    """Nobody knows whether the partner took it; the ledger's policy decides, never the edge."""

    def __init__(self, reason: str, *, misdirected: bool = False):
        super().__init__(reason)
        self.misdirected = misdirected
        """True where an acknowledgement named another message: an incident, connection dropped."""


class Unreadable(Exception):
    """The partner must mend it: `reason` says what, `place` says where, in the partner's terms."""

    def __init__(
        self, reason: str, place: str = "", reference: str | None = None, type: str | None = None
    ):
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason = reason
        self.place = place
        self.type = type
        """The type that it says it is, where that could still be read: who may not send it need not
        hear how to write it."""
        self.reference = reference
        """The sender's own reference, where it could still be read, so that the answer can name it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Bytes as they came off a wire, before anyone has read them.

    `reference` is the transport's own handle where it has one (Idempotency-Key, file name hash);
    a format may know a better one (MSH-10). `facts` are transport facts a format may need
    (content type parameters), never personal data.
    """

    partner: str
    transport: str
    body: bytes
    media_type: str
    received_at: datetime
    reference: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


class Kind(StrEnum):
    """What the hub says of a parcel."""

    OWNED = "owned"
    NOT_OURS = "not_ours"
    REFUSED = "refused"
    UNABLE = "unable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The hub's answer to a parcel; `reply` is the format's own words, ready for the wire."""

    kind: Kind
    reply: bytes | None = None
    reason: str = ""
    place: str = ""
    retry_after: float = 5.0
    message_ids: tuple[str, ...] = ()
    reference: str | None = None
    """The sender's own, by which a resend is known, where all messages have the same."""


Accept = Callable[[Parcel], Awaitable[Verdict]]
"""Given to a transport; never raises; returns only when Kafka has the parcel or it will not."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One typed message as a format read it, before the hub gives it its envelope.

    `part` is a natural key within the parcel (a child's row key, a PID), never a row number.
    `content` is what the digest covers: all but what the format calls volatile (MSH-7).
    `answers` names the message this one answers, by the reference we sent it under.
    """

    type: str
    body: Frozen
    reference: str
    part: str
    content: bytes
    occurred_at: datetime
    subject: Subject = Subject()
    sender: Sender | None = None
    recipients: tuple[Recipient, ...] = ()
    priority: Priority = Priority.ROUTINE
    ack_expected: AckLevel | None = None
    authority: str | None = None
    stream: str = "default"
    labels: tuple[Restriction, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    marking: Marking = Marking.OFFICIAL_SENSITIVE
    answers: str | None = None
    test: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One rendered message on its way to one recipient, under the same reference at every attempt."""

    reference: str
    body: bytes
    media_type: str
    subject_line: str = ""
    """Reference only: mail subjects and file names carry no personal data."""
    recipient: str | None = None
    """Transport address of the recipient where it is not the partner's own (an e-mail address)."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is known after one push: the level proven, and the partner's reply for the format to read."""

    level: AckLevel
    reply: bytes | None = None
    their_reference: str | None = None
    detail: str = ""


class Says(StrEnum):
    """What a partner's reply says of the message that it names."""

    TAKEN = "taken"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """A partner's reply as the format read it. `names` is the reference it is about."""

    says: Says
    names: str | None
    level: AckLevel = AckLevel.RECEIVED
    code: str = ""
    text: str = ""
    """Places and names of codes; never the partner's own words, which may name a child."""


class Settings(BaseModel):
    """Settings of a transport or format in a partner file; descriptions are the documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Format(Protocol):
    """Reading and writing, pure. One instance serves one partner, made from its settings."""

    name: ClassVar[str]
    media_type: ClassVar[str]
    Settings: ClassVar[type[Settings]]

    def __init__(self, settings: Any) -> None: ...

    def peek(self, parcel: Parcel) -> Subject | None:
        """Whom the parcel is about, cheaply, so that a feed can be filtered before it is read; None if unsure."""
        ...

    def charset(self, body: bytes) -> str:
        """The character set in which a parcel like this is to be written, as Python names it."""
        ...

    def read(self, parcel: Parcel) -> list[Draft]:
        """The messages in a parcel, each about at most one child; raises `Unreadable`."""
        ...

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """Bytes for one recipient; `body` is already disclosed (fields withheld are absent)."""
        ...

    def reply(self, parcel: Parcel, verdict: Verdict) -> bytes | None:
        """The acknowledgement in the partner's own terms, or None where the transport's own answer says it all."""
        ...

    def names(self, reference: str) -> str:
        """How our reference stands on the wire, so that what `Answer.names` says can be compared with it."""
        ...

    def understand(self, reply: bytes) -> Answer:
        """What a partner's reply to a push says; raises `Unreadable` for babble."""
        ...


class Transport(Protocol):
    """Moving bytes. One instance serves one partner, made from its settings."""

    name: ClassVar[str]
    Settings: ClassVar[type[Settings]]
    proves: ClassVar[AckLevel]
    mode: ClassVar[str]
    """`sent` (edge pushes) or `held` (the ledger's row is served by the desk)."""
    pulls: ClassVar[bool]
    """True where the partner leaves things for us to collect: polled by one edge only."""
    replies: ClassVar[bool]
    """True where a push brings back a reply for the format's `understand`."""

    def __init__(self, partner: str, settings: Any, now: Now = utc_now) -> None:
        """`now` is the civil clock that stamps what arrives."""
        ...

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        """Takes parcels until `stop` is set, then finishes what it holds and returns. May be a no-op."""
        ...

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        """Sends once on the numbered connection; raises TryAgain, Refused or OutcomeUnknown."""
        ...

    async def drop(self, connection: int = 0) -> None:
        """Closes the numbered connection at once: what it may still say can no longer be trusted."""
        ...

    async def probe(self) -> str:
        """Opens the connection and says in a sentence what was found; raises TryAgain or Refused."""
        ...

    async def close(self) -> None:
        """Gives back everything that is open."""
        ...
