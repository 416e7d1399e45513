"""Whoever a message is about or from has one shape everywhere, each fact of it a data kind."""

from typing import Annotated

from pydantic import Field, StrictBool
from pydantic import model_validator as check

from schemas.census import Disability, Ethnicity, ReferralSource, Sex, UpnUnknown
from schemas.codes import Reason, ReferrerKind, Relation, ThresholdLevel
from schemas.envelope import Subject
from schemas.instants import Day, Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth, Restriction
from schemas.values import (
    NOT_ASKED,
    Address,
    Coded,
    Email,
    Known,
    Line,
    NhsNumber,
    Phone,
    Said,
    Text,
    Upn,
    Yes,
    told,
)


class PersonName(Said):
    """A name in parts, or whole as it was given."""

    given: Line | None = None
    family: Line | None = None
    whole: Line | None = Field(
        default=None, description="As given, where the parts are not told apart"
    )
    also: tuple[Line, ...] = Field(default=(), description="Other names in use")

    @check(mode="after")
    def _says_something(self) -> "PersonName":
        if not (self.given or self.family or self.whole):
            raise ValueError("a name without given, family or whole: say not_known instead")
        return self

    @property
    def shown(self) -> str:
        """The name as people write it."""
        return self.whole or " ".join(part for part in (self.given, self.family) if part)


class School(Said):
    """A school or early years setting, by name and by number where it is known."""

    name: Line
    urn: Line | None = Field(default=None, description="GIAS unique reference number, or LAESTAB")


class Practice(Said):
    """A GP practice."""

    name: Line
    ods: Line | None = None


class ChildIdentity(Said):
    """One child, born or expected, as the sender knows them; every gap says why it is one."""

    name: Annotated[Known[PersonName], Kind.CHILD_IDENTITY] = NOT_ASKED
    born: Annotated[Day | None, Kind.CHILD_IDENTITY] = None
    expected: Annotated[Day | None, Kind.CHILD_IDENTITY] = Field(
        default=None, description="Expected date of birth of an unborn child; never beside `born`"
    )
    died: Annotated[Day | None, Kind.CHILD_IDENTITY] = None
    age_given: Annotated[Line | None, Kind.CHILD_IDENTITY] = Field(
        default=None, description="Age as a caller told it, where no date is known"
    )
    sex: Annotated[Known[Coded[Sex]], Kind.CHILD_IDENTITY] = NOT_ASKED
    nhs_number: Annotated[Known[NhsNumber], Kind.CHILD_IDENTITY] = NOT_ASKED
    own_number: Annotated[Line | None, Kind.CHILD_IDENTITY] = Field(
        default=None, description="The sender's own number for the child"
    )
    upn: Annotated[Known[Upn], Kind.CHILD_IDENTITY] = NOT_ASKED
    upn_unknown: Annotated[UpnUnknown | None, Kind.CHILD_IDENTITY] = None
    address: Annotated[Known[Address], Kind.CURRENT_ADDRESS] = NOT_ASKED
    phones: Annotated[tuple[Phone, ...], Kind.CURRENT_ADDRESS] = ()
    school: Annotated[Known[School], Kind.CURRENT_ADDRESS] = NOT_ASKED
    gp: Annotated[Known[Practice], Kind.CURRENT_ADDRESS] = NOT_ASKED
    ethnicity: Annotated[Known[Coded[Ethnicity]], Kind.CHILD_IDENTITY] = NOT_ASKED
    religion: Annotated[Known[Line], Kind.CHILD_IDENTITY] = NOT_ASKED
    first_language: Annotated[Known[Line], Kind.CHILD_IDENTITY] = NOT_ASKED
    interpreter_needed: Annotated[Yes, Kind.CHILD_IDENTITY] = NOT_ASKED
    interpreter_language: Annotated[Line | None, Kind.CHILD_IDENTITY] = None
    disabilities: Annotated[Known[tuple[Coded[Disability], ...]], Kind.CHILD_IDENTITY] = NOT_ASKED
    communication_needs: Annotated[Known[Text], Kind.CHILD_IDENTITY] = NOT_ASKED

    @check(mode="after")
    def _one_birth_date(self) -> "ChildIdentity":
        if self.born and self.expected:
            raise ValueError("born and expected are both given: keep born once the child is born")
        if told(self.upn) and self.upn_unknown:
            raise ValueError("upn and upn_unknown are both given: keep upn where there is one")
        codes = [item.code for item in told(self.disabilities) or ()]
        if Disability.NONE in codes and len(codes) > 1:
            raise ValueError("disability NONE stands alone: leave it out beside another")
        return self

    @property
    def unborn(self) -> bool:
        """True where only an expected date of birth is known."""
        return self.expected is not None

    @property
    def shown(self) -> str:
        """The child's name, or what can be said instead."""
        name = told(self.name)
        return name.shown if name else ("Unborn child" if self.unborn else "Name not known")

    @property
    def subject(self) -> Subject:
        """By what the hub may look for the child; name and birth date are no ground."""
        number = told(self.nhs_number)
        return Subject(nhs_number=number.number if number else None, own_number=self.own_number)


