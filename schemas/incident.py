"""What is wrong with the hub is told in words to whoever can mend it, and says nothing of anybody's child."""

from typing import Annotated

from pydantic import Field
from pydantic import model_validator as check

from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.values import Line, Said, Text


class _Incident(Said):
    incident: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="Its number in the hub; opening and recovery carry the same"
    )
    kind: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="Its kind, e.g. partner_down")
    title: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="What is wrong, in words")
    subject: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="What it is about, by the hub's own names: a partner, a lane, a topic"
    )
    first_seen: Annotated[Instant, Kind.DELIVERY_METADATA]
    count: Annotated[int, Kind.DELIVERY_METADATA] = Field(
        ge=1, description="How often it had been seen when this was written"
    )
    desk: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="Where the desk shows incidents"
    )


class IncidentOpened(_Incident):
    """`incident.opened`: something is wrong, why, and what to do; said once."""

    cause: Annotated[Line, Kind.DELIVERY_METADATA]
    what_to_do: Annotated[Text, Kind.DELIVERY_METADATA]
    runbook: Annotated[Line, Kind.DELIVERY_METADATA] = Field(description="Its page of the runbook")
    more: Annotated[bool, Kind.DELIVERY_METADATA] = Field(
        default=False,
        description="It speaks for more of its kind that open soon after, of which nothing is said",
    )


class IncidentRecovered(_Incident):
    """`incident.recovered`: what was told is over, and so is all that it spoke for."""

    over_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    incidents: Annotated[int, Kind.DELIVERY_METADATA] = Field(
        default=1, ge=1, description="How many incidents the opening spoke for"
    )

    @check(mode="after")
    def _in_order(self) -> "IncidentRecovered":
        if self.over_at < self.first_seen:
            raise ValueError("over_at lies before first_seen: exchange them or mend the date")
        return self
