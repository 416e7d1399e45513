"""A partner without a format of its own writes the hub's messages as JSON, and every refusal says what to write."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from pydantic import Field, StrictBool, ValidationError

from connectors.base import Answer, Draft, Outgoing, Parcel, Says, Unreadable
from connectors.formats.mistakes import mistakes, unreadable
from connectors.formats.quiet import Quiet
from connectors.formats.twice import twice
from schemas.envelope import (
    AckLevel,
    Envelope,
    Frozen,
    Marking,
    Priority,
    Recipient,
    Sender,
    Subject,
)
from schemas.instants import Instant
from schemas.labels import Restriction
from schemas.register import (
    UnknownType,
    UnknownVersion,
    child_of,
    model_of,
    priority_of,
)
from schemas.values import Line

DEPTH = 32
"""Objects and lists within each other; no message needs half of it."""


MOST = 10_000
"""Messages of one parcel."""


class Due(Frozen):
    """By when a receiver must have acted, and by which rule."""

    at: Instant
    clock: Line = Field(description="Name of the clock in the edition")
    edition: Line = Field(description="Edition of the guidance or the local rules")


class Message(Frozen):
    """One message as a partner writes it and as it is written to a partner."""

    type: str = Field(description="Message type, e.g. edt.handover")
    version: int = Field(default=1, ge=1)
    reference: Line | None = Field(
        default=None,
        description="The writer's own number; else the transport's idempotency key",
    )
    part: Line | None = Field(
        default=None,
        description="Tells the children of one reference apart; no row number",
    )
    stream: Line = Field(default="default", description="One counter of references")
    occurred_at: Instant = Field(
        description="When what the message tells of happened: it was referred, decided, handed over"
    )
    sender: Sender | None = Field(
        default=None,
        description="Your agency, or one that you may speak for, and the role of your person;"
        " left out, it is your agency. What your system is called the hub knows",
    )
    recipients: tuple[Recipient, ...] = ()
    priority: Priority | None = Field(
        default=None, description="May only raise what the body itself asks for"
    )
    authority: Line | None = None
    answers: Line | None = Field(
        default=None,
        description="The message answered, by the name its reader knows it under: the reference"
        " that we sent it to you with, or in what we write to you, where you sent it, your own;"
        " left out, it is the body's `answers`, and where both stand they are the same",
    )
    labels: tuple[Restriction, ...] = ()
    marking: Marking = Marking.OFFICIAL_SENSITIVE
    test: StrictBool = False
    purpose: Line | None = Field(
        default=None, description="What it is shared for; the hub says it, and reads it from nobody"
    )
    gateway: Line | None = Field(
        default=None, description="The provision under which it is shared; as `purpose`"
    )
    policy: Line | None = Field(
        default=None, description="Disclosure edition and decision of this rendering; as `purpose`"
    )
    due: Due | None = Field(
        default=None, description="By when who gets it must have acted; as `purpose`"
    )
    body: dict[str, Any]


class HubJson(Quiet):
    """One message, or a list of messages that are accepted together or not at all."""

    name: ClassVar[str] = "hub-json"
    media_type: ClassVar[str] = "application/vnd.front-door-hub+json"

    def read(self, parcel: Parcel) -> list[Draft]:
        """Every message of the parcel; raises `Unreadable` with JSON paths."""
        data = _json(parcel.body)
        if isinstance(data, (dict, list)) and (place := twice(parcel.body)) is not None:
            raise Unreadable("this name stands twice in one object: write it once", place)
        if isinstance(data, list) and not data:
            raise Unreadable("an empty list says nothing: send at least one message", "$")
        several = isinstance(data, list)
        if several and len(data) > MOST:
            raise Unreadable(f"at most {MOST} messages are taken together", "$")
        found: list[Draft] = []
        wrong: list[tuple[str, str]] = []
        for number, item in enumerate(data if several else [data]):
            start = f"$[{number}]" if several else "$"
            try:
                found.append(_draft(item, start, None if several else parcel.reference))
            except _Wrong as error:
                wrong += error.found
        if wrong:
            named = (None, None) if several else (_text(data, "reference"), _text(data, "type"))
            raise unreadable(wrong, *named)
        parts: set[tuple[str, str, str]] = set()
        for number, draft in enumerate(found):
            part = (draft.stream, draft.reference, draft.part)
            before = len(parts)
            parts.add(part)
            if len(parts) == before:
                raise Unreadable(
                    "this reference and part stand twice: give each child a part of its own",
                    f"$[{number}].reference",
                )
        return found

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """The same shape, with our reference and what was disclosed."""
        said: dict[str, Any] = {
            "type": envelope.type,
            "version": envelope.schema_version,
            "reference": reference,
            "occurred_at": envelope.occurred_at,
            "sender": envelope.sender.model_dump(exclude_none=True),
            "recipients": [
                recipient.model_dump(by_alias=True, exclude_none=True)
                for recipient in envelope.recipients
            ],
            "priority": envelope.priority,
            "authority": envelope.authority,
            "answers": envelope.answers,
            "labels": envelope.labels,
            "marking": envelope.marking,
            "test": envelope.test,
            "purpose": envelope.purpose,
            "gateway": envelope.gateway,
            "policy": envelope.policy_version,
            "due": _due(envelope),
            "body": body,
        }
        return Outgoing(reference, orjson.dumps(said, option=orjson.OPT_UTC_Z), self.media_type)

    def understand(self, reply: bytes) -> Answer:
        """`{"reference": …, "status": "taken" | "try_again" | "refused"}`; empty is taken."""
        if not reply.strip():
            return Answer(Says.TAKEN, None, AckLevel.TRANSPORT)
        said = _json(reply)
        status = said.get("status", "taken") if isinstance(said, dict) else None
        if not isinstance(said, dict) or status not in tuple(Says):
            raise Unreadable("a reply is an object with status taken, try_again or refused", "$")
        names = said.get("reference")
        return Answer(
            Says(status),
            names if isinstance(names, str) else None,
            AckLevel.RECEIVED if isinstance(names, str) else AckLevel.TRANSPORT,
            str(status),
        )


def _due(envelope: Envelope) -> dict[str, Any] | None:
    """By when the receiver must have acted, and by which rule of which edition."""
    deadline = envelope.deadline
    if deadline is None:
        return None
    return {"at": deadline.due_at, "clock": deadline.clock_id, "edition": deadline.rule_edition}


class _Wrong(Exception):
    def __init__(self, found: list[tuple[str, str]]):
        super().__init__()
        self.found = found


def _json(body: bytes) -> Any:
    at = body.find(b"\\u0000")
    if at >= 0:
        raise Unreadable("the character U+0000 is not text: take it out", _line(body, at))
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise Unreadable("this is not JSON in UTF-8; mend it here", where) from None
    if _deeper(data, DEPTH):
        raise Unreadable(f"objects and lists stand deeper than {DEPTH} within each other", "$")
    return data


def _deeper(data: Any, levels: int) -> bool:
    """Whether there is anything below so many levels; a level at a time, because a stack has an end."""
    level = [data] if isinstance(data, (dict, list)) else []
    for _ in range(levels):
        inside = [each.values() if isinstance(each, dict) else each for each in level]
        level = [one for each in inside for one in each if isinstance(one, (dict, list))]
        if not level:
            return False
    return True


def _line(body: bytes, at: int) -> str:
    before = body[:at]
    end = b"\n"
    return f"line {before.count(end) + 1} column {at - before.rfind(end)}"


def _text(data: Any, name: str) -> str | None:
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def _draft(item: Any, start: str, fallback: str | None) -> Draft:
    if not isinstance(item, dict):
        raise _Wrong([(start, "a message is an object with type, reference, occurred_at, body")])
    try:
        message = Message.model_validate(item)
    except ValidationError as error:
        raise _Wrong(mistakes(error, item, start)) from None
    reference = message.reference or fallback
    if not reference:
        raise _Wrong([(f"{start}.reference", "write your own number for this message")])
    try:
        body = model_of(message.type, message.version).model_validate(message.body)
    except UnknownType:
        raise _Wrong([(f"{start}.type", "no such message type; the schemas name them")]) from None
    except UnknownVersion as error:
        raise _Wrong([(f"{start}.version", str(error))]) from None
    except ValidationError as error:
        raise _Wrong(mistakes(error, item["body"], f"{start}.body")) from None
    answers = _answers(message, body, start)
    child, default = child_of(body), priority_of(message.type, body)
    asked = message.priority or default
    return Draft(
        type=message.type,
        body=body,
        reference=reference,
        part=message.part or "",
        content=orjson.dumps(item, option=orjson.OPT_SORT_KEYS),
        occurred_at=message.occurred_at,
        subject=child.subject if child else Subject(),
        sender=message.sender,
        recipients=message.recipients,
        priority=min(asked, default, key=lambda priority: priority.rank),
        authority=message.authority,
        stream=message.stream,
        labels=message.labels,
        marking=message.marking,
        answers=answers,
        test=message.test,
        version=message.version,
    )


def _answers(message: Message, body: Frozen, start: str) -> str | None:
    """What it answers: inside or outside the body, and never two things."""
    inside = getattr(body, "answers", None)
    within = None if inside is None else str(inside)
    if message.answers and within and message.answers != within:
        cure = (
            f"this and {start}.body.answers name two messages: write the same, or only the body's"
        )
        raise _Wrong([(f"{start}.answers", cure)])
    return message.answers or within
