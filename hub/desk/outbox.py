"""A partner that collects gets each message's own rendering as often as it asks, until it confirms it.

No body leaves before Kafka has it that it is handed out; it counts as delivered by the partner's
own word alone, because an answer may be lost on its way.
"""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection

from connectors.base import TryAgain
from connectors.formats import make_format
from connectors.secrets import every, is_one_of
from connectors.transports.outbox import OutboxSettings
from hub.broker import Unable
from hub.desk import acts
from hub.desk.content import rendering
from hub.desk.desk import Desk
from hub.desk.frame import desk_of
from hub.ledger.content import Erased, addressed, open_content
from hub.ledger.read.answered import answered
from hub.ledger.read.outbox import Offered, held, is_free, offered, paused
from hub.partners import Partner
from schemas.envelope import AckLevel, Envelope

router = APIRouter(prefix="/v1/outbox", tags=["outbox"])

Name = Annotated[str, Path(description="The partner's name in the hub")]
Bearer = Annotated[str, Header(description="`Bearer` and the partner's token")]


class Entry(BaseModel):
    """One message that can be collected; it says nothing of its content."""

    delivery_id: str = Field(
        description="Collect it at /v1/outbox/{partner}/{delivery_id}, then confirm it by PUT at"
        " /v1/outbox/{partner}/{delivery_id}/received"
    )
    reference: str = Field(description="The same at every attempt: know repeats by it")
    type: str
    priority: str
    offered_at: AwareDatetime
    due_at: AwareDatetime | None = None


class Waiting(BaseModel):
    """What waits, in the order in which it must be read."""

    deliveries: list[Entry]


@router.get("/{partner}")
def waiting(
    request: Request,
    partner: Name,
    authorization: Bearer = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Waiting:
    """Lists what is not confirmed so far, urgent first and each child's messages in their order."""
    desk = desk_of(request)
    _known(desk, partner, authorization)
    with desk.ledger.connect() as conn:
        stopped = paused(conn, partner)
        found = [] if stopped else offered(conn, partner, "outbox", limit)
    return Waiting(
        deliveries=[
            Entry(
                delivery_id=one.delivery_id,
                reference=one.reference,
                type=one.type,
                priority=one.priority,
                offered_at=one.created_at,
                due_at=one.due_at,
            )
            for one in found
        ]
    )


@router.get(
    "/{partner}/{delivery_id}",
    response_class=Response,
    responses={
        200: {"description": "The message, in the partner's own format"},
        404: {"description": "Nothing is offered to this partner under that id"},
        503: {"description": "It could not be kept that it leaves, so nothing does: try again"},
    },
)
async def collect(
    request: Request, partner: Name, delivery_id: str, authorization: Bearer = ""
) -> Response:
    """Hands a message out, and again as often as it is asked for. Once you have it, confirm it."""
    desk = desk_of(request)
    known = await asyncio.to_thread(_known, desk, partner, authorization)
    one, body, media_type = await asyncio.to_thread(_written, desk, known, delivery_id)
    if one.state == "offered" and AckLevel(one.level_reached) is AckLevel.NONE:
        await _told(desk, one, AckLevel.TRANSPORT)
    names = {"Hub-Reference": one.reference, "Hub-Type": one.type, "Hub-Priority": one.priority}
    return Response(body, 200, names | {"Cache-Control": "no-store"}, media_type)


@router.put(
    "/{partner}/{delivery_id}/received",
    status_code=204,
    response_class=Response,
    responses={
        204: {"description": "It counts as delivered, and is not listed any more"},
        404: {"description": "Nothing is offered to this partner under that id"},
        503: {"description": "The confirmation could not be kept: try again"},
    },
)
async def confirm(
    request: Request, partner: Name, delivery_id: str, authorization: Bearer = ""
) -> Response:
    """Says that you have stored a message that you collected. Saying it again does no harm."""
    desk = desk_of(request)
    known = await asyncio.to_thread(_known, desk, partner, authorization)
    one = await asyncio.to_thread(_theirs, desk, known, delivery_id)
    if one.state == "offered":
        await _told(desk, one, AckLevel.RECEIVED)
    return Response(status_code=204)


async def _told(desk: Desk, one: Offered, level: AckLevel) -> None:
    """Returns once Kafka has the receipt."""
    attempt = (one.delivery_id, one.attempt)
    told = acts.receipt(desk.keys, desk.settings.instance, one.partner, attempt, None, level)
    try:
        await desk.road.publish([told])
    except Unable:
        why = "the receipt could not be kept, so nothing is handed over"
        raise HTTPException(503, why, {"Retry-After": "5"}) from None


def _known(desk: Desk, name: str, authorization: str) -> Partner:
    """The partner that shows its own token; the same refusal whatever was wrong."""
    refused = HTTPException(401, "show this partner's token", {"WWW-Authenticate": "Bearer"})
    partner = desk.directory.get(name)
    given = partner.transport.get("token") if partner else None
    if partner is None or partner.transport.get("kind") != "outbox" or given is None:
        raise refused
    try:
        tokens = every(OutboxSettings.model_validate({"token": given}).token)
    except TryAgain:
        raise HTTPException(503, "the token cannot be checked now", {"Retry-After": "60"}) from None
    scheme, _, shown = authorization.partition(" ")
    if scheme.lower() != "bearer" or not is_one_of(shown, tokens):
        raise refused
    return partner


def _theirs(desk: Desk, partner: Partner, delivery_id: str) -> Offered:
    with desk.ledger.connect() as conn:
        return _offered(conn, partner, delivery_id)


def _offered(conn: Connection, partner: Partner, delivery_id: str) -> Offered:
    """A delivery that is this partner's to collect, or was."""
    one = held(conn, delivery_id)
    if one is None or one.partner != partner.partner or one.transport != "outbox":
        raise HTTPException(404, "nothing is offered under that id")
    if one.state not in ("offered", "delivered"):
        raise HTTPException(404, "nothing is offered under that id")
    return one


def _written(desk: Desk, partner: Partner, delivery_id: str) -> tuple[Offered, bytes, str]:
    with desk.ledger.connect() as conn:
        if paused(conn, partner.partner):
            raise HTTPException(503, "nothing is handed over for now", {"Retry-After": "60"})
        one = _offered(conn, partner, delivery_id)
        if one.state == "offered" and not is_free(conn, delivery_id):
            raise HTTPException(409, "an earlier message about the same child comes first")
        try:
            envelope, whole = open_content(conn, desk.keys, one.message_id)
            body: dict[str, Any] | None = rendering(desk, conn, delivery_id)
            to = (one.message_id, partner.partner)
            envelope["answers"] = answered(conn, [to]).get(to)
        except (Erased, LookupError):
            raise HTTPException(410, "its content was erased") from None
    told = Envelope.model_validate_json(
        orjson.dumps(addressed(envelope, one.case_ref, one.policy, one.due_at))
    )
    out = make_format(partner.format).write(told, whole if body is None else body, one.reference)
    return one, out.body, out.media_type
