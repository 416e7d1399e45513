"""What the door's OpenAPI says beyond what its code shows: bodies, examples and every answer."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from connectors.formats.hub_json import Message

TITLE = "Front Door Hub: the door for partners"
VERSION = "1"

KEY = (
    "The reference of a message that has none of its own: a resend carries the same. A message"
    " with a `reference` is known by that, whatever stands here"
)

_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What must be mended, by whom"},
        "place": {"type": "string", "description": "Where in what you sent"},
    },
}


def _fails(description: str, detail: str, status: int, **more: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": description, "status": status, "detail": detail}
    content = {"application/problem+json": {"schema": _PROBLEM, "example": example | more}}
    return {"description": description, "content": content}


_SCHEMAS = "#/components/schemas/"
_ONE = {"$ref": f"{_SCHEMAS}{Message.__name__}"}

POST_DOCS: dict[str, Any] = {
    "summary": "Hand over one parcel",
    "tags": ["messages"],
    "responses": {
        202: {
            "description": "The hub owns it. A resend under the same `reference` is harmless",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["reference", "messages"],
                        "properties": {
                            "reference": {
                                "type": ["string", "null"],
                                "description": "By which a resend is known: the messages' own, or"
                                " the Idempotency-Key; null where messages have several",
                            },
                            "messages": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                    "example": {
                        "reference": "YOUR-2026-000117",
                        "messages": ["6f6b4c1e-6a52-5c39-9d0b-0a2d7c1f4e11"],
                    },
                }
            },
        },
        400: _fails("Not understood", "at most 255 characters", 400, place="Idempotency-Key"),
        401: _fails(
            "Who is calling?",
            "show the bearer token or the client certificate agreed for this partner",
            401,
        ),
        408: _fails("Too slow", "the whole body is awaited for 60 s", 408),
        413: _fails("Too large", "at most 16 MiB are taken here", 413),
        415: _fails("Another media type is spoken here", "send application/json", 415),
        422: _fails("This must be mended", "not a date", 422, place="child.date_of_birth"),
        429: _fails("Too much at once", "more is being sent than the hub can take in", 429),
        503: _fails("Cannot be taken now", "cannot be taken now; send it again", 503),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "description": "One parcel in the format agreed with you",
            "content": {
                "application/vnd.front-door-hub+json": {
                    "schema": {
                        "anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1}],
                    },
                    "example": {
                        "type": "handover.response",
                        "reference": "YOUR-2026-000117",
                        "occurred_at": "2026-03-02T07:40:00Z",
                        "answers": "0f2f7a1e-6a3a-5d5c-9a58-0c5a5d0c7e11",
                        "body": {
                            "answers": "0f2f7a1e-6a3a-5d5c-9a58-0c5a5d0c7e11",
                            "response": "accepted",
                            "at": "2026-03-02T07:40:00Z",
                            "by": {"name": "Fenella Larkhollow", "role": "Team manager"},
                        },
                    },
                }
            },
        },
    },
}


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI of the door, with the shape of a message as the hub's own format reads it."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        said = plain()
        template = f"{_SCHEMAS}{{model}}"
        _, shapes = models_json_schema([(Message, "validation")], ref_template=template)
        known = said.setdefault("components", {}).setdefault("schemas", {})
        known |= shapes["$defs"]
        return said

    return openapi
