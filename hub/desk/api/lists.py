"""What waits for a person is listed for programs as for people, by pages, and can be narrowed."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from hub.desk.access import Action
from hub.desk.api.caller import Caller
from hub.desk.api.problems import fails
from hub.desk.frame import nothing_here
from hub.desk.pages.calls import to_ring, whom
from hub.desk.pages.redrives import seen
from hub.desk.shown.causes import groups, what_to_do
from hub.desk.shown.paged import Place, newest, page
from hub.desk.shown.told import Stopped
from hub.desk.sight import parcel_facts, served
from hub.ledger.read.failed import (
    Failed,
    Held,
    Unread,
    failed_deliveries,
    held_messages,
    parcel,
    stuck_records,
    unread_parcels,
)
from hub.ledger.read.partners import states
from hub.ledger.read.redrives import Redrive, fates, latest, refused
from hub.ledger.read.stopped import causes

router = APIRouter(tags=["read"], responses=fails(400, 401, 403, 404, 422, 503))
Name = Annotated[str, Path(max_length=200)]
After = Annotated[str, Query(max_length=300, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
Only = Annotated[str, Query(max_length=200)]
MOST = 10_000
"""Rows that are looked through for one page."""


class Failures(BaseModel):
    """Deliveries that a person must decide on, newest first."""

    deliveries: list[Stopped]
    number: int = Field(description="Of all, on this page and behind it")
    next: str | None = Field(description="Show it as `after`; null: no more")


class Cause(BaseModel):
    """Deliveries that stopped at one partner for one cause."""

    key: str = Field(description="Show it when you try them again")
    partner: str
    kind: str = Field(description="refused, spent, unknown, review, called_off")
    cause: str
    what_to_do: str
    count: int
    first_at: AwareDatetime
    last_at: AwareDatetime


class Causes(BaseModel):
    """What stopped, by cause, newest first."""

    causes: list[Cause]
    as_of: AwareDatetime = Field(
        description="Show it when you try them again: what stops later stays"
    )


class Bulk(BaseModel):
    """Deliveries that are tried again together, and how far that is."""

    redrive_id: str
    partner: str
    cause: str
    reason: str
    who: str
    started_at: AwareDatetime
    total: int
    sent: int
    refused: int
    left: int
    stopped_by: str | None
    ended_at: AwareDatetime | None

    @classmethod
    def of(cls, one: Redrive) -> "Bulk":
        """From the ledger's row."""
        return cls(
            redrive_id=one.redrive_id,
            partner=one.partner,
            cause=one.cause,
            reason=one.reason,
            who=one.who,
            started_at=one.started_at,
            total=one.total,
            sent=one.done,
            refused=one.refused,
            left=one.left,
            stopped_by=one.stopped_by,
            ended_at=one.ended_at,
        )


class NotSent(BaseModel):
    """A delivery that the ledger did not send again, and why."""

    delivery_id: str
    reference: str
    why: str


class BulkWhole(Bulk):
    """With what became of those that were sent again, and what was refused, the first hundred."""

    delivered: int
    failed_again: int
    waiting: int = Field(description="Not gone out so far: these stay here when it is stopped")
    gone_out: int = Field(description="Gone out, and not answered so far")

    refusals: list[NotSent]


class Bulks(BaseModel):
    """What was tried again in bulk in the last day, newest first."""

    redrives: list[Bulk]


class Waits(BaseModel):
    """A message that waits for a person: early, ambiguous, parked, or in conflict."""

    message_id: str
    reference: str
    type: str
    sender: str
    state: str = Field(examples=["early"])
    waits_for: str | None = Field(description="What an early one answers, by its sender's words")
    conflict_of: str | None
    priority: str
    recorded_at: AwareDatetime
    case: str
    authority: str


class Waiting(BaseModel):
    """Messages that wait for a person, newest first."""

    messages: list[Waits]
    number: int
    next: str | None


class Stuck(BaseModel):
    """A record that could not be recorded alone."""

    stuck_id: str
    topic: str
    partition: int
    offset: int
    reason: str
    at: AwareDatetime


class StuckOnes(BaseModel):
    """Records that wait to be tried once more, newest first."""

    stuck: list[Stuck]


class Parcel(BaseModel):
    """Bytes that nobody could read, without the bytes."""

    parcel_id: str
    partner: str
    reference: str | None
    media_type: str
    size: int
    state: str = Field(description="unreadable, closed, or accepted as somebody corrected it")
    reason: str | None
    place: str | None
    received_at: AwareDatetime
    keep_until: AwareDatetime | None
    claimed_by: str | None
    closed_why: str | None
    corrects: str | None
    corrected_by: str | None

    @classmethod
    def of(cls, one: Unread) -> "Parcel":
        """From the ledger's row."""
        return cls(**{name: getattr(one, name) for name in cls.model_fields})


class Parcels(BaseModel):
    """Bytes that nobody could read and that are still open, newest first."""

    parcels: list[Parcel]
    number: int
    next: str | None


class Sheet(BaseModel):
    """Whom to ring, and what for."""

    delivery_id: str = Field(description="Of the call; show it when it was taken")
    message_id: str
    reference: str
    type: str
    partner: str
    who: str
    phone: str
    priority: str
    reason: str
    due_at: AwareDatetime | None
    version: int


