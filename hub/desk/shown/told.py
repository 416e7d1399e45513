"""What the desk shows in words leaves it in one shape, whether for a program or for a spreadsheet.

References, never names; every instant both exact and as people in England read it. What people
said at the desk, and content, stay inside.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from pydantic import AwareDatetime, BaseModel, Field

from hub.clock import london
from hub.desk.desk import Desk
from hub.desk.search.found import Hit
from hub.desk.shown import words
from hub.desk.shown.incident_words import incident_cause, incident_title
from hub.ledger.read.failed import Failed
from hub.ledger.read.incidents import Wrong
from hub.ledger.read.sentences import Deadline, Parts, plain
from hub.ledger.read.timeline import Event


def civil(moment: datetime | None) -> str:
    """`Fri 20 Nov 2026 23:10:05 GMT`; empty where there is none."""
    if moment is None:
        return ""
    here = london(moment)
    return f"{here:%a} {here.day} {here:%b %Y %H:%M:%S} {here.tzname()}"


def until(moment: datetime | None) -> str:
    """A deadline in the same way; where it ends a day, as that day's end: `end of Wed 2 Dec 2026`."""
    told = civil(moment)
    here = moment and london(moment)
    if here is None or here.time() != time():
        return told
    return f"{words.end_of(here)} {here - timedelta(days=1):%Y}"


def sentence(parts: Parts) -> str:
    """A state's sentence, its instants in civil time, a deadline that ends a day as that day's end."""
    said = (until(part.at) if isinstance(part, Deadline) else part for part in parts)
    return plain(said, civil)


class Message(BaseModel):
    """A message, as a search finds it."""

    message_id: str
    reference: str = Field(description="Its sender's own", examples=["EDT-0417"])
    type: str = Field(examples=["edt.handover"])
    title: str = Field(description="What people call the type")
    sender: str = Field(description="Partner, by its name in the hub", examples=["edt"])
    to: list[str] = Field(description="Partners, as far as you may see them")
    priority: str = Field(description="routine, urgent or immediate")
    states: list[str] = Field(description="As the search box reads them", examples=[["late"]])
    stands: str = Field(description="How it stands, in a sentence")
    recorded_at: AwareDatetime
    recorded: str = Field(description="The same in civil time, Europe/London")
    due_at: AwareDatetime | None = None
    due: str = ""
    case: str = Field(description="The child's case, a pseudonym")
    authority: str
    test: bool

    @classmethod
    def of(cls, desk: Desk, hit: Hit) -> "Message":
        """From what was found."""
        said = hit.said
        return cls(
            message_id=said.message_id,
            reference=said.reference,
            type=said.type,
            title=words.title(said.type),
            sender=said.partner,
            to=list(hit.to),
            priority=said.priority,
            states=[state.value for state in hit.states],
            stands=sentence(hit.parts),
            recorded_at=said.recorded_at,
            recorded=civil(said.recorded_at),
            due_at=said.due_at,
            due=until(said.due_at),
            case=said.case_ref,
            authority=said.authority,
            test=said.test,
        )


class Stopped(BaseModel):
    """A delivery that waits for a person."""

    delivery_id: str
    message_id: str
    reference: str
    type: str
    sender: str
    partner: str = Field(description="To whom it goes")
    team: str | None = None
    priority: str
    state: str = Field(description="needs_person or outcome_unknown")
    reason: str
    tries: int
    stopped_at: AwareDatetime
    stopped: str = Field(description="The same in civil time, Europe/London")
    due_at: AwareDatetime | None = None
    case: str
    authority: str
    version: int = Field(description="Show it when you act on it")

    @classmethod
    def of(cls, one: Failed) -> "Stopped":
        """From the ledger's row."""
        return cls(
            delivery_id=one.delivery_id,
            message_id=one.message_id,
            reference=one.reference,
            type=one.type,
            sender=one.sender,
            partner=one.partner,
            team=one.team,
            priority=one.priority,
            state=one.state,
            reason=one.reason,
            tries=one.tries,
            stopped_at=one.changed_at,
            stopped=civil(one.changed_at),
            due_at=one.due_at,
            case=one.case_ref,
            authority=one.authority,
            version=one.version,
        )


class Incident(BaseModel):
    """One thing that is or was wrong."""

    incident_id: str
    kind: str
    title: str
    cause: str
    subject: str
    first_seen_at: AwareDatetime
    first_seen: str = Field(description="The same in civil time, Europe/London")
    last_seen_at: AwareDatetime
    count: int = Field(description="How often it was seen; the version that you act on")
    closed_at: AwareDatetime | None = None
    closed_why: str | None = None
    by_hand: bool = Field(description="Whether a person may close it")
    claimed_by: str | None = Field(None, description="Who has it: name and role; null: nobody")
    claimed_at: AwareDatetime | None = Field(None, description="Since when they have it")

    @classmethod
    def of(cls, desk: Desk, one: Wrong) -> "Incident":
        """From the ledger's row."""
        return cls(
            incident_id=one.incident_id,
            kind=one.kind,
            title=str(incident_title(one, desk)),
            cause=str(incident_cause(one)),
            subject=one.subject,
            first_seen_at=one.first_seen,
            first_seen=civil(one.first_seen),
            last_seen_at=one.last_seen,
            count=one.count,
            closed_at=one.closed_at,
            closed_why=one.closed_why,
            by_hand=one.by_hand,
            claimed_by=one.claimed_by,
            claimed_at=one.claimed_at,
        )


class Happened(BaseModel):
    """One row of a journey."""

    at: AwareDatetime
    when: str = Field(description="The same in civil time, Europe/London")
    kind: str = Field(description="message, delivery, attempt, move, refused, act, again, advice")
    who: str
    happened: str
    said: str = ""
    reference: str = Field("", description="The sender's, of the message that it happened to")
    stated_at: AwareDatetime | None = Field(
        None, description="When it happened by the word of who told it, where the hub heard later"
    )
    stated: str = Field("", description="The same in civil time, Europe/London")

    @classmethod
    def of(cls, one: Event) -> "Iterator[Happened]":
        """A row of the timeline, and each try of a delivery as one of its own."""
        reference = one.lane.reference if one.lane else one.about.reference if one.about else ""
        yield cls(
            at=one.at,
            when=civil(one.at),
            kind=one.kind.value,
            who=one.who,
            happened=sentence(one.parts),
            said=one.said,
            reference=reference,
            stated_at=one.stated,
            stated=civil(one.stated),
        )
        for tried in one.tries:
            yield cls(
                at=tried.at,
                when=civil(tried.at),
                kind="attempt",
                who=tried.who or one.who,
                happened=f"try {tried.number}: {tried.outcome}",
                said=tried.said,
                reference=reference,
            )
