"""What a person does at the desk is a message: who, in which role, why, and what they saw."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints
from pydantic import model_validator as check

from schemas.codes import Matching, Review
from schemas.endings import ConflictEnd, EarlyEnd, ParcelEnd
from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.people import Worker
from schemas.values import Line, NhsNumberText, Phone, Said, Text


class Act(Said):
    """What every act carries. `person` is the account; `seen` the version on the screen."""

    person: Annotated[Line, Kind.DELIVERY_METADATA]
    name: Annotated[Line, Kind.DECISION] = Field(
        description="Of the person; of the system, where a system collects"
    )
    role: Annotated[Line, Kind.DELIVERY_METADATA]
    agency: Annotated[Line, Kind.DELIVERY_METADATA]
    team: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    at: Annotated[Instant, Kind.DELIVERY_METADATA]
    seen: Annotated[int, Kind.DELIVERY_METADATA] = Field(
        default=0, ge=0, description="Version of the thing acted on, as it was shown"
    )
    reason: Annotated[Text | None, Kind.DECISION] = None


class Reasoned(Act):
    """An act that nobody may do without saying why."""

    reason: Annotated[Text | None, Kind.DECISION] = None

    @check(mode="after")
    def _has_a_reason(self) -> "Reasoned":
        if not self.reason:
            raise ValueError("this act needs reason: say why")
        return self


class ContentOpened(Act):
    """`content.opened`: somebody reads a message or a parcel; recorded before it is shown."""

    message: Annotated[UUID | None, Kind.DELIVERY_METADATA] = None
    parcel: Annotated[UUID | None, Kind.DELIVERY_METADATA] = None
    break_glass: Annotated[bool, Kind.DELIVERY_METADATA] = Field(
        default=False, description="Opened beyond the role's reach: reason, time box and review"
    )

    @check(mode="after")
    def _opens_one_thing(self) -> "ContentOpened":
        if (self.message is None) == (self.parcel is None):
            raise ValueError("name either message or parcel")
        if self.break_glass and not self.reason:
            raise ValueError("break_glass needs reason: say why")
        return self


class ChildSought(Reasoned):
    """`child.sought`: somebody looks for a child's case by its number; recorded before it is shown."""

    number: Annotated[NhsNumberText, Kind.CHILD_IDENTITY]
    authorities: Annotated[tuple[Line, ...], Kind.DELIVERY_METADATA] = Field(
        description="Codes of those in which they may look"
    )


class ExportMade(Act):
    """`export.made`: somebody takes what the desk shows out as a file; recorded before it leaves."""

    what: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The list, or the words of a search; for a journey, which"
    )
    format: Annotated[Literal["csv", "json"], Kind.DELIVERY_METADATA]


class DeliveryRetried(Act):
    """`delivery.retried`: try a delivery again; `as_new` sends it under a new reference."""

    delivery: Annotated[UUID, Kind.DELIVERY_METADATA]
    as_new: Annotated[bool, Kind.DELIVERY_METADATA] = False


class RedriveStarted(Reasoned):
    """`redrive.started`: what stopped for one cause is tried again, as it stood at `as_of`."""

    partner: Annotated[Line, Kind.DELIVERY_METADATA]
    cause: Annotated[Text, Kind.DELIVERY_METADATA] = Field(description="As the page said it")
    causes: Annotated[tuple[Text, ...], Kind.DELIVERY_METADATA] = Field(
        min_length=1, description="The reasons of the deliveries meant, as the ledger has them"
    )
    state: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        default="needs_person", description="In which they stand: that, or outcome_unknown"
    )
    as_of: Annotated[Instant, Kind.DELIVERY_METADATA]
    deliveries: Annotated[tuple[UUID, ...] | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="Only these of them; left out, all"
    )
    authorities: Annotated[tuple[Line, ...] | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="Only of these authorities; left out, of all"
    )


class RedriveStopped(Reasoned):
    """`redrive.stopped`: what was not tried again so far stays as it is."""

    redrive: Annotated[UUID, Kind.DELIVERY_METADATA]


class Amendment(Said):
    """One place said differently, in the order in which they are made."""

    path: Annotated[tuple[Line | int, ...], Kind.DELIVERY_METADATA] = Field(min_length=1)
    value: Annotated[JsonValue, Kind.CONCERN_NARRATIVE] = Field(
        default=None,
        description='A three-valued field takes `{"value": …}`; behind the last of a list, a new'
        " item; nothing takes away what stands there, an item of a list too",
    )


class DeliveryRepaired(Reasoned):
    """`delivery.repaired`: its message goes out corrected, as a new one in its place."""

    delivery: Annotated[UUID, Kind.DELIVERY_METADATA]
    changes: tuple[Amendment, ...] = Field(min_length=1)


class DeliveryAbandoned(Reasoned):
    """`delivery.abandoned`: a named person gives it up; urgent ones need a head of service."""

    delivery: Annotated[UUID, Kind.DELIVERY_METADATA]
    approved_by: Annotated[Worker | None, Kind.DECISION] = None


class DeliveryTakenByPhone(Act):
    """`delivery.taken_by_phone`: a named person in a role took it by telephone."""

    delivery: Annotated[UUID, Kind.DELIVERY_METADATA]
    taken_by: Annotated[Line, Kind.DECISION]
    taken_role: Annotated[Line, Kind.DECISION]
    taken_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    phone: Annotated[Phone | None, Kind.DELIVERY_METADATA] = None
    accepts: Annotated[bool, Kind.DECISION] = Field(
        default=False, description="True where they also accepted the work"
    )


