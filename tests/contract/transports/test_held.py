"""What is held is never pushed, opens nothing, and ends when it is told to."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

import pytest

from connectors.base import Outgoing, Refused
from connectors.transports import make_transport
from schemas.envelope import AckLevel
from tests.contract.transports.bench import Features, Hub
from tests.contract.transports.suite import Declared

_HELD = Features(mode="held", proves=AckLevel.RECEIVED)


class Held(Declared):
    """The promises of a held transport."""

    settings: ClassVar[Mapping[str, object]] = {}
    features: ClassVar[Features] = _HELD

    async def test_is_never_pushed(self) -> None:
        transport = make_transport("p", {"kind": self.kind, **self.settings})
        with pytest.raises(Refused, match="held"):
            await transport.push(Outgoing("r", b"one", "text/plain"))
        assert "held" in await transport.probe()
        await transport.drop()
        await transport.close()

    async def test_serves_until_told_to_stop(self) -> None:
        hub = Hub()
        stop = hub.serve(make_transport("p", {"kind": self.kind, **self.settings}))
        await asyncio.sleep(0.01)
        stop.set()
        async with asyncio.timeout(1):
            await hub.ended()
        assert not hub.parcels


class TestOutbox(Held):
    kind: ClassVar[str] = "outbox"
    settings: ClassVar[Mapping[str, object]] = {"token": {"env": "T"}}


class TestInbox(Held):
    kind: ClassVar[str] = "inbox"


class TestCall(Held):
    kind: ClassVar[str] = "call"
    settings: ClassVar[Mapping[str, object]] = {"who": "Duty manager", "phone": "0113 496 0000"}
