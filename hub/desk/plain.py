"""What is asked for or filled in at the desk is text, and not too much of it: the rest is refused in words.

The character U+0000, which no database keeps, is none.
"""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 256 * 1024
"""Bytes of a form."""
_NULS = (b"\0", b"%00")
_CARRIED = len(_NULS[-1]) - 1


class Plain:
    """Looks at addresses and at forms as they come in."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = scope["path"].encode() + b" " + scope["query_string"]
        before, size = b"", 0

        async def plainly() -> Message:
            nonlocal before, size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST:
                raise HTTPException(413, "That is too large, so nothing was done")
            piece = before + message.get("body", b"")
            _check(piece)
            before = piece[-_CARRIED:]
            return message

        if _odd(asked):
            # Nothing is there; a program hears so in a program's words.
            place = "/v1/desk" if scope["path"].startswith("/v1/desk/") else ""
            path = f"{place}/a-character-that-is-no-text"
            scope = dict(scope) | {"path": path, "raw_path": path.encode(), "query_string": b""}
        await self.app(scope, plainly, send)


def _odd(said: bytes) -> bool:
    return any(nul in said for nul in _NULS)


def _check(said: bytes) -> None:
    if _odd(said):
        raise HTTPException(400, "A character in the form is no text, so nothing was done")
