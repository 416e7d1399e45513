"""Each type that may be said stands here once: body, road, who says it to whom, what it asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from schemas import (
    acts,
    case,
    contact,
    delivery,
    handover,
    health,
    incident,
    police,
    referral,
    strategy,
)
from schemas.codes import RiskGrade, RiskLevel, Urgency
from schemas.envelope import AckLevel, Priority
from schemas.people import ChildIdentity
from schemas.values import Said, told

Body = type[Said]
"""The model of a body."""
HUB = "hub"
"""The hub itself, as a sender."""
PERSON = "person"
"""Somebody at the desk, as a sender."""
OPERATIONS = "operations"
"""Whoever keeps the hub running: told of the hub itself, and of nobody's child."""
PARTNERS = (
    "assessment_team",
    "edt",
    "police",
    "health",
    "school",
    "professional_referrer",
    "public_referrer",
)
"""Roles of partners; a contact centre is the authority's own and sends as assessment_team."""


class UnknownType(LookupError):
    """No message of this type exists: the sender must mend it."""


class UnknownVersion(LookupError):
    """A version this hub does not know: parked until the upgrade, never lost."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One type of message.

    `flow` names the conversation whose topic carries it, or `acts`. `senders` and `receivers` are
    roles (`PARTNERS`, `OPERATIONS`, `HUB`, `PERSON`). `ack` is what the message asks of its receivers.
    `priority` reads the default priority from a body; None means routine. `not_to_family` keeps it
    from every role that may be family, whatever a policy or a review says.
    """

    type: str
    version: int
    body: Body
    flow: str
    title: str
    senders: tuple[str, ...]
    receivers: tuple[str, ...]
    ack: AckLevel
    priority: Callable[[Any], Priority] | None = None
    not_to_family: bool = False

    @property
    def needs_a_person(self) -> bool:
        """True where a named person must accept or answer it, so that custody moves."""
        return self.ack.rank >= AckLevel.ACCEPTED.rank


def _contact(body: contact.ContactRecorded) -> Priority:
    return Priority.IMMEDIATE if body.concern.danger else Priority.ROUTINE


def _referral(body: referral.ReferralReceived) -> Priority:
    return Priority.IMMEDIATE if body.concern.danger else _of_urgency(body.urgency)


def _urgency(body: referral.ReferralPassedToTeam | strategy.StrategyRequested) -> Priority:
    return _of_urgency(body.urgency)


def _of_urgency(urgency: Urgency) -> Priority:
    return Priority(urgency.value)


def _decision(body: referral.ReferralDecision) -> Priority:
    return Priority.URGENT if body.urgent_contact else Priority.ROUTINE


def _strategy_record(body: strategy.StrategyRecord) -> Priority:
    return Priority.URGENT if body.decision.decision.starts_s47 else Priority.ROUTINE


def _police(body: police.PoliceNotification) -> Priority:
    if body.protection is not None or body.risk is RiskGrade.HIGH:
        return Priority.IMMEDIATE
    return Priority.URGENT if body.risk is RiskGrade.MEDIUM else Priority.ROUTINE


def _health(body: health.HealthAttendance) -> Priority:
    return Priority.URGENT if told(body.unscheduled) is True else Priority.ROUTINE


def _handover(body: handover.EdtHandover) -> Priority:
    if body.risk is RiskLevel.IMMEDIATE:
        return Priority.IMMEDIATE
    running_out = body.legal.expires_at is not None or body.legal.basis == "police_protection"
    urgent = body.risk in (RiskLevel.HIGH, RiskLevel.NOT_ASSESSED) or running_out
    return Priority.URGENT if urgent else Priority.ROUTINE


def _told_soon(_: incident.IncidentOpened | incident.IncidentRecovered) -> Priority:
    # Not immediate: that waits for nothing, and a recovery would go past its opening.
    return Priority.URGENT