class Sheets(BaseModel):
    """Calls that nobody has taken, most pressing first."""

    calls: list[Sheet]
    number: int = Field(description="Of all, on this page and behind it")
    next: str | None = Field(description="Show it as `after`; null: no more")


def _newest(one: Failed) -> Place:
    return newest(one.changed_at, one.delivery_id)


def _latest(one: Held) -> Place:
    return newest(one.recorded_at, one.message_id)


def _came(one: Unread) -> Place:
    return newest(one.received_at, one.parcel_id)


@router.get("/deliveries/failed")
def failures(
    visit: Caller,
    partner: Only = "",
    type: Only = "",
    state: Only = "",
    after: After = "",
    limit: Limit = 200,
) -> Failures:
    """Deliveries that only a person can move on."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = failed_deliveries(conn, visit.authorities, MOST)
    wanted = [
        one
        for one in found
        if partner in ("", one.partner) and type in ("", one.type) and state in ("", one.state)
    ]
    shown = page(wanted, _newest, after, limit)
    return Failures(
        deliveries=[Stopped.of(one) for one in shown.rows],
        number=shown.number,
        next=shown.next or None,
    )


@router.get("/deliveries/failed/causes")
def by_cause(visit: Caller, partner: Only = "") -> Causes:
    """What stopped, by its cause, and what to do about each."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = groups(causes(conn, visit.authorities))
        know = states(conn)
    told = [
        Cause(
            key=one.key,
            partner=one.partner,
            kind=one.kind,
            cause=one.words,
            what_to_do=what_to_do(one, visit.desk.title(one.partner), know.get(one.partner)),
            count=one.count,
            first_at=one.first,
            last_at=one.last,
        )
        for one in found
        if partner in ("", one.partner)
    ]
    return Causes(causes=told, as_of=visit.now)


@router.get("/redrives")
def redrives(visit: Caller) -> Bulks:
    """What is, and was lately, tried again in bulk."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = latest(conn, visit.now - timedelta(days=1))
    return Bulks(redrives=[Bulk.of(one) for one in found if one.concerns(visit.authorities)])


@router.get("/redrives/{redrive_id}")
def redrive(visit: Caller, redrive_id: Name) -> BulkWhole:
    """How far one of them is; 404 before the ledger has it."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        one = seen(visit, conn, redrive_id)
        if one is None:
            raise nothing_here()
        left = refused(conn, redrive_id, visit.authorities)
        went = fates(conn, redrive_id)
    told = [NotSent(delivery_id=i.delivery_id, reference=i.reference, why=i.answer) for i in left]
    return BulkWhole(
        **Bulk.of(one).model_dump(),
        refusals=told,
        delivered=went.delivered,
        failed_again=went.failed,
        waiting=went.waiting,
        gone_out=went.out,
    )


@router.get("/held")
def held(visit: Caller, state: Only = "", after: After = "", limit: Limit = 50) -> Waiting:
    """Messages whose journey goes on only when somebody says how."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = held_messages(conn, visit.now - timedelta(days=2), visit.authorities, MOST)
    shown = page([one for one in found if state in ("", one.state)], _latest, after, limit)
    return Waiting(
        messages=[_waits(one) for one in shown.rows], number=shown.number, next=shown.next or None
    )


def _waits(one: Held) -> Waits:
    same = {name: getattr(one, name) for name in Waits.model_fields if hasattr(one, name)}
    return Waits(**same, sender=one.partner, case=one.case_ref)


@router.get("/stuck")
def stuck(visit: Caller) -> StuckOnes:
    """Records that failed alone."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = stuck_records(conn)
    return StuckOnes(
        stuck=[Stuck(**{name: getattr(one, name) for name in Stuck.model_fields}) for one in found]
    )


@router.get("/parcels")
def parcels(visit: Caller, partner: Only = "", after: After = "", limit: Limit = 50) -> Parcels:
    """Bytes that nobody could read."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = unread_parcels(conn, served(visit), MOST)
    shown = page([o for o in found if partner in ("", o.partner)], _came, after, limit)
    return Parcels(
        parcels=[Parcel.of(one) for one in shown.rows],
        number=shown.number,
        next=shown.next or None,
    )


@router.get("/parcels/{parcel_id}")
def one_parcel(visit: Caller, parcel_id: Name) -> Parcel:
    """One of them, open or closed."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = parcel(conn, parcel_id)
    if found is None or not visit.may(Action.SEE_ROAD, parcel_facts(visit, found)):
        raise nothing_here()
    return Parcel.of(found)


@router.get("/calls")
def calls(visit: Caller, after: After = "", limit: Limit = 50) -> Sheets:
    """Whom to ring now."""
    visit.must(Action.TAKE_CALL)
    with visit.desk.ledger.connect() as conn:
        found = to_ring(visit, conn, after, limit)
    told = []
    for one in found.rows:
        there = whom(visit, one)
        same = {name: getattr(one, name) for name in Sheet.model_fields if hasattr(one, name)}
        told.append(Sheet(**same | {"who": there["who"], "phone": there["phone"]}))
    return Sheets(calls=told, number=found.number, next=found.next or None)
