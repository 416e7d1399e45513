"""A police notification tells about one child, each item under its handling condition."""

from typing import Annotated

from pydantic import Field

from schemas.codes import InvolvedAs, Perceived, Relation, RiskGrade
from schemas.instants import Day, Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth, Restriction
from schemas.people import (
    ChildIdentity,
    Handling,
    Household,
    PersonName,
    PoliceInformation,
    Seeing,
    Worker,
)
from schemas.values import NOT_ASKED, Address, Known, Line, Said, Text, Yes


class InvolvedAdult(Said):
    """An adult in the incident and the part they had."""

    name: Annotated[Known[PersonName], Kind.OTHER_PARENT] = NOT_ASKED
    role: Annotated[InvolvedAs, Kind.OTHER_PARENT]
    relation: Annotated[Known[Relation], Kind.OTHER_PARENT] = NOT_ASKED
    born: Annotated[Day | None, Kind.OTHER_PARENT] = None
    address: Annotated[Known[Address], Kind.OTHER_PARENT] = NOT_ASKED
    warning_markers: Annotated[
        tuple[Line, ...], Kind.POLICE_INTELLIGENCE, Restriction.POLICE_RESTRICTED
    ] = ()


class PoliceProtection(Said):
    """The child is in police protection: 72 elapsed hours that nobody can extend (s46)."""

    started_at: Annotated[Instant, Kind.DECISION, Depth.SUMMARY]
    officer: Annotated[Worker, Kind.DECISION] = Field(description="The designated officer")
    placed_at: Annotated[Known[Address], Kind.CURRENT_ADDRESS, Restriction.SAFE_ADDRESS] = NOT_ASKED


class PoliceNotification(Said):
    """`police.notification`: a public protection notice about one child (no public schema exists)."""

    incident: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="Incident number")
    crime: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="Crime reference"
    )
    force: Annotated[Line, Kind.DELIVERY_METADATA]
    officer: Annotated[Worker, Kind.DECISION] = Field(description="With collar number")
    attended_at: Annotated[Instant, Kind.CONCERN_NARRATIVE]
    submitted_at: Annotated[Instant | None, Kind.DELIVERY_METADATA] = None
    location: Annotated[Known[Address], Kind.CURRENT_ADDRESS] = NOT_ASKED
    incident_type: Annotated[Line, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    domestic_abuse: Annotated[Yes, Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = NOT_ASKED
    risk: Annotated[RiskGrade, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    risk_because: Annotated[Text, Kind.CONCERN_NARRATIVE]
    child: ChildIdentity
    child_relation: Annotated[Known[Line], Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED, description="What the child is to the adults in the incident"
    )
    perceived: Annotated[tuple[Perceived, ...], Kind.CONCERN_NARRATIVE] = Field(
        default=(), description="Present, saw, heard"
    )
    seeing: Seeing | None = Field(default=None, description="Whether an officer saw the child")
    injuries: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    voice: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED, description="The child's own words"
    )
    household: Household = Household()
    adults: tuple[InvolvedAdult, ...] = ()
    what_happened: Annotated[Text, Kind.CONCERN_NARRATIVE]
    weapons: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    alcohol_or_drugs: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    family_told: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED, description="What the family was told"
    )
    consent: Annotated[Yes, Kind.CONCERN_NARRATIVE] = Field(
        default=NOT_ASKED,
        description="Agreed to be referred to agencies; not data protection consent",
    )
    actions_taken: Annotated[Known[Text], Kind.CONCERN_NARRATIVE] = NOT_ASKED
    protection: PoliceProtection | None = None
    previous_incidents: Annotated[Known[int], Kind.POLICE_INTELLIGENCE] = NOT_ASKED
    intelligence: tuple[PoliceInformation, ...] = ()
    handling: Annotated[Handling, Kind.DELIVERY_METADATA] = Field(
        default=Handling(), description="For the whole notification; items may be narrower"
    )
    disclosure_restrictions: Annotated[Text | None, Kind.POLICE_INTELLIGENCE] = None
    reviewed_by: Annotated[Worker | None, Kind.DECISION] = Field(
        default=None, description="Supervisor who reviewed the grade"
    )
