"""Out of hours hands a child over whole; only an answer with name and role is acceptance."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool
from pydantic import model_validator as check

from schemas.codes import LegalBasis, Refusal, Response, RiskLevel, VisitMode
from schemas.contact import OpenCase
from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth
from schemas.people import (
    Action,
    ChildIdentity,
    Household,
    Referrer,
    Seeing,
    Worker,
    must_be_named,
)
from schemas.values import NOT_ASKED, Known, Line, Period, Said, Text, Yes

POLICE_PROTECTION = timedelta(hours=72)
"""Elapsed, weekends and holidays included (section 46, Children Act 1989)."""


class Shift(Said):
    """The shift that hands over, and who answers for it when its worker has gone home."""

    period: Annotated[Period, Kind.DELIVERY_METADATA]
    worker: Annotated[Worker, Kind.DECISION]
    on_call_manager: Annotated[Worker, Kind.DECISION]


class Visit(Said):
    """A visit made in the shift."""

    at: Annotated[Instant, Kind.CONCERN_NARRATIVE]
    by: Annotated[tuple[Worker, ...], Kind.DECISION] = Field(min_length=1)
    mode: Annotated[VisitMode, Kind.DECISION]
    seeing: Seeing
    child_slept: Annotated[Known[Line], Kind.CURRENT_ADDRESS] = Field(
        default=NOT_ASKED, description="Where the child slept"
    )
    who_was_there: Annotated[Text | None, Kind.OTHER_PARENT] = None
    found: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None


class ToldTo(Said):
    """Somebody who was told, who is not of the family."""

    whom: Annotated[Worker, Kind.DECISION]
    at: Annotated[Instant, Kind.DELIVERY_METADATA]
    what: Annotated[Text, Kind.CONCERN_NARRATIVE]


class Decided(Said):
    """A decision of the shift and the manager who authorised it."""

    what: Annotated[Text, Kind.DECISION]
    at: Annotated[Instant, Kind.DECISION]
    authorised_by: Annotated[Worker, Kind.DECISION]

    @check(mode="after")
    def _authorised_by_somebody(self) -> "Decided":
        must_be_named(self.authorised_by, "authorised_by")
        return self


class LegalStatus(Said):
    """Under which provision the child is where they are, and until when."""

    basis: Annotated[LegalBasis, Kind.DECISION, Depth.SUMMARY] = LegalBasis.NONE
    started_at: Annotated[Instant | None, Kind.DECISION] = Field(
        default=None, description="Needed in police protection: its 72 hours run from there"
    )
    expires_at: Annotated[Instant | None, Kind.DECISION, Depth.SUMMARY] = Field(
        default=None, description="As the order states it; a stated end wins over any computation"
    )
    note: Annotated[Text | None, Kind.DECISION] = None

    @check(mode="after")
    def _running_out_is_known(self) -> "LegalStatus":
        if self.basis is LegalBasis.POLICE_PROTECTION and not self.started_at:
            raise ValueError("police_protection needs started_at: its 72 hours run from there")
        most = self.started_at + POLICE_PROTECTION if self.started_at else None
        protected = self.basis is LegalBasis.POLICE_PROTECTION
        if protected and most and self.expires_at and self.expires_at > most:
            raise ValueError(
                "police_protection ends 72 hours after started_at and cannot be extended:"
                " mend expires_at, or name the order that follows it"
            )
        if self.basis is LegalBasis.EPO and not self.expires_at:
            raise ValueError("epo needs expires_at: give the end that the order states")
        return self


class EdtHandover(Said):
    """`edt.handover`: one job about one child, from the Emergency Duty Team to the daytime team."""

    handover: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="Handover number")
    shift: Shift
    child: ChildIdentity
    household: Household = Household()
    already_open: Annotated[Yes, Kind.DECISION, Depth.SUMMARY] = NOT_ASKED
    open_case: OpenCase | None = None
    referrer: Referrer
    referrer_told: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED, description="What the referrer was told, and how"
    )
    contacted_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    concern: Annotated[Text, Kind.CONCERN_NARRATIVE]
    risk: Annotated[RiskLevel, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    done: Annotated[Text, Kind.CONCERN_NARRATIVE] = Field(description="What was done")
    visits: tuple[Visit, ...] = ()
    told: tuple[ToldTo, ...] = ()
    decisions: tuple[Decided, ...] = ()
    legal: LegalStatus = LegalStatus()
    medical: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    outstanding: tuple[Action, ...] = Field(
        default=(), description="What is still to do, each with its latest safe time"
    )
    nothing_outstanding: Annotated[StrictBool, Kind.DELIVERY_METADATA] = Field(
        default=False, description="Needed where no action is outstanding"
    )
    family_told: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    child_told: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    must_not_be_told: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    police_reference: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    hospital_reference: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    hazards: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED, description="For the next worker: dogs, violence, lone working"
    )
    not_checked: Annotated[tuple[Line, ...], Kind.CONCERN_NARRATIVE] = Field(
        default=(), description="Information that was not checked"
    )
    recommended: Annotated[Text, Kind.CONCERN_NARRATIVE] = Field(
        description="Recommended next step"
    )
    accept_by: Annotated[Instant | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="By when acceptance is asked for"
    )

    @check(mode="after")
    def _work_is_told(self) -> "EdtHandover":
        for who, worker in (
            ("worker", self.shift.worker),
            ("on_call_manager", self.shift.on_call_manager),
        ):
            if not (worker.name or worker.role):
                raise ValueError(f"shift.{who} needs a name or a role: custody is never empty")
        if not self.outstanding and not self.nothing_outstanding:
            raise ValueError(
                "outstanding is empty: list what is left to do, or say nothing_outstanding"
            )
        if self.outstanding and self.nothing_outstanding:
            raise ValueError("nothing_outstanding beside outstanding actions: mend one of the two")
        late = [action.what for action in self.outstanding if action.by is None]
        if late:
            raise ValueError(
                f"{len(late)} outstanding action(s) without `by`: give each its latest safe time"
            )
        return self


class HandoverResponse(Said):
    """`handover.response`: a receiver answers a message that a named person must accept."""

    answers: Annotated[UUID | Line, Kind.DELIVERY_METADATA] = Field(
        description="Message id or reference of the message answered, as its reader knows it"
    )
    response: Annotated[Response, Kind.DECISION, Depth.SUMMARY]
    at: Annotated[Instant, Kind.DELIVERY_METADATA]
    by: Annotated[Worker | None, Kind.DECISION, Depth.SUMMARY] = Field(
        default=None, description="Acceptance without a name and a role is receipt"
    )
    query: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    refusal: Annotated[Refusal | None, Kind.DECISION] = None
    reason: Annotated[Text | None, Kind.DECISION] = None
    reassigned_to: Annotated[Worker | None, Kind.DECISION] = None
    escalated_to: Annotated[Worker | None, Kind.DECISION] = None
    their_reference: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="Their own number for the work they took"
    )

    @check(mode="after")
    def _says_enough(self) -> "HandoverResponse":
        if self.response is Response.QUERIED and not self.query:
            raise ValueError("queried needs query: say what must be answered")
        if self.response is Response.REFUSED:
            if self.refusal is None:
                raise ValueError("refused needs refusal: give the reason's code")
            if self.refusal is Refusal.OTHER and not self.reason:
                raise ValueError("refusal other needs reason: say what it is")
        if self.response is Response.REASSIGNED and not (
            self.reassigned_to and (self.reassigned_to.name or self.reassigned_to.team)
        ):
            raise ValueError("reassigned needs reassigned_to with a name or a team")
        if self.response is Response.ESCALATED and not self.reason:
            raise ValueError("escalated needs reason: say why it goes up")
        return self

    @property
    def accepts(self) -> bool:
        """True only for an acceptance by a named person in a role; any other is receipt at most."""
        return self.response is Response.ACCEPTED and self.by is not None and self.by.named
