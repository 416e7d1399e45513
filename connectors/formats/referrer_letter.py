"""Every referrer who can be told hears what became of the referral, in a letter that hints at nothing withheld."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from connectors.base import Outgoing, Refused, Settings
from connectors.formats.letter import Letter, clock, day, labelled, person, said, worker
from connectors.formats.quiet import Quiet
from schemas.census import ReferralOutcome
from schemas.envelope import Envelope


class ReferrerLetterSettings(Settings):
    """What stands at the foot of each letter."""

    signature: str = Field(
        default="Children's Social Care, Duty and Advice", description="Who signs, in one line"
    )


class ReferrerLetter(Quiet):
    """`referral.acknowledged` and `referrer.decision_feedback` as a letter in an e-mail."""

    name: ClassVar[str] = "referrer-letter"
    Settings: ClassVar[type[Settings]] = ReferrerLetterSettings

    def __init__(self, settings: ReferrerLetterSettings) -> None:
        super().__init__(settings)
        self._signature = settings.signature

    def write(self, envelope: Envelope, body: Mapping[str, Any], reference: str) -> Outgoing:
        """Raises `Refused` for another type, and for a referrer who is anonymous."""
        referrer = body.get("referrer") or {}
        if referrer.get("kind") == "anonymous":
            raise Refused("an anonymous referrer gets no letter: record the exemption instead")
        letter = Letter()
        letter.line(envelope.marking)
        if envelope.type == "referral.acknowledged":
            about = _acknowledged(letter, body, reference, envelope.answers)
        elif envelope.type == "referrer.decision_feedback":
            about = _decided(letter, body, reference, envelope.answers)
        else:
            raise Refused(f"{envelope.type} is no letter to a referrer: give another format")
        letter.line("Yours sincerely", self._signature)
        return Outgoing(
            reference,
            letter.text.encode(),
            self.media_type,
            subject_line=f"{about} {reference}",
            recipient=referrer.get("email"),
        )


def _acknowledged(
    letter: Letter, body: Mapping[str, Any], reference: str, answers: str | None
) -> str:
    letter.line(*_references(body.get("reference") or answers, body.get("receipt") or reference))
    letter.line("Dear colleague")
    received = clock(body.get("received_at"))
    letter.line(f"We received your referral{f' at {received}' if received else ''}. Thank you.")
    letter.section("What happens next", said(body.get("next_step")))
    if due := clock(body.get("writing_due_at")):
        letter.line(f"Please confirm your referral in writing by {due}.")
    ways = [body.get(key) for key in ("contact_team", "contact_phone", "contact_email")]
    letter.section("Whom to contact", ", ".join(way for way in ways if way))
    return "Referral received"


def _decided(letter: Letter, body: Mapping[str, Any], reference: str, answers: str | None) -> str:
    name = person((body.get("referrer") or {}).get("name"))
    child = person((body.get("child") or {}).get("name"))
    on, decided = day(body.get("referred_on")), day(body.get("decided_at"))
    letter.line(*_references(body.get("referral_reference") or answers, reference))
    letter.line(f"Dear {name}" if name and name != "Not known" else "Dear colleague")
    about = f" about {child}" if child and child != "Not known" else ""
    thanks = f"Thank you for your referral{f' of {on}' if on else ''}{about}."
    if body.get("outcome"):
        letter.line(thanks)
        when = f" on {decided}" if decided else ""
        letter.line(f"We decided{when}: {said(body['outcome'], ReferralOutcome)}.")
    else:
        letter.line(f"{thanks} We have considered what you told us.")
    letter.section("Why", said(body.get("reason")))
    letter.section("What happens next", said(body.get("next_step")))
    letter.section("Named worker", worker(body.get("named_worker")))
    letter.section("What else may help", said(body.get("other_support")))
    letter.section("If you disagree", said(body.get("escalation")))
    return "Your referral"


def _references(theirs: str | None, ours: str) -> list[str]:
    return labelled([("Your reference", theirs or ""), ("Our reference", ours)])
