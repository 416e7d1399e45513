"""What the door's OpenAPI says beyond what its code shows: bodies, examples and every answer."""

from typing import Any

TITLE = "Front Door Hub: the door for partners"
VERSION = "1"

_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457)",
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


POST_DOCS: dict[str, Any] = {
    "summary": "Hand over one parcel",
    "tags": ["messages"],
    "responses": {
        202: {
            "description": "The hub owns it. A resend under the same Idempotency-Key is harmless",
            "content": {
                "application/json": {
                    "example": {
                        "reference": "YOUR-2026-000117",
                        "messages": ["6f6b4c1e-6a52-5c39-9d0b-0a2d7c1f4e11"],
                    }
                }
            },
        },
        400: _fails("Not understood", "at most 255 characters", 400, place="Idempotency-Key"),
        401: _fails("Who is calling?", "show the bearer token agreed for this partner", 401),
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
                    }
                }
            },
        },
    },
}
