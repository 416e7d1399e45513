"""What stopped is grouped by its cause, says who has it, and moves on only by a person's word."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Version, Visit, nothing_here
from hub.desk.shown.causes import Group, groups, what_to_do
from hub.desk.sight import delivery_facts, served
from hub.desk.whose import facts
from hub.ledger.read.failed import (
    Failed,
    attempts,
    delivery,
    held_messages,
    open_sheet,
    stuck_records,
    unread_parcels,
)
from hub.ledger.read.incidents import claimed
from hub.ledger.read.partners import State, states
from hub.ledger.read.redrives import Redrive, latest
from hub.ledger.read.stopped import causes, of_cause, stopped
from hub.ledger.read.timeline import attempted
from schemas.amend import why_not

router = APIRouter(include_in_schema=False)
FEW, MANY = 10, 50
"""Deliveries of a cause that are shown beside the others, and on a page of its own."""
MOST_CAUSES, TOGETHER = 12, 40
"""Causes that are shown with their deliveries, and how many of these there are together."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A cause with what to do and some of its deliveries."""

    cause: Group
    what_to_do: str
    rows: tuple[Failed, ...]
    has: tuple[str, ...] = ()
    """Who looks at it"""

    @property
    def more(self) -> int:
        """How many of it are not shown here."""
        return self.cause.count - len(self.rows)


@router.get("/failed")
def failed(visit: Reader, act: str = "") -> HTMLResponse:
    """Everything that only a person can move on."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        found = groups(causes(conn, visit.authorities))
        know, has = states(conn), claimed(conn)
        few = min(FEW, max(2, TOGETHER // max(len(found), 1)))
        shown = [
            Shown(
                one,
                _words(visit, one, know),
                tuple(_rows(visit, conn, one, most=few)),
                _has(has, one),
            )
            for one in found[:MOST_CAUSES]
        ]
        return visit.page(
            "failed.html",
            stopped=stopped(conn, visit.authorities),
            groups=shown,
            more_causes=found[MOST_CAUSES:],
            redrives=_redrives(visit, conn),
            unread=_unread(visit, conn),
            stuck=stuck_records(conn),
            held=held_messages(conn, visit.now - timedelta(days=2), visit.authorities),
            done=done_before(visit, conn, act),
        )


@router.get("/failed/{key}")
def cause(
    visit: Reader, key: str, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> HTMLResponse:
    """All that stopped for one cause, a page at a time."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        one = group_of(visit, conn, key)
        if one is None:
            return visit.page("cause.html", group=None)
        many = tuple(_rows(visit, conn, one, most=MANY, skip=(page - 1) * MANY))
        has = _has(claimed(conn), one)
        shown = Shown(one, _words(visit, one, states(conn)), many, has)
    return visit.page("cause.html", group=shown, number=page, first=(page - 1) * MANY)


def group_of(visit: Visit, conn: Connection, key: str) -> Group | None:
    """The cause of that name, as it stands now; None where nothing waits for it any more."""
    found = groups(causes(conn, visit.authorities))
    return next((one for one in found if one.key == key), None)


def _has(claims: dict[str, list[str]], one: Group) -> tuple[str, ...]:
    """Who looks at this cause, or at why its partner does not answer."""
    found = [*claims.get(one.key, ()), *claims.get(one.partner, ())]
    return tuple(dict.fromkeys(found))


def _rows(visit: Visit, conn: Connection, one: Group, most: int, skip: int = 0) -> list[Failed]:
    return of_cause(
        conn, one.partner, one.kind, one.reasons, visit.authorities, most=most, skip=skip
    )


def _words(visit: Visit, one: Group, know: Mapping[str, State]) -> str:
    return what_to_do(one, visit.desk.title(one.partner), know.get(one.partner))


def _redrives(visit: Visit, conn: Connection) -> list[Redrive]:
    found = latest(conn, visit.now - timedelta(days=1))
    return [one for one in found if one.concerns(visit.authorities)]


def _unread(visit: Visit, conn: Connection) -> dict[str, list[object]]:
    found: dict[str, list[object]] = defaultdict(list)
    for one in unread_parcels(conn, served(visit)):
        found[f"{visit.desk.title(one.partner)}: {one.reason or 'unreadable'}"].append(one)
    return dict(found)


@router.get("/delivery/{delivery_id}")
def one_delivery(visit: Reader, delivery_id: str, act: str = "") -> HTMLResponse:
    """One delivery that stopped, and what can be done."""
    with visit.desk.ledger.connect() as conn:
        one = delivery(conn, delivery_id)
        done = done_before(visit, conn, act)
        tries = [attempted(each) for each in attempts(conn, delivery_id)]
        sheet = open_sheet(conn, delivery_id)
    if one is None:
        raise nothing_here()
    about = delivery_facts(visit, one)
    visit.must(Action.SEE_ROAD, about)
    return visit.page(
        "delivery.html",
        one=one,
        done=done,
        tries=tries,
        sheet=sheet,
        may_retry=visit.may(Action.RETRY, about),
        may_repair=visit.may(Action.REPAIR, about),
        why_no_repair=why_not(one.type, one.sender),
        may_review=visit.may(Action.REVIEW, about),
        may_abandon=visit.may(Action.ABANDON, about),
        pressing=about.pressing,
    )


