"""A contact about a child is recorded whole, however little of it is known."""

from typing import Annotated

from pydantic import Field
from pydantic import model_validator as check

from schemas.census import Abuse, ContactAction, ContactOutcome
from schemas.codes import Channel, MatchState
from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth
from schemas.people import ChildIdentity, Household, Referrer, Worker
from schemas.values import NOT_ASKED, Coded, Known, Line, Said, Text, Yes, told


class OpenCase(Said):
    """The case that is already open: its worker is told instead of a second referral made."""

    team: Annotated[Line | None, Kind.DECISION, Depth.SUMMARY] = None
    worker: Annotated[Worker | None, Kind.DECISION, Depth.SUMMARY] = None
    number: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="Case number in the team's own system"
    )


class Knowledge(Said):
    """Whether parents know and agree; agreeing to a referral is not data protection consent."""

    parents_aware: Annotated[Yes, Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED, description="Parents know, at the moment the referral is made"
    )
    not_aware_because: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    consent_to_referral: Annotated[Yes, Kind.CONCERN_NARRATIVE] = NOT_ASKED
    no_consent_because: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    data_protection_consent: Annotated[Yes, Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED,
        description="Consent under UK GDPR, where a sender recorded any; seldom the lawful basis",
    )
    confidential_from_family: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="What must stay confidential from the family"
    )
    confidential_because: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Needed where something must stay confidential from the family"
    )

    @check(mode="after")
    def _secrecy_has_a_reason(self) -> "Knowledge":
        if self.confidential_from_family and not self.confidential_because:
            raise ValueError(
                "confidential_from_family needs confidential_because:"
                " say why the family must not know"
            )
        return self


class Concern(Said):
    """What the worry is."""

    what: Annotated[Text, Kind.CONCERN_NARRATIVE]
    harm: Annotated[tuple[Coded[Abuse], ...], Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = ()
    working_well: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    immediate_danger: Annotated[Yes, Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = NOT_ASKED
    significant_harm: Annotated[Yes, Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = NOT_ASKED
    happened_at: Annotated[Instant | None, Kind.CONCERN_NARRATIVE] = None
    child_now: Annotated[Known[Line], Kind.CURRENT_ADDRESS] = Field(
        default=NOT_ASKED, description="Where the child is at this moment"
    )

    @property
    def danger(self) -> bool:
        """True only where somebody said so."""
        return told(self.immediate_danger) is True


class ContactRecorded(Said):
    """`contact.recorded`: any contact about one child, by any way in."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The recording system's own number for the contact (a call id)"
    )
    channel: Annotated[Channel, Kind.DELIVERY_METADATA]
    received_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    taken_by: Annotated[Worker | None, Kind.DECISION] = None
    caller: Referrer
    child: ChildIdentity
    match: Annotated[MatchState, Kind.DELIVERY_METADATA] = MatchState.NOT_TRIED
    household: Household = Household()
    concern: Concern
    knowledge: Knowledge = Knowledge()
    already_open: Annotated[Yes, Kind.DECISION, Depth.SUMMARY] = NOT_ASKED
    open_case: OpenCase | None = None
    action: Annotated[ContactAction | None, Kind.DECISION, Depth.SUMMARY] = None
    outcome: Annotated[ContactOutcome | None, Kind.DECISION, Depth.SUMMARY] = None
    outcome_because: Annotated[Text | None, Kind.DECISION] = Field(
        default=None,
        description="Needed where there is an outcome: a decision is never without its reason",
    )
    decided_by: Annotated[Worker | None, Kind.DECISION] = None

    @check(mode="after")
    def _decision_has_a_reason(self) -> "ContactRecorded":
        if self.outcome is not None and not self.outcome_because:
            raise ValueError(
                "outcome needs outcome_because: a decision is never without its reason"
            )
        return self
