"""Whoever runs a role hears whether it lives and whether it is ready, from the loop that does its work.

An open port would say nothing: a loop that hangs does not answer, and what works beside the loop
(core's thread for the ledger) is asked after.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import structlog

from hub.running import ports
from hub.settings import Settings
from hub.telemetry import vitals

if TYPE_CHECKING:
    from prometheus_client.core import Metric

log = structlog.get_logger("hub.serving.probe")

ENDING = 2
"""Seconds for an answer in hand at the end."""


class Probe:
    """The three answers of one role; until it says otherwise it lives and is not ready.

    `alive` and `ready` say in a sentence what is wrong, None where nothing is; `more` is told
    beside, `families` is what `/metrics` tells: none, this process's own.
    """

    def __init__(self, settings: Settings, role: str):
        self.role = role
        self.alive: Callable[[], Awaitable[str | None]] = _nothing
        self.ready: Callable[[], Awaitable[str | None]] = self._begins
        self.more: Callable[[], dict[str, Any]] = dict
        self.families: Callable[[], Awaitable[Iterable[Metric]]] | None = None
        self._settings = settings

    @asynccontextmanager
    async def answering(self) -> AsyncIterator["Probe"]:
        """Answers while the block lasts, at `HUB_PROBE_PORT`; nothing where there is none."""
        if self._settings.probe_port is None:
            yield self
            return
        # Only who is asked carries a web program.
        from hub.serving.probe_app import app_of
        from hub.serving.served import served

        listening = ports.listening(self._settings, "probe")
        port = listening.getsockname()[1]
        server = served(app_of(self), ENDING)
        tasks = [
            asyncio.create_task(server.serve([listening])),
            asyncio.create_task(vitals.watch_the_loop()),
        ]
        ports.announce(self._settings.data, f"probe-{self.role}", port)
        log.info("probe listening", port=port)
        try:
            yield self
        finally:
            server.should_exit = True
            tasks[1].cancel()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), ENDING)

    async def _begins(self) -> str | None:
        return "it has not begun yet"


async def _nothing() -> str | None:
    return None