class OtherChild(Said):
    """Another child of the household; facts about somebody else than the message's own child."""

    name: Annotated[Known[PersonName], Kind.OTHER_PARENT] = NOT_ASKED
    born: Annotated[Day | None, Kind.OTHER_PARENT] = None
    expected: Annotated[Day | None, Kind.OTHER_PARENT] = None
    sex: Annotated[Known[Coded[Sex]], Kind.OTHER_PARENT] = NOT_ASKED
    nhs_number: Annotated[Known[NhsNumber], Kind.OTHER_PARENT] = NOT_ASKED
    own_number: Annotated[Line | None, Kind.OTHER_PARENT] = None
    relation: Annotated[Known[Relation], Kind.OTHER_PARENT] = NOT_ASKED
    message_of_own: Annotated[StrictBool, Kind.DELIVERY_METADATA] = Field(
        default=False,
        description="True where this child has a message of their own about the same event",
    )


class Adult(Said):
    """An adult around the child: parent, carer, member of the household."""

    name: Annotated[Known[PersonName], Kind.OTHER_PARENT] = NOT_ASKED
    born: Annotated[Day | None, Kind.OTHER_PARENT] = None
    relation: Annotated[Known[Relation], Kind.OTHER_PARENT] = NOT_ASKED
    parental_responsibility: Annotated[Yes, Kind.OTHER_PARENT] = NOT_ASKED
    in_household: Annotated[Yes, Kind.OTHER_PARENT] = NOT_ASKED
    address: Annotated[Known[Address], Kind.OTHER_PARENT] = NOT_ASKED
    phones: Annotated[tuple[Phone, ...], Kind.OTHER_PARENT] = ()
    ethnicity: Annotated[Known[Coded[Ethnicity]], Kind.OTHER_PARENT] = NOT_ASKED
    first_language: Annotated[Known[Line], Kind.OTHER_PARENT] = NOT_ASKED
    interpreter_needed: Annotated[Yes, Kind.OTHER_PARENT] = NOT_ASKED
    health: Annotated[Known[Text], Kind.THIRD_PARTY_HEALTH] = NOT_ASKED
    unsafe_to_contact: Annotated[Line | None, Kind.OTHER_PARENT] = Field(
        default=None, description="Why this person must not be contacted, where that is so"
    )


class Household(Said):
    """Who lives together; one group number ties the messages about its children."""

    group: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="The sender's number for the household or event group; no name"
    )
    children: tuple[OtherChild, ...] = ()
    adults: tuple[Adult, ...] = ()
    others_known: Annotated[Known[Text], Kind.OTHER_PARENT] = Field(
        default=NOT_ASKED, description="What is known about others in the household"
    )

    @check(mode="after")
    def _siblings_are_tied(self) -> "Household":
        if not self.group and any(child.message_of_own for child in self.children):
            raise ValueError(
                "a child with a message_of_own needs group: the number that ties their messages"
            )
        return self


class Worker(Said):
    """Somebody who acts in a role for an agency; the field that holds one says the kind."""

    name: Line | None = None
    role: Line | None = None
    agency: Line | None = None
    team: Line | None = None
    phone: Phone | None = None
    email: Email | None = None
    number: Line | None = Field(default=None, description="Collar, registration or staff number")

    @property
    def named(self) -> bool:
        """True where both name and role are given: only then can somebody accept or authorise."""
        return bool(self.name and self.role)

    @property
    def shown(self) -> str:
        """Name, role and agency on one line."""
        return ", ".join(part for part in (self.name, self.role, self.agency) if part)


def must_be_named(worker: Worker | None, doing: str) -> None:
    """Raises where a worker who did something lacks a name or a role."""
    if worker is not None and not worker.named:
        raise ValueError(f"{doing} needs a name and a role: give both name and role")


