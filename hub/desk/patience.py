"""Every page is answered in time, in words, whatever hangs behind it."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST = 8.0
"""Seconds until an answer begins: more than an act waits for Kafka and for the ledger together."""


class Patience:
    """A database that takes connections and says nothing holds a thread, but no reader.

    What was asked for goes on where it is: a thread cannot be called off. Nobody is told its end.
    """

    def __init__(self, app: ASGIApp, late: Callable[[Request], Awaitable[Response]]):
        self.app = app
        self.late = late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = over = False

        async def first(message: Message) -> None:
            nonlocal begun
            begun = True
            if not over:
                await send(message)

        work = asyncio.ensure_future(self.app(scope, receive, first))
        try:
            await asyncio.wait({work}, timeout=LONGEST)
            if work.done() or begun:
                await work
                return
        except asyncio.CancelledError:
            work.cancel()
            raise
        over = True
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        await (await self.late(Request(scope)))(scope, receive, send)
