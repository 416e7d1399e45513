"""Who the hub speaks with, read from one file each and refused with file, line and cure when wrong."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.envelope import For, Priority

_FORM = "2-"
"""How a digest is made, before its digits; another number where it is ever made otherwise."""


class Strict(BaseModel):
    """Part of a partner file: no unknown words, no changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Role(StrEnum):
    """The column of the disclosure policy by which a recipient is served."""

    ASSESSMENT_TEAM = "assessment_team"
    EDT = "edt"
    POLICE = "police"
    HEALTH = "health"
    SCHOOL = "school"
    PROFESSIONAL_REFERRER = "professional_referrer"
    PUBLIC_REFERRER = "public_referrer"
    PARENT = "parent"
    OPERATIONS = "operations"
    SENIOR_REPORT = "senior_report"

    @property
    def is_family(self) -> bool:
        """Whether whom it serves may be of the child's family: a member of the public may be kin."""
        return self in (Role.PARENT, Role.PUBLIC_REFERRER)


class Receives(Strict):
    """One kind of message this partner is sent."""

    type: str = Field(description="Message type, e.g. edt.handover")
    purpose: Annotated[For, Field(alias="for")] = For.ACTION
    team: str | None = Field(None, description="Only what names this team; none: the whole agency")


class Retry(Strict):
    """Back-off between tries: first, doubled each time up to `longest`, with full jitter of ±20 %."""

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=15)
    tries: int = Field(20, ge=1, description="Then a person decides")


class Patience(Strict):
    """How long a delivery may fail before a call sheet opens beside it."""

    immediate: timedelta = timedelta(minutes=5)
    urgent: timedelta = timedelta(minutes=30)
    routine: timedelta = timedelta(hours=4)

    def of(self, priority: Priority) -> timedelta:
        """The patience for one priority."""
        return {
            Priority.IMMEDIATE: self.immediate,
            Priority.URGENT: self.urgent,
            Priority.ROUTINE: self.routine,
        }[priority]


class Expects(Strict):
    """How often something comes from this partner while all is well; longer silence is an incident."""

    every: timedelta = Field(
        description="The longest silence that is usual, of its hours, e.g. PT24H"
    )
    within: str = Field(
        "always", description="Hours in which it is counted, by name, from deploy/calendars"
    )

    @property
    def words(self) -> str:
        """`every 6 h within leeds-daytime`."""
        minutes = int(self.every.total_seconds() // 60)
        hours, rest = divmod(minutes, 60)
        length = f"{hours} h" if hours and not rest else f"{minutes} min"
        return f"every {length}" + ("" if self.within == "always" else f" within {self.within}")


class Alerts(Strict):
    """Which incidents a partner that receives `incident.opened` is told of."""

    kinds: tuple[str, ...] | None = Field(None, description="Only these; none: every kind")
    after: timedelta = Field(
        timedelta(seconds=30), ge=timedelta(), description="What is over sooner is not told"
    )


class CallSheet(Strict):
    """Whom to ring when this partner cannot be reached."""

    who: str
    phone: str


class Partner(Strict):
    """A system we speak with; the whole of what a site writes about it."""

    partner: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,40}$", description="Its name in the hub")
    title: str
    role: Role
    agency: str = Field(description="ODS code, force code or agency id; recipients are found by it")
    team: str | None = Field(None, description="The team behind the system, where it is one team's")
    speaks_for: tuple[str, ...] = Field(
        (), description="Other agencies in whose name it may send: a system that passes theirs on"
    )
    authorities: tuple[str, ...] = Field(
        min_length=1, description="Local authority codes it serves"
    )
    transport: dict[str, Any] = Field(description="kind and its settings")
    format: dict[str, Any] = Field(description="kind and its settings")
    live: bool = Field(True, description="A live partner refuses messages marked test")
    sends: tuple[str, ...] = Field((), description="Message types it may send us")
    receives: tuple[Receives, ...] = ()
    order: Literal["case", "partner", "none"] = "case"
    connections: int = Field(1, ge=1, le=16, description="Partitions of its deliveries topic")
    window: int = Field(default=64, ge=1, le=1024, description="Deliveries outstanding at most")
    retry: Retry = Retry()
    patience: Patience = Patience()
    on_unreadable: Literal["refuse", "keep"] = "refuse"
    outcome_unknown: Literal["resend", "ask"] = "resend"
    reuse_window: timedelta = timedelta(hours=24)
    filtered: bool = Field(False, description="A feed of everyone: only watched children are kept")
    no_number: Literal["not_ours", "keep_unmatched"] = "not_ours"
    quarantine: timedelta = Field(timedelta(days=14), description="Unreadable parcels are kept for")
    expects: Expects | None = Field(
        None, description="How often something comes: `every`, and `within` which hours"
    )
    call: CallSheet | None = None
    alerts: Alerts = Alerts()
    hours: str = Field("always", description="Service hours by name, from deploy/calendars")

    @property
    def digest(self) -> str:
        """A short digest of what its file says, compared between roles.

        Not of what it leaves to its defaults: a version that knows one setting more reads the same
        file as the one before it, and an upgrade is nobody's disagreement.
        """
        said = self.model_dump(mode="json", exclude_unset=True)
        text = json.dumps(said, sort_keys=True)
        return f"{_FORM}{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def comparable(one: str, other: str) -> bool:
    """Whether two digests are made alike; those of another version may differ for the same file. Pure."""
    return one.rpartition("-")[0] == other.rpartition("-")[0]


class Directory:
    """All partners of one hub, found by name, by agency or by what they receive."""

    def __init__(self, partners: Iterable[Partner]):
        self._partners = {partner.partner: partner for partner in partners}

    def __iter__(self) -> Iterator[Partner]:
        return iter(self._partners.values())

    def __getitem__(self, name: str) -> Partner:
        return self._partners[name]

    def get(self, name: str) -> Partner | None:
        """The partner of that name, if there is one."""
        return self._partners.get(name)

    @cached_property
    def digests(self) -> dict[str, str]:
        """The digest of each partner's configuration."""
        return {name: partner.digest for name, partner in sorted(self._partners.items())}

    @property
    def digest(self) -> str:
        """One digest over all partners."""
        text = "".join(f"{name}:{digest};" for name, digest in self.digests.items())
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def feeds(partners: Iterable[Partner]) -> list[tuple[str, str]]:
    """Each feed that is kept for watched children alone, with each of its authorities. Pure."""
    return [(one.partner, code) for one in partners if one.filtered for code in one.authorities]
