"""Outside the machine somebody hears while this core truly works, and misses it when it does not.

A call goes out only while transactions are committed and the roads are read: the monitor that is
called rings when calls stay out, and so also when the hub, its machine or its line is dead.
"""

import asyncio
from typing import Any

import httpx
import structlog

from connectors.tls import TRUST
from hub import clock
from hub.core.start.horizon import NEVER
from hub.core.work import Work
from hub.running.stopping import unless
from hub.settings import Settings

LATELY = 30.0
"""Seconds without a commit, or without having read all that there was, after which we are not well."""
WITHIN = 10.0
"""Seconds for one call."""
LOOK = 1.0
UNHEARD = 3
"""Calls in a row without an answer that are an incident; the first is a line in the log."""
KIND = "heartbeat_unheard"

log = structlog.get_logger("hub.core.pulse")


class Pulse:
    """What this core knows of its own health, and the call that tells it."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._name = f"core-{settings.instance}"
        self._client: httpx.AsyncClient | None = None
        self._read = -LATELY
        """When what there was on the roads had last been read, and that was committed."""
        self._open = 0
        self._next = 0.0
        self._heard = False
        self._unanswered = 0
        self._why = ""

    def recorded(self) -> None:
        """A batch of what Kafka brought is in the ledger."""
        self._read = clock.monotonic()

    def committed(self, work: Work) -> None:
        """A round of what falls due is in the ledger; it knows how far the roads are read."""
        upto = work.upto
        if upto is not None and not upto.unread and upto.clocks > NEVER:
            behind = (clock.machine() - upto.clocks).total_seconds()
            self._read = max(self._read, clock.monotonic() - behind)

    @property
    def well(self) -> bool:
        """Whether the ledger takes what we write and Kafka gives what there is to read."""
        return clock.monotonic() - self._read < LATELY

    def look(self, work: Work) -> None:
        """Opens or closes the incident that nobody outside hears us, and counts what is open."""
        if self._settings.heartbeat_url is None:
            work.recovered(KIND, self._name, "no monitor is to be called any more")
        elif self._heard:
            work.recovered(KIND, self._name, "the monitor takes our calls")
        elif self._unanswered >= UNHEARD and work.wrong_until(KIND, self._name) is None:
            work.incident(KIND, self._name, f"the monitor does not take our calls: {self._why}")
        self._open = work.open_incidents

    async def beat(self, stop: asyncio.Event) -> None:
        """Calls once an interval while we are well, until `stop`; nothing that goes wrong here ends core."""
        if self._settings.heartbeat_url is None:
            return
        while not stop.is_set():
            if self.well and clock.monotonic() >= self._next:
                self._next = clock.monotonic() + self._settings.heartbeat_seconds
                await unless(stop, self._call())
            await unless(stop, clock.sleep(LOOK))
        if self._client is not None:
            await self._client.aclose()

    async def _call(self) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                answer = await self._post()
            why = "" if answer.is_success else f"it answers {answer.status_code}"
        except Exception as error:  # an address, a certificate, a name, a line: all the same here
            why = type(error).__name__
        if why and not self._unanswered:
            log.warning("the monitor does not take our calls", why=why)
        if not why and self._unanswered:
            log.info("the monitor takes our calls again", count=self._unanswered)
        self._unanswered, self._why = (self._unanswered + 1 if why else 0), why
        self._heard = not why

    async def _post(self) -> httpx.Response:
        settings = self._settings
        assert settings.heartbeat_url is not None
        url = settings.heartbeat_url.get_secret_value().replace("{instance}", settings.instance)
        if self._client is None:
            trust: Any = await asyncio.to_thread(TRUST.context, "the monitor")
            # A site's way out is often a proxy, which stands in its environment.
            self._client = httpx.AsyncClient(verify=trust, timeout=WITHIN, trust_env=True)
        token = await asyncio.to_thread(self._token)
        return await self._client.post(
            url,
            json={
                "site": settings.site,
                "instance": self._name,
                "at": clock.now().isoformat(),
                "open_incidents": self._open,
            },
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    def _token(self) -> str | None:
        """Read anew for each call, so that it can be changed without a pause."""
        if (path := self._settings.heartbeat_token_file) is not None:
            return path.read_text("utf-8").strip()
        known = self._settings.heartbeat_token
        return known.get_secret_value() if known is not None else None
