"""What a person does with a button a program does with a call: by the same function, under the same rules."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, create_model

from hub.desk.api.caller import Caller
from hub.desk.api.problems import fails
from hub.desk.doing import Outcome
from hub.desk.pages import (
    calls,
    conflicts,
    custody,
    failed,
    inbox,
    incidents,
    notices,
    parcels,
    partners,
    redrives,
)


@dataclass(frozen=True)
class Offered:
    """A button of a page: its module and address there, its address here, and what it does."""

    page: Any
    button: str
    path: str
    summary: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """What the path says on the page and its name says here"""


_MESSAGE, _DELIVERY = "/message/{message_id}", "/delivery/{delivery_id}"
OFFERED = (
    Offered(inbox, f"{_MESSAGE}/answer", "/messages/{message_id}/answer",
            "Accept, ask a question, or refuse with a reason"),
    Offered(inbox, f"{_MESSAGE}/reply", "/messages/{message_id}/reply",
            "Answer the question that its receiver asked"),
    Offered(inbox, f"{_MESSAGE}/withdraw", "/messages/{message_id}/withdraw",
            "Take back what you sent, while nobody holds it"),
    Offered(custody, f"{_MESSAGE}/start", "/messages/{message_id}/start", "Begin what you hold"),
    Offered(custody, f"{_MESSAGE}/complete", "/messages/{message_id}/complete",
            "Complete what you hold"),
    Offered(custody, f"{_MESSAGE}/pass-on", "/messages/{message_id}/pass-on",
            "Pass on what you hold; you hold it until somebody there accepts"),
    Offered(custody, f"{_MESSAGE}/take-back", "/messages/{message_id}/take-back",
            "Take back what you passed on"),
    Offered(custody, f"{_MESSAGE}/keep", "/messages/{message_id}/keep", "Keep what was refused"),
    Offered(custody, f"{_MESSAGE}/send-on", "/messages/{message_id}/send-on",
            "Send what was refused to somebody else"),
    Offered(notices, f"{_MESSAGE}/told", "/messages/{message_id}/told",
            "Say whom you told what a notice says, where it does not reach its referrer"),
    Offered(conflicts, f"{_MESSAGE}/clear", "/messages/{message_id}/clear",
            "Say which of two under one reference stands"),
    Offered(failed, f"{_DELIVERY}/retry", "/deliveries/{delivery_id}/retry", "Try it again"),
    Offered(failed, f"{_DELIVERY}/review", "/deliveries/{delivery_id}/review",
            "Release or withhold what the disclosure policy held"),
    Offered(failed, f"{_DELIVERY}/abandon", "/deliveries/{delivery_id}/abandon", "Give it up"),
    Offered(calls, "/calls/{delivery_id}/taken", "/calls/{delivery_id}/taken",
            "Note who took a call"),
    Offered(parcels, "/parcel/{parcel_id}/claim", "/parcels/{parcel_id}/claim",
            "Look after an unread parcel"),
    Offered(incidents, "/incidents/{incident_id}/claim", "/incidents/{incident_id}/claim",
            "Take an incident: others see that you look at it"),
    Offered(incidents, "/incidents/{incident_id}/release", "/incidents/{incident_id}/release",
            "Look at an incident no more"),
    Offered(redrives, "/redrives/{redrive_id}/stop", "/redrives/{redrive_id}/stop",
            "Stop what is being tried again in bulk"),
    Offered(incidents, "/incidents/{incident_id}/close", "/incidents/{incident_id}/close",
            "Close an incident, with a reason"),
    Offered(redrives, "/failed/retry", "/redrives",
            "Try again what stopped for one cause; the act's id is its number"),
    Offered(failed, "/stuck/{stuck_id}/retry", "/stuck/{stuck_id}/retry",
            "Have a stuck record tried once more"),
    Offered(failed, "/early/{message_id}/resolve", "/messages/{message_id}/resolve",
            "Settle an early message: proceed, keep_waiting or drop"),
    Offered(failed, "/match/{message_id}", "/messages/{message_id}/match",
            "Say which case an uncertain child's message belongs to, or `new`"),
    Offered(parcels, "/parcel/{parcel_id}/close", "/parcels/{parcel_id}/close",
            "End an unread parcel's entry; its bytes are erased"),
    Offered(partners, "/partners/{name}/{what}", "/partners/{name}/test",
            "Have a partner's connection tested by the edge that speaks with it", {"what": "test"}),
    Offered(partners, "/partners/{name}/{what}", "/partners/{name}/pause",
            "Send a partner nothing for now", {"what": "pause"}),
    Offered(partners, "/partners/{name}/{what}", "/partners/{name}/resume",
            "Let a partner go on", {"what": "resume"}),
)  # fmt: skip


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("the character U+0000 is no text")
    return text


def body_of(route: APIRoute, name: str) -> type[BaseModel]:
    """What the form of a button carries, as an object."""
    carried: dict[str, Any] = {}
    for one in route.dependant.body_params:
        told = one.field_info
        rules = (*told.metadata, *((AfterValidator(_no_nul),) if told.annotation is str else ()))
        if told.annotation is datetime:
            rules = (*rules, Strict(False))  # A program writes an instant as text.
        kind = Annotated[told.annotation, *rules] if rules else told.annotation
        default = ... if told.is_required() else told.default
        examples = [_EXAMPLES[one.name]] if one.name in _EXAMPLES else None
        field = Field(default, description=_SAID.get(one.name), examples=examples)
        carried[one.name] = (kind, field)
    config = ConfigDict(extra="forbid", strict=True)
    return create_model(name, __config__=config, **carried)


_SAID = {
    "version": "The version that you saw; the ledger refuses (409) where it has moved on",
    "journey": "Whose custody it is, where each receiver has its own",
    "reason": "Why; read by everybody who sees it",
    "say": "What you say to it",
    "to": "A partner, by its name in the hub",
    "key": "Of the cause, as `/deliveries/failed/causes` names it",
    "as_of": "As of which the causes were read: what stops later stays",
    "delivery": "The deliveries that are meant, where `which` is chosen",
    "case_ref": "The case that it belongs to, or `new`",
}
_EXAMPLES: Mapping[str, Any] = {
    "reason": "They mended it, says their service desk",
    "version": 3,
    "key": "9f2c51d07a8be344",
    "as_of": "2026-11-23T16:42:00Z",
    "which": "all",
    "case_ref": "new",
    "name": "Idris Example",
    "role": "duty manager",
    "text": "Who holds the aunt's number?",
}


def _called(route: APIRoute, offered: Offered) -> Callable[..., Awaitable[Response]]:
    """The button's own function, with what a call carries for what its form would."""
    name = "".join(part.capitalize() for part in _name(offered).split("_"))
    body = body_of(route, name)
    paths = [one.name for one in route.dependant.path_params if one.name not in offered.fixed]

    async def call(**given: Any) -> Response:
        said: BaseModel = given.pop("body")
        shown = {one: getattr(said, one) for one in type(said).model_fields}
        done: Response = await route.endpoint(**given, **offered.fixed, **shown)
        return done

    kind = inspect.Parameter.KEYWORD_ONLY
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("visit", kind, annotation=Caller),
            *(inspect.Parameter(one, kind, annotation=str) for one in paths),
            inspect.Parameter("body", kind, annotation=body),
        ]
    )
    return call


def _name(offered: Offered) -> str:
    """`messages_answer`."""
    parts = [one for one in offered.path.split("/") if one and not one.startswith("{")]
    return "_".join(parts).replace("-", "_")


def acts_router() -> APIRouter:
    """Every act that is offered."""
    router = APIRouter(tags=["acts"])
    for one in OFFERED:
        buttons = [
            route
            for route in one.page.router.routes
            if isinstance(route, APIRoute)
            and route.path == one.button
            and "POST" in (route.methods or ())
        ]
        router.add_api_route(
            one.path,
            _called(buttons[0], one),
            methods=["POST"],
            summary=one.summary,
            operation_id=_name(one),
            response_model=Outcome,
            responses={
                202: {
                    "description": "Not confirmed: the ledger has not answered after 2 s. "
                    "Ask for the act before you count on it or send it once more",
                    "model": Outcome,
                },
                413: {
                    "description": "At most 256 KiB are taken here",
                    "content": {"text/plain": {}},
                },
                **fails(400, 401, 403, 404, 409, 422, 503),
            },
        )
    return router
