"""By when somebody must act follows from the edition in force on that day, never from a guess.

Every limit is of one kind and says so: elapsed time, calendar days, months, working days, or the
service hours of a team. It runs from the event that its rule names, never from when the hub came to
it. A deadline that the message itself states always wins over a computed one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from hub.calendar import (
    Services,
    add_days,
    add_months,
    add_working_days,
    civil_day,
    next_on_working_day,
)
from hub.rules.editions import Edition, Editions, Sourced
from schemas.envelope import Deadline, Priority


class Begins(StrEnum):
    """Which time of a message is the event that starts a clock.

    None lies after `TAKEN`: a partner's clock that is ahead gives nobody more time.
    """

    OCCURRED = "occurred_at"
    """What the message tells of happened."""
    RECEIVED = "received_at"
    """It reached the front door, however long it lay there."""
    DECIDED = "decided_at"
    PASSED = "passed_at"
    """Its sender passed it on; where none did, the hub does when it takes it."""
    TAKEN = "taken"
    """The hub's door took it."""


class Limit(Sourced):
    """One clock of an edition. Exactly one kind of limit is given."""

    title: str = ""
    starts: str = Field(description="The event on which it starts, in words")
    begins: Begins = Field(
        default=Begins.OCCURRED, description="Which time of a message that event is"
    )
    elapsed: timedelta | None = None
    days: int | None = Field(default=None, description="Calendar days, to the end of the day")
    months: int | None = None
    working_days: int | None = Field(default=None, ge=1)
    service: timedelta | None = Field(default=None, description="Service time of the receiver")
    service_at: time | None = Field(
        default=None, description="A civil time on the day of the receiver's next service start"
    )
    working_day_at: time | None = Field(
        default=None, description="A civil time on the next working day, whoever is closed then"
    )
    local: bool = Field(default=False, description="True where an authority sets its own limit")

    @model_validator(mode="after")
    def _one_kind(self) -> "Limit":
        kinds = (self.elapsed, self.days, self.months, self.working_days, self.service)
        if sum(kind is not None for kind in (*kinds, self.service_at, self.working_day_at)) != 1:
            raise ValueError(
                "write one of elapsed, days, months, working_days, service, service_at,"
                " working_day_at"
            )
        return self


class Duty(Sourced):
    """Which clock runs until a message is acted on, by its priority."""

    type: str
    clock: str
    immediate: str | None = Field(default=None, description="The clock of an immediate one")
    urgent: str | None = Field(default=None, description="The clock of an urgent one")

    def clock_of(self, priority: Priority) -> str:
        """The clock for this priority; a more pressing one without its own takes the next."""
        urgent = self.urgent or self.clock
        return {
            Priority.IMMEDIATE: self.immediate or urgent,
            Priority.URGENT: urgent,
            Priority.ROUTINE: self.clock,
        }[priority]


class Clocks(Edition):
    """The timescales of one edition of the guidance."""

    clocks: dict[str, Limit]
    duties: tuple[Duty, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> "Clocks":
        for duty in self.duties:
            for name in filter(None, (duty.clock, duty.immediate, duty.urgent)):
                if name not in self.clocks:
                    raise ValueError(f"duty {duty.type} names {name}, which is no clock here")
        return self


@dataclass(frozen=True, slots=True)
class Event:
    """What starts a clock: which message, when, how pressing, and the receiver's hours.

    `at` is when it happened, `taken` when the hub's door took it, `told` the times in its body.
    """

    type: str
    at: datetime
    priority: Priority
    hours: str = "always"
    taken: datetime | None = None
    told: Mapping[Begins, datetime] = field(default_factory=dict)

    def start(self, begins: Begins) -> datetime:
        """When a clock that begins so has started: as the body tells it, else when it happened."""
        taken = self.taken or self.at
        if begins is Begins.TAKEN:
            return taken
        untold = taken if begins is Begins.PASSED else self.at
        return min(self.told.get(begins, untold), taken)


def told(body: Mapping[str, Any], since: datetime) -> dict[Begins, datetime]:
    """The times in a message's body that may start a clock; none before `since`. Pure.

    Where an unset clock wrote 1970, no rule counts from then: the message's other times do.
    """
    said = {begins: body.get(begins.value) for begins in Begins}
    moments = {
        begins: datetime.fromisoformat(moment)
        for begins, moment in said.items()
        if isinstance(moment, str)
    }
    return {begins: moment for begins, moment in moments.items() if moment >= since}


def fall_due(limit: Limit, at: datetime, services: Services, hours: str) -> datetime:
    """When a limit that starts at this instant ends, in UTC."""
    if limit.elapsed is not None:
        # In UTC, because civil time would gain or lose an hour on the nights when clocks change.
        return at.astimezone(UTC) + limit.elapsed
    if limit.days is not None:
        return add_days(at, limit.days)
    if limit.months is not None:
        return add_months(at, limit.months)
    if limit.working_days is not None:
        return add_working_days(at, limit.working_days)
    if limit.working_day_at is not None:
        return next_on_working_day(at, limit.working_day_at)
    if limit.service is not None:
        return services.add_hours(hours, at, limit.service)
    return services.at_next_service_day(hours, at, limit.service_at or time())


def clock(
    name: str, at: datetime, editions: Editions[Clocks], services: Services, hours: str = "always"
) -> Deadline | None:
    """The deadline of a clock started then, by that day's edition; None where it has none."""
    edition = editions.edition_on(civil_day(at))
    limit = edition.clocks.get(name)
    if limit is None:
        return None
    due_at = fall_due(limit, at, services, hours)
    return Deadline(clock_id=name, due_at=due_at, rule_edition=edition.edition)


def due(event: Event, editions: Editions[Clocks], services: Services) -> Deadline | None:
    """By when a message of this type must be acted on, where its edition says; else None. Pure."""
    # Which event begins the clock is said by an edition, and which edition by the event's day.
    now = _running(event, editions.edition_on(civil_day(event.taken or event.at)))
    began = event.start(now[1].begins) if now else event.at
    edition = editions.edition_on(civil_day(began))
    running = _running(event, edition)
    if running is None:
        return None
    name, limit = running
    due_at = fall_due(limit, event.start(limit.begins), services, event.hours)
    return Deadline(clock_id=name, due_at=due_at, rule_edition=edition.edition)


def _running(event: Event, edition: Clocks) -> tuple[str, Limit] | None:
    duty = next((duty for duty in edition.duties if duty.type == event.type), None)
    if duty is None:
        return None
    name = duty.clock_of(event.priority)
    return name, edition.clocks[name]
