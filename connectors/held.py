"""Where the ledger's row is what the partner collects, there is nothing to push and nothing to open."""

import asyncio
from typing import Any, ClassVar

from connectors.base import Accept, Outgoing, Pushed, Refused
from connectors.instant import Now, utc_now
from schemas.envelope import AckLevel


class Held:
    """What all transports that the desk serves have in common."""

    name: ClassVar[str]
    proves: ClassVar[AckLevel] = AckLevel.RECEIVED
    mode: ClassVar[str] = "held"
    pulls: ClassVar[bool] = False
    replies: ClassVar[bool] = False

    def __init__(self, partner: str, settings: Any, now: Now = utc_now) -> None:
        self.partner = partner
        self.settings = settings

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        """Nothing arrives here; what the partner sends comes through the door or the desk."""
        await stop.wait()

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        """Never: the desk serves the delivery."""
        raise Refused(f"`{self.name}` is held: the desk serves it, edge never sends it")

    async def drop(self, connection: int = 0) -> None:
        """Nothing is open."""

    async def probe(self) -> str:
        """There is nothing to connect to."""
        return "held: served by the desk, nothing to connect to"

    async def close(self) -> None:
        """Nothing is open."""
