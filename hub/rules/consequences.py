"""Every referrer who can be told is told of receipt and decision, and who cannot is recorded.

A consequence is a message that the hub derives from a recorded one; its id is made by the caller
from what caused it and `part`, so the same cause always has the same consequence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from hub.clock import london
from hub.rules.editions import Edition
from schemas.envelope import For, Recipient, Sender
from schemas.labels import Restriction


class Notices(Edition):
    """What letters to referrers say beside the facts."""

    contact_team: str
    contact_phone: str | None = None
    contact_email: str | None = None
    next_step: str = Field(description="What happens next and by when; nothing about a child")
    escalation: str = Field(description="What to do if the referrer disagrees")


@dataclass(frozen=True, slots=True)
class Referral:
    """The referral that a message is about: who sent it, its body as plain JSON and its labels."""

    message_id: UUID
    sender: Sender
    body: Mapping[str, Any]
    labels: tuple[Restriction, ...] = ()


@dataclass(frozen=True, slots=True)
class Consequence:
    """A message to be made: `part` names it among the consequences of `causation`.

    `address` is where a referrer without a system of their own is written to; `answers` the
    message that its recipient sent and is told of; `labels` restrict what it was made of beside
    its cause.
    """

    type: str
    part: str
    body: dict[str, Any]
    recipients: tuple[Recipient, ...]
    causation: UUID
    why: str
    address: str | None = None
    answers: UUID | None = None
    labels: tuple[Restriction, ...] = ()


@dataclass(frozen=True, slots=True)
class NoConsequence:
    """A message that would have followed and does not, and why; it is recorded."""

    type: str
    why: str


Outcome = Consequence | NoConsequence


def consequences(
    type: str,
    message_id: UUID,
    sender: Sender,
    body: Mapping[str, Any],
    notices: Notices,
    referral: Referral | None = None,
) -> tuple[Outcome, ...]:
    """What the hub itself must say because of this message; `referral` for a decision. Pure."""
    if type == "contact.recorded" and _passed_on(body):
        return (_referral_of(message_id, body),)
    if type == "referral.received":
        return (_acknowledgement(Referral(message_id, sender, body), notices),)
    if type == "referral.decision":
        return (_feedback(message_id, body, referral, notices),)
    return ()


_SETTLES = ("accepted", "reassigned")
"""Answers that ask nothing of whoever sent it."""


def answer(
    message_id: UUID, answered: UUID, body: Mapping[str, Any], reference: str, sender: Sender
) -> Outcome:
    """What a receiver answered, for the sender of what it answers, under their own reference."""
    type = "handover.response"
    by = body.get("by") or {}
    accepted = body["response"] == "accepted"
    if accepted and not (by.get("name") and by.get("role")):
        return NoConsequence(type, "an acceptance without a name and a role is receipt")
    recipient = Recipient(
        agency=sender.agency,
        team=sender.team,
        purpose=For.INFORMATION if body["response"] in _SETTLES else For.ACTION,
    )
    said = {name: value for name, value in body.items() if value is not None}
    said["answers"] = reference
    why = "a sender is told what was answered"
    return Consequence(type, str(message_id), said, (recipient,), message_id, why, answers=answered)


def _passed_on(body: Mapping[str, Any]) -> bool:
    return (
        body.get("outcome") in ("NEW_REFERRAL", "CP_ENQUIRY")
        or body.get("action") == "passed_as_referral"
    )


def _referral_of(message_id: UUID, body: Mapping[str, Any]) -> Outcome:
    """The contact's own words as a referral; what the contact did not ask stays not asked."""
    concern = body.get("concern") or {}
    kept = ("household", "knowledge", "already_open", "open_case", "received_at")
    made = {name: body[name] for name in kept if body.get(name) is not None}
    danger = concern.get("immediate_danger") == {"value": True}
    made |= {
        "reference": body["reference"],
        "contact_reference": body["reference"],
        "received_as": "phone" if body.get("channel") == "phone" else "written",
        "referrer": body["caller"],
        "child": body["child"],
        "concern": concern,
        "reason": body.get("outcome_because") or concern["what"],
        "urgency": "immediate" if danger else "routine",
    }
    why = "the contact was passed on as a referral"
    return Consequence("referral.received", "referral", made, (), message_id, why)


def _acknowledgement(referral: Referral, notices: Notices) -> Outcome:
    type = "referral.acknowledged"
    unreachable = _untold(referral.body)
    if unreachable:
        return NoConsequence(type, unreachable)
    body = {
        "reference": referral.body["reference"],
        "receipt": receipt(referral.message_id),
        "received_at": referral.body["received_at"],
        "contact_team": notices.contact_team,
        "contact_phone": notices.contact_phone,
        "contact_email": notices.contact_email,
        "next_step": notices.next_step,
    }
    why = "a referrer is told that the referral arrived"
    return _to_referrer(type, "acknowledgement", body, referral, referral.message_id, why)


def _feedback(
    message_id: UUID, decision: Mapping[str, Any], referral: Referral | None, notices: Notices
) -> Outcome:
    type = "referrer.decision_feedback"
    if referral is None:
        return NoConsequence(type, "the referral that was decided on is not here")
    if decision.get("stage", "final") != "final":
        return NoConsequence(type, f"the decision is not final: stage {decision['stage']}")
    unreachable = _untold(referral.body)
    if unreachable:
        return NoConsequence(type, unreachable)
    below = decision["outcome"] in ("nfa", "advice", "early_help")
    body = {
        "reference": decision["reference"],
        "referral_reference": referral.body["reference"],
        "referred_on": _day(referral.body["received_at"]),
        "referrer": referral.body["referrer"],
        "child": referral.body["child"],
        "outcome": decision["outcome"],
        "decided_at": decision["decided_at"],
        "reason": decision["reason"] if below else None,
        "next_step": decision.get("next_step"),
        "named_worker": decision.get("named_worker"),
        "other_support": decision.get("other_support"),
        "escalation": notices.escalation,
    }
    why = "a referrer is told what was decided"
    return _to_referrer(type, "feedback", body, referral, message_id, why)


def _untold(body: Mapping[str, Any]) -> str:
    """Why this referrer cannot be told, or nothing."""
    referrer = body["referrer"]
    if referrer["kind"] == "anonymous":
        return "the referrer is anonymous: nobody can be told, and nothing is owed"
    if referrer["kind"] == "public_confidential" and not referrer.get("email"):
        return "the referrer's identity is kept apart: whoever keeps it tells them"
    return ""


def _to_referrer(
    type: str, part: str, body: dict[str, Any], referral: Referral, causation: UUID, why: str
) -> Consequence:
    referrer = referral.body["referrer"]
    professional = referrer["kind"] == "professional"
    named = referrer.get("agency_id") or referrer.get("agency") or referral.sender.agency
    agency = named if professional else "public"
    own_system = agency == referral.sender.agency
    recipient = Recipient(
        agency=agency,
        team=referral.sender.team if own_system else None,
        role="professional_referrer" if professional else "public_referrer",
    )
    said = {name: value for name, value in body.items() if value is not None}
    to = (recipient,)
    own, address = referral.message_id, referrer.get("email")
    return Consequence(type, part, said, to, causation, why, address, own, referral.labels)


def receipt(message_id: UUID) -> str:
    """Our receipt number for a message: short enough to read out, and always the same."""
    return f"FD-{message_id.hex[:4]}-{message_id.hex[4:8]}".upper()


def _day(moment: Any) -> str:
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return london(at).date().isoformat()