_TEAM = ("assessment_team",)
_DUTY = ("assessment_team", "edt")
_PROFESSIONALS = ("assessment_team", "edt", "police", "health", "school", "professional_referrer")
_REFERRERS = ("police", "health", "school", "professional_referrer", "public_referrer")
_ASKED = ("assessment_team", "police", "health")
_NONE, _TRANSPORT = AckLevel.NONE, AckLevel.TRANSPORT
_RECEIVED, _ACCEPTED = AckLevel.RECEIVED, AckLevel.ACCEPTED


def _conversation() -> list[Entry]:
    return [
        Entry("contact.recorded", 1, contact.ContactRecorded, "contact", "Contact recorded",
              PARTNERS, _DUTY, _ACCEPTED, _contact),
        Entry("referral.received", 1, referral.ReferralReceived, "referral", "Referral received",
              (*PARTNERS, HUB), _DUTY, _ACCEPTED, _referral),
        Entry("referral.acknowledged", 1, referral.ReferralAcknowledged, "referral",
              "Referral acknowledged", ("assessment_team", HUB), _REFERRERS, _RECEIVED),
        Entry("referral.passed_to_team", 1, referral.ReferralPassedToTeam, "referral",
              "Referral passed to a team", ("assessment_team", HUB), _TEAM, _ACCEPTED, _urgency),
        Entry("referral.decision", 1, referral.ReferralDecision, "referral", "Referral decided",
              _DUTY, _TEAM, _ACCEPTED, _decision),
        Entry("referrer.decision_feedback", 1, referral.DecisionFeedback, "referral",
              "Decision told to the referrer", ("assessment_team", HUB), _REFERRERS, _RECEIVED),
        Entry("strategy.requested", 1, strategy.StrategyRequested, "strategy",
              "Strategy discussion asked for", _PROFESSIONALS, _ASKED, _ACCEPTED, _urgency,
              not_to_family=True),
        Entry("strategy.record", 1, strategy.StrategyRecord, "strategy",
              "Record of a strategy discussion", _DUTY, _ASKED, _ACCEPTED, _strategy_record,
              not_to_family=True),
        Entry("police.notification", 1, police.PoliceNotification, "police",
              "Police notification", ("police",), ("assessment_team", "edt", "health", "school"),
              AckLevel.OUTCOME, _police),
        Entry("health.attendance", 1, health.HealthAttendance, "health", "Hospital attendance",
              ("health",), _DUTY, _ACCEPTED, _health),
        Entry("edt.handover", 1, handover.EdtHandover, "handover",
              "Handover from the Emergency Duty Team", ("edt",), _DUTY, _ACCEPTED, _handover,
              not_to_family=True),
        Entry("handover.response", 1, handover.HandoverResponse, "handover",
              "Answer to a message that a person must accept", (*PARTNERS, PERSON, HUB),
              (*PARTNERS, HUB), _TRANSPORT),
        Entry("delivery.receipt", 1, delivery.DeliveryReceipt, "handover",
              "A partner's later word on a delivery", (*PARTNERS, HUB), (HUB,), _NONE),
        Entry("case.linked", 1, case.CaseLinked, "case", "Two cases joined",
              (HUB, PERSON), (HUB,), _NONE),
        Entry("incident.opened", 1, incident.IncidentOpened, "case", "Incident opened",
              (HUB,), (OPERATIONS,), _RECEIVED, _told_soon),
        Entry("incident.recovered", 1, incident.IncidentRecovered, "case", "Incident over",
              (HUB,), (OPERATIONS,), _RECEIVED, _told_soon),
    ]  # fmt: skip


def _act(kind: str, body: Body, title: str) -> Entry:
    return Entry(kind, 1, body, "acts", title, (PERSON,), (HUB,), _NONE)


