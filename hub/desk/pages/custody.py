"""Whoever holds something moves it on here, and the page says who holds it whatever the answer.

Begin, complete, pass on; and where it was refused, keep it or send it to somebody else.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.desk.access import Action
from hub.desk.acts import Act
from hub.desk.doing import do, needs, to_act_on
from hub.desk.frame import Actor, Version, Visit

router = APIRouter(include_in_schema=False)

Journey = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=400)]


@router.post("/message/{message_id}/start", response_model=None)
async def start(
    visit: Actor, message_id: str, journey: Journey = "", version: Version = 0
) -> Response:
    """Its holder says that they work on it."""
    return await _act(visit, message_id, "handover.started", Action.BEGIN, journey, version)


@router.post("/message/{message_id}/complete", response_model=None)
async def complete(
    visit: Actor,
    message_id: str,
    journey: Journey = "",
    version: Version = 0,
    reason: Words = "",
) -> Response:
    """It is finished and leaves the list of what is held."""
    return await _act(
        visit, message_id, "handover.completed", Action.FINISH, journey, version, reason.strip()
    )


@router.post("/message/{message_id}/pass-on", response_model=None)
async def pass_on(
    visit: Actor,
    message_id: str,
    to: Annotated[str, Form(max_length=200)] = "",
    meant_for: Annotated[str, Form(max_length=200)] = "",
    journey: Journey = "",
    version: Version = 0,
    reason: Words = "",
) -> Response:
    """It goes to somebody else, and stays with its holder until they accept."""
    chosen = needs(to, "Who gets it", 1)
    why = needs(reason, "Why you pass it on")
    return await _act(
        visit,
        message_id,
        "handover.reassigned",
        Action.REASSIGN,
        journey,
        version,
        why,
        to=chosen,
        meant_for=meant_for.strip() or None,
    )


@router.post("/message/{message_id}/take-back", response_model=None)
async def take_back(
    visit: Actor,
    message_id: str,
    journey: Journey = "",
    version: Version = 0,
    reason: Words = "",
) -> Response:
    """Passed on and accepted by nobody there, it goes back to who passed it on."""
    why = needs(reason, "Why you take it back")
    return await _act(visit, message_id, "handover.recalled", Action.RECALL, journey, version, why)


@router.post("/message/{message_id}/keep", response_model=None)
async def keep(
    visit: Actor,
    message_id: str,
    journey: Journey = "",
    version: Version = 0,
    reason: Words = "",
) -> Response:
    """Refused, it stays with who sent it or passed it on."""
    why = needs(reason, "Why it is kept")
    return await _act(visit, message_id, "handover.kept", Action.PLACE, journey, version, why)


@router.post("/message/{message_id}/send-on", response_model=None)
async def send_on(
    visit: Actor,
    message_id: str,
    to: Annotated[str, Form(max_length=200)] = "",
    journey: Journey = "",
    version: Version = 0,
    reason: Words = "",
) -> Response:
    """Refused, it goes to another receiver."""
    chosen = needs(to, "Who gets it", 1)
    why = needs(reason, "Why they should take it")
    return await _act(
        visit, message_id, "handover.rerouted", Action.PLACE, journey, version, why, to=chosen
    )


async def _act(
    visit: Visit,
    message_id: str,
    type: str,
    action: Action,
    journey: str,
    version: int,
    why: str = "",
    **more: Any,
) -> Response:
    one, by = await asyncio.to_thread(to_act_on, visit, message_id, action, journey)
    body = {"partner": one.receiver, **({"reason": why} if why else {}), **more}
    act = Act(type, message_id, visit.person, by, one.authority, version, why, body)
    return await do(visit, act, f"/message/{message_id}")