class Referrer(Said):
    """Who brought the concern, and what of their identity is protected."""

    kind: Annotated[ReferrerKind, Kind.DELIVERY_METADATA, Depth.SUMMARY]
    source: Annotated[Coded[ReferralSource] | None, Kind.DELIVERY_METADATA] = None
    name: Annotated[Known[PersonName], Kind.REFERRER_IDENTITY] = NOT_ASKED
    role: Annotated[Line | None, Kind.REFERRER_IDENTITY] = None
    agency: Annotated[Line | None, Kind.REFERRER_IDENTITY] = None
    agency_id: Annotated[Line | None, Kind.REFERRER_IDENTITY] = Field(
        default=None, description="ODS code, school number, force code or agency id"
    )
    relation: Annotated[Known[Relation], Kind.REFERRER_IDENTITY] = NOT_ASKED
    phone: Annotated[Phone | None, Kind.REFERRER_IDENTITY] = None
    email: Annotated[Email | None, Kind.REFERRER_IDENTITY] = None
    address: Annotated[Known[Address], Kind.REFERRER_IDENTITY] = NOT_ASKED
    token: Annotated[Line | None, Kind.REFERRER_IDENTITY] = Field(
        default=None,
        description="Stands for a confidential referrer whose identity is kept elsewhere",
    )
    wishes: Annotated[Text | None, Kind.REFERRER_IDENTITY] = Field(
        default=None, description="What the referrer asked about confidentiality, in their words"
    )
    identifying: Annotated[Text | None, Kind.REFERRER_IDENTITY] = Field(
        default=None,
        description="Circumstances that would give the referrer away ('the neighbour at 14')",
    )

    @check(mode="after")
    def _kind_holds(self) -> "Referrer":
        if self.kind is ReferrerKind.ANONYMOUS:
            given = [
                field
                for field, value in (
                    ("name", told(self.name)),
                    ("phone", self.phone),
                    ("email", self.email),
                    ("address", told(self.address)),
                    ("agency", self.agency),
                )
                if value
            ]
            if given:
                raise ValueError(
                    f"an anonymous referrer has no {', '.join(given)}:"
                    " leave it out, or say public_confidential"
                )
        return self

    @property
    def can_be_told(self) -> bool:
        """False for an anonymous referrer: no acknowledgement or feedback is possible or owed."""
        return self.kind is not ReferrerKind.ANONYMOUS


_NO_PLAN = (Reason.TOO_YOUNG, Reason.NOT_NEEDED)
"""Reasons for which a child who was seen need not be seen alone later."""


class Seeing(Said):
    """Whether a child was seen, and alone; `no` is legitimate but never unexplained (R4)."""

    seen: Annotated[StrictBool, Kind.CONCERN_NARRATIVE]
    seen_alone: Annotated[StrictBool, Kind.CONCERN_NARRATIVE]
    reason: Annotated[Reason | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Needed where the child was not seen, or not seen alone"
    )
    reason_text: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Needed where the reason is another one: what it was"
    )
    plan: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="How and when the child will be seen"
    )
    where: Annotated[Line | None, Kind.CURRENT_ADDRESS] = None
    bedroom_seen: Annotated[Yes, Kind.CONCERN_NARRATIVE] = NOT_ASKED
    interpreter_used: Annotated[Yes, Kind.CONCERN_NARRATIVE] = NOT_ASKED

    @check(mode="after")
    def _explained(self) -> "Seeing":
        if self.seen_alone and not self.seen:
            raise ValueError("seen_alone without seen: a child seen alone was seen")
        if not self.seen_alone and self.reason is None:
            missed = "seen_alone" if self.seen else "seen"
            raise ValueError(f"{missed} is false without a reason: give reason (a code) and plan")
        if self.reason is Reason.OTHER and not self.reason_text:
            raise ValueError("reason other needs reason_text: say what it was")
        if not self.plan and not self.seen:
            raise ValueError("a child not seen needs a plan: say how and when they will be seen")
        if not self.plan and not self.seen_alone and self.reason not in _NO_PLAN:
            raise ValueError(
                "a child not seen alone needs a plan: say how and when they will be seen alone"
            )
        return self


class Threshold(Said):
    """Which level of need, by which document and version; both, or the level says nothing (R5)."""

    level: Annotated[ThresholdLevel, Kind.DECISION, Depth.SUMMARY]
    document: Annotated[Line, Kind.DECISION]
    version: Annotated[Line, Kind.DECISION]


class Handling(Said):
    """The condition under which an agency gave information; it travels with every copy."""

    may_share_with_family: StrictBool = False
    may_share_with: tuple[Line, ...] = Field(
        default=(), description="Disclosure roles it may go on to"
    )
    originator_permission_required: StrictBool = True
    review_date: Day | None = None
    code: Line | None = Field(default=None, description="The originator's own handling code")


class Attributed(Said):
    """Information with the agency it came from and the condition it came under."""

    agency: Annotated[Line, Kind.DELIVERY_METADATA]
    text: Annotated[Text, Kind.CONCERN_NARRATIVE]
    handling: Annotated[Handling, Kind.DELIVERY_METADATA] = Handling()


class PoliceInformation(Said):
    """Police information: restricted until its originator says otherwise."""

    agency: Annotated[Line, Kind.DELIVERY_METADATA]
    text: Annotated[Text, Kind.POLICE_INTELLIGENCE, Restriction.POLICE_RESTRICTED]
    handling: Annotated[Handling, Kind.DELIVERY_METADATA] = Handling()


class Action(Said):
    """Who does what, the latest safe time, and what happens if it fails."""

    what: Annotated[Text, Kind.CONCERN_NARRATIVE]
    who: Annotated[Worker, Kind.DECISION]
    by: Annotated[Instant | None, Kind.DECISION] = None
    if_it_fails: Annotated[Text | None, Kind.CONCERN_NARRATIVE] = None
