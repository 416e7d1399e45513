"""A referral is received, acknowledged, passed on, decided and answered, with who and why."""

from typing import Annotated

from pydantic import Field, StrictBool
from pydantic import model_validator as check

from schemas.census import PrimaryNeed, ReferralFlag, ReferralOutcome
from schemas.codes import ReceivedAs, Stage, Urgency
from schemas.contact import Concern, Knowledge, OpenCase
from schemas.instants import Day, Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth
from schemas.people import (
    ChildIdentity,
    Household,
    Referrer,
    Seeing,
    Threshold,
    Worker,
    must_be_named,
)
from schemas.values import NOT_ASKED, Coded, Known, Line, Phone, Said, Text, Yes


class Involved(Said):
    """Another agency that works with the family."""

    worker: Annotated[Worker, Kind.CONCERN_NARRATIVE]
    doing: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    lead: Annotated[StrictBool, Kind.CONCERN_NARRATIVE] = Field(
        default=False, description="True for the lead worker of early help"
    )


class Document(Said):
    """A document that belongs to the message: by reference and hash, never by name."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA]
    sha256: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    title: Annotated[Line | None, Kind.CONCERN_NARRATIVE] = None


class ReferralReceived(Said):
    """`referral.received`: a referral of one child, with every field of a referral form."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The sender's own number for the referral"
    )
    received_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    received_as: Annotated[ReceivedAs, Kind.DELIVERY_METADATA] = ReceivedAs.WRITTEN
    contact_reference: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="The contact it grew from"
    )
    referrer: Referrer
    child: ChildIdentity
    household: Household = Household()
    involved: tuple[Involved, ...] = ()
    primary_need: Annotated[Coded[PrimaryNeed] | None, Kind.DECISION, Depth.SUMMARY] = None
    urgency: Annotated[Urgency, Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = Urgency.ROUTINE
    reason: Annotated[Text, Kind.CONCERN_NARRATIVE] = Field(description="Why this referral is made")
    concern: Concern
    child_view: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    parents_view: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    knowledge: Knowledge = Knowledge()
    previous_early_help: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    support_wanted: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    threshold: Threshold | None = None
    already_open: Annotated[Yes, Kind.DECISION, Depth.SUMMARY] = NOT_ASKED
    open_case: OpenCase | None = None
    seeing: Seeing | None = Field(
        default=None, description="Whether the referrer saw the child, and alone"
    )
    documents: tuple[Document, ...] = ()


class ReferralAcknowledged(Said):
    """`referral.acknowledged`: receipt to the referrer; no case content."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The referrer's own number, so that they can place it"
    )
    receipt: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="Our receipt number")
    received_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    contact_team: Annotated[Line, Kind.DELIVERY_METADATA]
    contact_phone: Annotated[Phone | None, Kind.DELIVERY_METADATA] = None
    contact_email: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    next_step: Annotated[Text, Kind.DELIVERY_METADATA] = Field(
        description="What happens next and by when; nothing about the child"
    )
    writing_due_at: Annotated[Instant | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="When written confirmation of a phone referral is due"
    )


class ReferralPassedToTeam(Said):
    """`referral.passed_to_team`: one team is asked to pick the referral up."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="Number of the referral in the passing system"
    )
    team: Annotated[Line, Kind.DELIVERY_METADATA]
    passed_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    passed_by: Annotated[Worker, Kind.DECISION]
    reason: Annotated[Text, Kind.CONCERN_NARRATIVE] = Field(description="Why this team")
    urgency: Annotated[Urgency, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    load: Annotated[int | None, Kind.DELIVERY_METADATA] = Field(
        default=None, ge=0, description="The team's open referrals when it was chosen"
    )
    child: ChildIdentity
    referral: ReferralReceived | None = Field(
        default=None, description="The referral itself, for a team that has not had it"
    )


class ReferralDecision(Said):
    """`referral.decision`: the next step, who chose it, on what information, by which edition."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA]
    referral_reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The referral decided on, by the number it was received under"
    )
    stage: Annotated[Stage, Kind.DECISION] = Stage.FINAL
    outcome: Annotated[ReferralOutcome, Kind.DECISION, Depth.SUMMARY]
    flags: Annotated[tuple[ReferralFlag, ...], Kind.DECISION] = ()
    threshold: Threshold
    reason: Annotated[Text, Kind.DECISION]
    relied_on: Annotated[tuple[Line, ...], Kind.CONCERN_NARRATIVE] = Field(
        min_length=1, description="The information relied on, by source"
    )
    decided_by: Annotated[Worker, Kind.DECISION]
    decided_at: Annotated[Instant, Kind.DECISION, Depth.SUMMARY]
    procedure_edition: Annotated[Line, Kind.DECISION, Depth.SUMMARY]
    urgent_contact: Annotated[StrictBool, Kind.DECISION] = False
    next_step: Annotated[Text, Kind.DECISION, Depth.SUMMARY]
    named_worker: Annotated[Worker | None, Kind.DECISION, Depth.SUMMARY] = None
    other_support: Annotated[Text | None, Kind.DECISION, Depth.SUMMARY] = Field(
        default=None, description="Needed below the threshold: what else helps"
    )
    child: ChildIdentity

    @check(mode="after")
    def _decided_by_somebody(self) -> "ReferralDecision":
        must_be_named(self.decided_by, "decided_by")
        if self.outcome.below_threshold and not self.other_support:
            raise ValueError(
                f"outcome {self.outcome} is below the threshold: other_support must suggest"
                " what else helps, for the referrer's notice"
            )
        return self


class DecisionFeedback(Said):
    """`referrer.decision_feedback`: what a referrer is told; no family detail beyond need."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA]
    referral_reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The referrer's own number"
    )
    referred_on: Annotated[Day, Kind.DELIVERY_METADATA]
    referrer: Referrer
    child: ChildIdentity
    outcome: Annotated[ReferralOutcome, Kind.DECISION, Depth.SUMMARY]
    decided_at: Annotated[Instant, Kind.DECISION, Depth.SUMMARY]
    reason: Annotated[Text | None, Kind.DECISION, Depth.SUMMARY] = Field(
        default=None, description="Reason where below threshold; no detail of other people"
    )
    next_step: Annotated[Text | None, Kind.DECISION, Depth.SUMMARY] = None
    named_worker: Annotated[Worker | None, Kind.DECISION, Depth.SUMMARY] = None
    other_support: Annotated[Text | None, Kind.DECISION, Depth.SUMMARY] = None
    escalation: Annotated[Text, Kind.DELIVERY_METADATA] = Field(
        description="What to do if the referrer disagrees"
    )

    @check(mode="after")
    def _below_threshold_is_explained(self) -> "DecisionFeedback":
        if not self.referrer.can_be_told:
            raise ValueError("an anonymous referrer cannot be told: record the exemption instead")
        if self.outcome.below_threshold and not (self.reason and self.other_support):
            raise ValueError(
                "below the threshold a referrer is owed reason and other_support: give both"
            )
        return self