def _acts() -> list[Entry]:
    return [
        _act("content.opened", acts.ContentOpened, "Content opened"),
        _act("child.sought", acts.ChildSought, "Child looked for by number"),
        _act("export.made", acts.ExportMade, "Taken out as a file"),
        _act("delivery.retried", acts.DeliveryRetried, "Delivery tried again"),
        _act("delivery.repaired", acts.DeliveryRepaired, "Corrected and sent as new"),
        _act("redrive.started", acts.RedriveStarted, "Tried again in bulk"),
        _act("redrive.stopped", acts.RedriveStopped, "Bulk stopped"),
        _act("delivery.abandoned", acts.DeliveryAbandoned, "Delivery given up"),
        _act("delivery.taken_by_phone", acts.DeliveryTakenByPhone, "Taken by telephone"),
        _act("notice.told", acts.NoticeTold, "Referrer told by a person"),
        _act("delivery.collected", acts.DeliveryCollected, "Delivery collected"),
        _act("handover.withdrawn", acts.HandoverWithdrawn, "Handover withdrawn"),
        _act("handover.answered", acts.HandoverAnswered, "Query answered"),
        _act("handover.started", acts.HandoverStarted, "Handover begun"),
        _act("handover.completed", acts.HandoverCompleted, "Handover completed"),
        _act("handover.reassigned", acts.HandoverReassigned, "Handover passed on"),
        _act("handover.recalled", acts.HandoverRecalled, "Handover taken back"),
        _act("handover.kept", acts.HandoverKept, "Refused handover kept"),
        _act("handover.rerouted", acts.HandoverRerouted, "Refused handover sent on"),
        _act("partner.paused", acts.PartnerPaused, "Partner paused"),
        _act("partner.resumed", acts.PartnerResumed, "Partner resumed"),
        _act("partner.tested", acts.PartnerTested, "Partner tested"),
        _act("parcel.closed", acts.ParcelClosed, "Parcel closed"),
        _act("parcel.repaired", acts.ParcelRepaired, "Parcel corrected and read"),
        _act("parcel.claimed", acts.ParcelClaimed, "Parcel claimed"),
        _act("incident.closed", acts.IncidentClosed, "Incident closed"),
        _act("incident.claimed", acts.IncidentClaimed, "Incident taken"),
        _act("incident.released", acts.IncidentReleased, "Incident given back"),
        _act("disclosure.reviewed", acts.DisclosureReviewed, "Disclosure reviewed"),
        _act("conflict.cleared", acts.ConflictCleared, "Conflict cleared"),
        _act("early.resolved", acts.EarlyResolved, "Early message resolved"),
        _act("stuck.retried", acts.StuckRetried, "Stuck message tried again"),
        _act("case.matched", acts.CaseMatched, "Uncertain child matched"),
    ]


REGISTER: Mapping[str, Entry] = MappingProxyType(
    {entry.type: entry for entry in (*_conversation(), *_acts())}
)
"""Every type by name."""


def entry_of(kind: str, version: int = 1) -> Entry:
    """The entry of a type; raises `UnknownType` or `UnknownVersion`."""
    entry = REGISTER.get(kind)
    if entry is None:
        raise UnknownType(f"no message type {kind!r}; the types are in schemas/register.py")
    if entry.version != version:
        raise UnknownVersion(f"{kind} version {version}: this hub speaks version {entry.version}")
    return entry


def model_of(kind: str, version: int = 1) -> Body:
    """The body's model; raises `UnknownType` or `UnknownVersion`."""
    return entry_of(kind, version).body


def parse(kind: str, version: int, body: bytes | str) -> Said:
    """A body from JSON; raises pydantic's `ValidationError` where it breaks a rule."""
    return model_of(kind, version).model_validate_json(body)


def priority_of(kind: str, body: Said) -> Priority:
    """The default priority of a body; what a partner says explicitly may only raise it."""
    rule = REGISTER[kind].priority
    return Priority.ROUTINE if rule is None else rule(body)


def child_of(body: Said) -> ChildIdentity | None:
    """The child a body is about, where it is about one."""
    child = getattr(body, "child", None)
    return child if isinstance(child, ChildIdentity) else None