class NoticeTold(Act):
    """`notice.told`: a person told the referrer what a notice says, where it does not reach them."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]
    told: Annotated[Line, Kind.DECISION]
    told_role: Annotated[Line, Kind.DECISION]


class DeliveryCollected(Act):
    """`delivery.collected`: a held delivery was collected, by a person or by a partner's system."""

    delivery: Annotated[UUID, Kind.DELIVERY_METADATA]


class HandoverWithdrawn(Reasoned):
    """`handover.withdrawn`: the sender takes it back before anybody accepted; refused once held."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]


class HandoverAnswered(Act):
    """`handover.answered`: the sender answers a query; the acceptance clock has not paused."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA] = Field(description="The handover queried")
    query: Annotated[UUID | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="The response that asked"
    )
    answer: Annotated[Text, Kind.CONCERN_NARRATIVE]


class HandoverStarted(Act):
    """`handover.started`: whoever accepted it says that they work on it."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]


class HandoverCompleted(Act):
    """`handover.completed`: whoever holds it, or the manager of their team, has finished it."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]


class HandoverReassigned(Reasoned):
    """`handover.reassigned`: its holder passes it on, and holds it until somebody there accepts."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]
    to: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="The partner that gets it")
    meant_for: Annotated[Line | None, Kind.DECISION] = Field(
        default=None, description="Name of the person there; anybody of them may accept"
    )


class HandoverKept(Reasoned):
    """`handover.kept`: refused, it stays with who sent it or passed it on."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]


class HandoverRecalled(Reasoned):
    """`handover.recalled`: passed on and not accepted so far, it is taken back by who gave it."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]


class HandoverRerouted(Reasoned):
    """`handover.rerouted`: refused, it goes to another receiver."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]
    to: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="The partner that gets it")


class PartnerPaused(Reasoned):
    """`partner.paused`: nothing is sent to a partner until resumed; nothing is lost meanwhile."""

    partner: Annotated[Line, Kind.DELIVERY_METADATA]


class PartnerResumed(Act):
    """`partner.resumed`: deliveries to a partner go on."""

    partner: Annotated[Line, Kind.DELIVERY_METADATA]


class PartnerTested(Act):
    """`partner.tested`: the edge that speaks with a partner opens its connection and says what it found."""

    partner: Annotated[Line, Kind.DELIVERY_METADATA]


class ParcelClosed(Reasoned):
    """`parcel.closed`: a person ends an unreadable or conflicting parcel's entry."""

    parcel: Annotated[UUID, Kind.DELIVERY_METADATA]
    end: Annotated[ParcelEnd, Kind.DELIVERY_METADATA]
    replaced_by: Annotated[UUID | None, Kind.DELIVERY_METADATA] = None


class ParcelClaimed(Act):
    """`parcel.claimed`: a person looks after a parcel, so its bytes are kept beyond their time."""

    parcel: Annotated[UUID, Kind.DELIVERY_METADATA]


class ParcelRepaired(Reasoned):
    """`parcel.repaired`: unread bytes go through the door again as somebody corrected them."""

    parcel: Annotated[UUID, Kind.DELIVERY_METADATA]
    text: Annotated[
        str, StringConstraints(min_length=1, max_length=200_000), Kind.CONCERN_NARRATIVE
    ] = Field(description="The whole text, corrected")


class IncidentClosed(Reasoned):
    """`incident.closed`: a person ends what nothing else would end; the count is the version."""

    incident: Annotated[UUID, Kind.DELIVERY_METADATA]


class IncidentClaimed(Act):
    """`incident.claimed`: a person looks at what is wrong; who had it hands it on."""

    incident: Annotated[UUID, Kind.DELIVERY_METADATA]
    over: Annotated[Line | None, Kind.DECISION] = Field(
        default=None, description="Who had it on the screen: refused where that has changed since"
    )


class IncidentReleased(Act):
    """`incident.released`: who looks at an incident no longer does, and nobody else has it."""

    incident: Annotated[UUID, Kind.DELIVERY_METADATA]


class DisclosureReviewed(Reasoned):
    """`disclosure.reviewed`: a second person releases or withholds what was held."""

    delivery: Annotated[UUID, Kind.DELIVERY_METADATA]
    review: Annotated[Review, Kind.DECISION]


class ConflictCleared(Reasoned):
    """`conflict.cleared`: somebody looked at two messages under one reference and says which stands."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA] = Field(description="The second of the two")
    end: Annotated[ConflictEnd, Kind.DECISION]


class EarlyResolved(Reasoned):
    """`early.resolved`: what becomes of a message whose predecessor has not come."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]
    end: Annotated[EarlyEnd, Kind.DECISION]


class StuckRetried(Act):
    """`stuck.retried`: a message that could not be recorded is tried once more."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]


class CaseMatched(Reasoned):
    """`case.matched`: a person says who the child is; name and birth date are no ground."""

    message: Annotated[UUID, Kind.DELIVERY_METADATA]
    matching: Annotated[Matching, Kind.DECISION]
    case: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="The case it belongs to, where it is the same child"
    )

    @check(mode="after")
    def _names_the_case(self) -> "CaseMatched":
        if (self.matching is Matching.SAME_CHILD) != (self.case is not None):
            raise ValueError("same_child needs case, and only same_child may name one")
        return self
