"""A strategy discussion is asked for and recorded: one record per child, each item attributed."""

from typing import Annotated

from pydantic import Field, StrictBool
from pydantic import model_validator as check

from schemas.census import Abuse
from schemas.codes import (
    Attendance,
    DeviationReason,
    MeetingCause,
    MeetingKind,
    StrategyDecision,
    Urgency,
)
from schemas.instants import Day, Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth
from schemas.people import (
    Action,
    Attributed,
    ChildIdentity,
    Household,
    PoliceInformation,
    Worker,
    must_be_named,
)
from schemas.values import NOT_ASKED, Coded, Known, Line, Period, Said, Text, Yes


class StrategyRequested(Said):
    """`strategy.requested`: any agency asks for a strategy discussion about one child."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA]
    requested_by: Annotated[Worker, Kind.DECISION]
    requested_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    child: ChildIdentity
    household: Household = Household()
    concern: Annotated[Text, Kind.CONCERN_NARRATIVE]
    harm: Annotated[tuple[Coded[Abuse], ...], Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = ()
    urgency: Annotated[Urgency, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    why: Annotated[Text, Kind.CONCERN_NARRATIVE] = Field(
        description="Why there is reasonable cause to suspect significant harm"
    )
    proposed_at: Annotated[Instant | None, Kind.DECISION, Depth.SUMMARY] = None
    proposed_kind: Annotated[MeetingKind | None, Kind.DECISION, Depth.SUMMARY] = None
    must_be_meeting: Annotated[tuple[MeetingCause, ...], Kind.CONCERN_NARRATIVE] = ()
    out_of_hours: Annotated[StrictBool, Kind.DELIVERY_METADATA] = False
    wanted: Annotated[tuple[Line, ...], Kind.DECISION, Depth.SUMMARY] = Field(
        default=(), description="Agencies asked to take part"
    )


class Participant(Said):
    """Somebody invited: whether they came, and whether they may decide for their agency."""

    worker: Annotated[Worker, Kind.DECISION, Depth.SUMMARY]
    attendance: Annotated[Attendance, Kind.DECISION, Depth.SUMMARY]
    absent_because: Annotated[Text | None, Kind.DECISION] = Field(
        default=None, description="Needed where they were absent or declined"
    )
    may_decide: Annotated[Yes, Kind.DECISION] = NOT_ASKED
    deputy: Annotated[Worker | None, Kind.DECISION] = None

    @check(mode="after")
    def _absence_is_explained(self) -> "Participant":
        if not self.worker.agency:
            raise ValueError("a participant needs worker.agency: say for whom they speak")
        if self.attendance in (Attendance.ABSENT, Attendance.DECLINED) and not self.absent_because:
            raise ValueError(f"{self.attendance} needs absent_because: say why")
        return self


class Quorum(Said):
    """Whether those who must be there were; an inquorate discussion must be held again."""

    met: Annotated[StrictBool, Kind.DECISION, Depth.SUMMARY]
    missing: Annotated[tuple[Line, ...], Kind.DECISION] = ()
    went_on_because: Annotated[Text | None, Kind.DECISION] = Field(
        default=None, description="Needed without a quorum: why it went on"
    )
    reconvene_by: Annotated[Instant | None, Kind.DECISION] = Field(
        default=None, description="Needed without a quorum: when it is held again"
    )

    @check(mode="after")
    def _inquorate_is_explained(self) -> "Quorum":
        if not self.met and not (self.went_on_because and self.reconvene_by):
            raise ValueError(
                "a discussion without quorum needs went_on_because and reconvene_by: give both"
            )
        return self


class Decision(Said):
    """What was decided: threshold, section 47, who investigates, by which clause."""

    threshold_met: Annotated[StrictBool, Kind.DECISION, Depth.SUMMARY]
    decision: Annotated[StrategyDecision, Kind.DECISION, Depth.SUMMARY]
    reason: Annotated[Text, Kind.DECISION]
    clause: Annotated[Line, Kind.DECISION] = Field(
        description="Clause of the joint protocol that matched, with its edition"
    )
    rule_result: Annotated[Line | None, Kind.DECISION] = Field(
        default=None, description="What the joint-visit rules said"
    )
    deviation: Annotated[DeviationReason | None, Kind.DECISION] = None
    deviation_text: Annotated[Text | None, Kind.DECISION] = Field(
        default=None, description="Needed where the deviation is another one: what it was"
    )
    approved_by: Annotated[tuple[Worker, ...], Kind.DECISION] = Field(
        default=(), description="For a deviation: the approving manager in each agency"
    )
    dissent: Annotated[Text | None, Kind.DECISION] = None
    dissent_resolved: Annotated[Text | None, Kind.DECISION] = None

    @check(mode="after")
    def _holds_together(self) -> "Decision":
        if self.decision.starts_s47 and not self.threshold_met:
            raise ValueError("a section 47 enquiry without threshold_met: mend one of the two")
        if self.deviation is not None:
            if self.deviation is DeviationReason.OTHER and not self.deviation_text:
                raise ValueError("deviation other needs deviation_text: say what it was")
            if len({worker.agency for worker in self.approved_by}) < 2:
                raise ValueError(
                    "a deviation needs approved_by with the approving manager in each agency"
                )
            for worker in self.approved_by:
                must_be_named(worker, "approved_by")
        if self.dissent_resolved and not self.dissent:
            raise ValueError("dissent_resolved without dissent: say who dissented and on what")
        return self


class Medical(Said):
    """A medical examination: who, when, and who consented."""

    needed: Annotated[Yes, Kind.DECISION, Depth.SUMMARY] = NOT_ASKED
    who: Annotated[Line | None, Kind.DECISION] = None
    at: Annotated[Instant | None, Kind.DECISION] = None
    where: Annotated[Line | None, Kind.DECISION] = None
    consent: Annotated[Line | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Who consents, or why consent is not sought"
    )
    discharge_condition: Annotated[Text | None, Kind.DECISION] = Field(
        default=None, description="Under what condition a hospital may let the child go"
    )


class Investigation(Said):
    """How the criminal investigation goes and in which order people are seen."""

    conduct: Annotated[Text | None, Kind.POLICE_INTELLIGENCE] = None
    interviews: Annotated[Text | None, Kind.POLICE_INTELLIGENCE] = Field(
        default=None, description="Achieving Best Evidence interviews: who, when, by whom"
    )
    order_of_visits: Annotated[Text | None, Kind.POLICE_INTELLIGENCE] = None
    visit_by: Annotated[Instant | None, Kind.DECISION] = None


class Telling(Said):
    """What one person may be told, by whom and when; and what they must not be told, and why."""

    whom: Annotated[Line, Kind.DECISION] = Field(description="Child, mother, father, carer")
    may: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    by: Annotated[Worker | None, Kind.DECISION] = None
    at: Annotated[Instant | None, Kind.DECISION] = None
    must_not: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
    must_not_because: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Needed beside what they must not be told: why"
    )

    @check(mode="after")
    def _complete(self) -> "Telling":
        if self.may and not self.by:
            raise ValueError("may needs by: say who tells them")
        if self.must_not and not self.must_not_because:
            raise ValueError("must_not needs must_not_because: say why")
        return self


class StrategyRecord(Said):
    """`strategy.record`: the record of one discussion about one child; never to family."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA]
    request_reference: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    number: Annotated[int, Kind.DELIVERY_METADATA] = Field(
        default=1, ge=1, description="First, second, … discussion about this concern"
    )
    child: ChildIdentity
    sibling_records: Annotated[tuple[Line, ...], Kind.DELIVERY_METADATA] = Field(
        default=(), description="References of the records of the other children"
    )
    household: Household = Household()
    kind: Annotated[MeetingKind, Kind.DECISION, Depth.SUMMARY]
    must_be_meeting: Annotated[tuple[MeetingCause, ...], Kind.CONCERN_NARRATIVE] = ()
    held: Annotated[Period, Kind.DECISION, Depth.SUMMARY]
    out_of_hours: Annotated[StrictBool, Kind.DELIVERY_METADATA] = False
    chair: Annotated[Worker, Kind.DECISION, Depth.SUMMARY]
    chair_grade: Annotated[Line, Kind.DECISION, Depth.SUMMARY] = Field(
        description="Senior enough to chair: the grade, where the role does not say it"
    )
    participants: tuple[Participant, ...] = Field(min_length=1)
    quorum: Quorum
    concern: Annotated[Text, Kind.CONCERN_NARRATIVE]
    harm: Annotated[tuple[Coded[Abuse], ...], Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = ()
    information: tuple[Attributed, ...] = ()
    police_information: tuple[PoliceInformation, ...] = ()
    child_view: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    child_view_obtained: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="How the child's view was obtained"
    )
    analysis: Annotated[Text, Kind.CONCERN_NARRATIVE]
    decision: Decision
    immediate_safety: tuple[Action, ...] = ()
    legal_advice: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    medical: Medical = Medical()
    investigation: Investigation = Investigation()
    telling: tuple[Telling, ...] = ()
    actions: tuple[Action, ...] = ()
    next_discussion_at: Annotated[Instant | None, Kind.DECISION, Depth.SUMMARY] = Field(
        default=None,
        description="Needed to reconvene, and where it had to be a meeting and was none",
    )
    icpc_target: Annotated[Day | None, Kind.DECISION, Depth.SUMMARY] = Field(
        default=None, description="Target of the conference, as the chair understood it"
    )
    procedure_edition: Annotated[Line, Kind.DECISION, Depth.SUMMARY]
    written_by: Annotated[Worker, Kind.DECISION]
    circulated_to: Annotated[tuple[Line, ...], Kind.DELIVERY_METADATA] = ()
    circulated_at: Annotated[Instant | None, Kind.DELIVERY_METADATA] = None

    @check(mode="after")
    def _holds_together(self) -> "StrategyRecord":
        must_be_named(self.chair, "chair")
        must_be_named(self.written_by, "written_by")
        if any(action.by is None for action in self.actions):
            raise ValueError("an action without `by`: say what, who and by when")
        if self.held.end is None:
            raise ValueError("held.end is missing: a record is of a discussion that has ended")
        if self.must_be_meeting and self.kind is not MeetingKind.MEETING and self.quorum.met:
            named = ", ".join(cause.label for cause in self.must_be_meeting)
            if not self.next_discussion_at:
                raise ValueError(
                    f"must be a face-to-face meeting ({named}) but was {self.kind.label.lower()}:"
                    " give next_discussion_at, when the meeting follows"
                )
        if self.decision.decision is StrategyDecision.RECONVENE and not self.next_discussion_at:
            raise ValueError("reconvene needs next_discussion_at: say when")
        return self
