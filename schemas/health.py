"""A hospital attendance says that a child was there, where and when, and nothing clinical."""

from typing import Annotated

from pydantic import Field
from pydantic import model_validator as check

from schemas.codes import AttendanceKind, CareSetting
from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.labels import Depth
from schemas.people import ChildIdentity
from schemas.values import NOT_ASKED, Line, OdsCode, Said, Yes


class HealthAttendance(Said):
    """`health.attendance`: one event of one visit; a cancellation names the visit it undoes."""

    reference: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The sender's message control id"
    )
    kind: Annotated[AttendanceKind, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    at: Annotated[Instant, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    site: Annotated[OdsCode, Kind.CONCERN_NARRATIVE, Depth.SUMMARY]
    site_name: Annotated[Line | None, Kind.CONCERN_NARRATIVE, Depth.SUMMARY] = None
    setting: Annotated[CareSetting, Kind.CONCERN_NARRATIVE] = CareSetting.OTHER
    visit: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="The hospital's visit number (PV1-19)"
    )
    unscheduled: Annotated[Yes, Kind.CONCERN_NARRATIVE] = NOT_ASKED
    child: ChildIdentity
    who: Annotated[Line | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Role of who registered or opened the record"
    )
    arrived_with: Annotated[Line | None, Kind.OTHER_PARENT] = None
    discharged_to: Annotated[Line | None, Kind.CURRENT_ADDRESS] = None
    need: Annotated[Line | None, Kind.CONCERN_NARRATIVE] = Field(
        default=None, description="Only what safeguarding needs to know; no diagnosis, no results"
    )

    @check(mode="after")
    def _cancels_something(self) -> "HealthAttendance":
        if self.kind.cancels and not self.visit:
            raise ValueError("a cancellation needs visit: name the visit that is undone (PV1-19)")
        return self
