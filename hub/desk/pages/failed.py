"""What stopped is grouped by its cause, says who has it, and moves on only by a person's word."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from hub.desk.access import Action, Facts
from hub.desk.acts import Act
from hub.desk.doing import do, done_before, needs
from hub.desk.frame import Actor, Reader, Stop, Version, Visit, nothing_here
from hub.desk.whose import facts
from hub.ledger.read.failed import (
    Failed,
    delivery,
    failed_deliveries,
    held_messages,
    stuck_records,
    unread_parcels,
)

router = APIRouter(include_in_schema=False)


@dataclass
class Group:
    """Deliveries that stopped for one cause."""

    cause: str
    partner: str
    rows: list[Failed] = field(default_factory=list)


def groups(visit: Visit, found: list[Failed]) -> list[Group]:
    """By partner and cause, newest cause first."""
    made: dict[tuple[str, str], Group] = {}
    for one in found:
        cause = one.reason or "no reason was given"
        key = (one.partner, cause)
        made.setdefault(key, Group(cause, visit.desk.title(one.partner))).rows.append(one)
    return list(made.values())


def known(visit: Visit, one: Failed) -> Facts:
    """What access to a delivery turns on."""
    return facts(visit.desk.directory, one.authority, priority=one.priority)


@router.get("/failed")
def failed(visit: Reader, act: str = "") -> HTMLResponse:
    """Everything that only a person can move on."""
    visit.must(Action.SEE_ROAD)
    with visit.desk.ledger.connect() as conn:
        stopped = groups(visit, failed_deliveries(conn, visit.authorities))
        return visit.page(
            "failed.html",
            groups=stopped,
            unread=_unread(visit, conn),
            stuck=stuck_records(conn),
            held=held_messages(conn, visit.now - timedelta(days=2), visit.authorities),
            done=done_before(visit, conn, act),
        )


def _unread(visit: Visit, conn: Connection) -> dict[str, list[object]]:
    found: dict[str, list[object]] = defaultdict(list)
    for one in unread_parcels(conn):
        found[f"{visit.desk.title(one.partner)}: {one.reason or 'unreadable'}"].append(one)
    return dict(found)


@router.get("/delivery/{delivery_id}")
def one_delivery(visit: Reader, delivery_id: str, act: str = "") -> HTMLResponse:
    """One delivery that stopped, and what can be done."""
    with visit.desk.ledger.connect() as conn:
        one = delivery(conn, delivery_id)
        done = done_before(visit, conn, act)
    if one is None:
        raise nothing_here()
    about = known(visit, one)
    visit.must(Action.SEE_ROAD, about)
    return visit.page(
        "delivery.html",
        one=one,
        done=done,
        may_retry=visit.may(Action.RETRY, about),
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
    by = visit.must(Action.RETRY, known(visit, one))
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
    by = visit.must(Action.REVIEW, known(visit, one))
    why = needs(reason, "Why")
    body = {"review": say, "reason": why}
    act = Act(
        "disclosure.reviewed", delivery_id, visit.person, by, one.authority, version, why, body
    )
    return await do(visit, act, f"/delivery/{delivery_id}")


@router.post("/failed/retry", response_model=None)
async def retry_many(
    visit: Actor,
    delivery: Annotated[list[str], Form()],
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Sends the chosen ones again, each as an act of its own; the first refusal stops the rest."""
    why = needs(reason, "Why they should go again")
    response: Response | None = None
    for delivery_id in dict.fromkeys(delivery[:200]):
        one = await asyncio.to_thread(_delivery, visit, delivery_id)
        by = visit.must(Action.RETRY, known(visit, one))
        body = {"reason": why, "as_new": False}
        act = Act(
            "delivery.retried",
            delivery_id,
            visit.person,
            by,
            one.authority,
            one.version,
            why,
            body,
        )
        response = await do(visit, act, "/failed")
    if response is None:
        raise Stop(400, "Nothing was chosen", "Tick the deliveries that should go again.")
    return response


@router.post("/delivery/{delivery_id}/abandon", response_model=None)
async def abandon(
    visit: Actor,
    delivery_id: str,
    version: Version = 0,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Gives it up; what is immediate or urgent only by a service manager, who then approves it."""
    one = await asyncio.to_thread(_delivery, visit, delivery_id)
    about = known(visit, one)
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