@router.post("/delivery/{delivery_id}/retry", response_model=None)
async def retry(
    visit: Actor,
    delivery_id: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
    as_new: Annotated[bool, Form()] = False,
) -> Response:
    """Sends it again: under the same reference, or as new where the first is known to be lost."""
    one = await asyncio.to_thread(_delivery, visit, delivery_id)
    by = visit.must(Action.RETRY, delivery_facts(visit, one))
    why = needs(reason, "Why it should go again")
    body = {"reason": why, "as_new": as_new}
    act = Act("delivery.retried", delivery_id, visit.person, by, one.authority, version, why, body)
    return await do(visit, act, f"/delivery/{delivery_id}")


@router.post("/delivery/{delivery_id}/review", response_model=None)
async def review(
    visit: Actor,
    delivery_id: str,
    say: Annotated[Literal["released", "withheld"], Form()],
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """A second person releases what the policy held, in its rendering, or withholds it."""
    one = await asyncio.to_thread(_delivery, visit, delivery_id)
    by = visit.must(Action.REVIEW, delivery_facts(visit, one))
    why = needs(reason, "Why")
    body = {"review": say, "reason": why}
    act = Act(
        "disclosure.reviewed", delivery_id, visit.person, by, one.authority, version, why, body
    )
    return await do(visit, act, f"/delivery/{delivery_id}")


@router.post("/delivery/{delivery_id}/abandon", response_model=None)
async def abandon(
    visit: Actor,
    delivery_id: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Gives it up; what is immediate or urgent only by a service manager, who then approves it."""
    one = await asyncio.to_thread(_delivery, visit, delivery_id)
    about = delivery_facts(visit, one)
    by = visit.must(Action.ABANDON, about)
    why = needs(reason, "Why it is given up", 10)
    body = {"reason": why}
    if about.pressing:
        body["approver"] = f"{visit.person.name}, {by.role.label}"
    act = Act(
        "delivery.abandoned", delivery_id, visit.person, by, one.authority, version, why, body
    )
    return await do(visit, act, f"/delivery/{delivery_id}")


@router.post("/stuck/{stuck_id}/retry", response_model=None)
async def unstick(
    visit: Actor, stuck_id: str, reason: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Has a stuck record tried once more."""
    by = visit.must(Action.UNSTICK)
    why = needs(reason, "Why it should be tried again")
    act = Act("stuck.retried", stuck_id, visit.person, by, None, 0, why, {"reason": why})
    return await do(visit, act, "/failed")


@router.post("/early/{message_id}/resolve", response_model=None)
async def resolve(
    visit: Actor,
    message_id: str,
    end: Annotated[Literal["proceed", "keep_waiting", "drop"], Form()],
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Settles an early message whose predecessor will not come."""
    one = await asyncio.to_thread(_held, visit, message_id)
    by = visit.must(Action.RESOLVE_EARLY, facts(visit.desk.directory, one))
    why = needs(reason, "What you found")
    body = {"end": end, "reason": why}
    act = Act("early.resolved", message_id, visit.person, by, one, 0, why, body)
    return await do(visit, act, "/failed")


@router.post("/match/{message_id}", response_model=None)
async def match(
    visit: Actor,
    message_id: str,
    case_ref: Annotated[str, Form(max_length=80)] = "",
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Says which case an uncertain child's message belongs to, or that it is a new one."""
    authority = await asyncio.to_thread(_held, visit, message_id)
    by = visit.must(Action.MATCH, facts(visit.desk.directory, authority))
    why = needs(reason, "On what ground you match it")
    body = {"case_ref": needs(case_ref, "The case, or `new`")}
    act = Act("case.matched", message_id, visit.person, by, authority, 0, why, body)
    return await do(visit, act, "/failed")


def _delivery(visit: Visit, delivery_id: str) -> Failed:
    with visit.desk.ledger.connect() as conn:
        found = delivery(conn, delivery_id)
    if found is None:
        raise nothing_here()
    return found


def _held(visit: Visit, message_id: str) -> str:
    """The authority of a message that waits for a person."""
    with visit.desk.ledger.connect() as conn:
        found = held_messages(conn, visit.now - timedelta(days=30), visit.authorities)
    for one in found:
        if one.message_id == message_id:
            return one.authority
    raise nothing_here()
