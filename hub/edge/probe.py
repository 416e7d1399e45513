"""A partner is tested by the edge that speaks with it, and what was found is told in a sentence."""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from aiokafka import ConsumerRecord

from connectors.base import Refused, Transport, TryAgain
from hub import clock, topics, wire
from hub.broker import Unable
from hub.edge.bound import Publish
from hub.intake.judge import fault
from hub.seal import Keyring

WITHIN = 10.0
"""Seconds; a person waits for it, and whoever takes longer does not answer."""
REMEMBERED = 32

log = structlog.get_logger("hub.edge.probe")


def asks(record: ConsumerRecord) -> bool:
    """Whether a record of a partner's topic asks for a test; its seal need not be broken for that."""
    kind = dict(record.headers).get("ce_type") or b""
    return bytes(kind).endswith(b"." + wire.PROBE.encode())


class Probes:
    """The tests of one partner: each once, none after its time, none in the way of what is sent."""

    def __init__(
        self, partner: str, edge: str, transport: Transport, keys: Keyring, publish: Publish
    ):
        self._partner = partner
        self._edge = edge
        self._transport = transport
        self._keys = keys
        self._publish = publish
        self._done: deque[str] = deque(maxlen=REMEMBERED)
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, record: ConsumerRecord) -> None:
        """Tests the partner in the background, unless that was done or its time is over."""
        try:
            asked = wire.read(self._keys, record.topic, dict(record.headers), record.value)
            over = datetime.fromisoformat(asked.meta["not_after"])
        except (wire.Foreign, KeyError, ValueError, TypeError) as error:
            log.error("a test cannot be read", partner=self._partner, exc_info=error)
            return
        if asked.id in self._done or over < clock.machine():
            return
        self._done.append(asked.id)
        task = asyncio.create_task(self._test(asked))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Ends what is under way; nobody is told what was not found."""
        for task in (running := set(self._running)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _test(self, asked: wire.Record) -> None:
        began = clock.monotonic()
        reached, found = await self._found()
        meta = {
            "partner": self._partner,
            "edge": self._edge,
            "test": asked.id,
            "reached": reached,
            "found": found,
            "took": round(clock.monotonic() - began, 3),
        }
        try:
            await self._publish([self._record(meta)])
        except Unable as error:
            log.warning("what a test found was not told", partner=self._partner, why=str(error))

    async def _found(self) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(WITHIN):
                return True, await self._transport.probe()
        except TryAgain as error:
            return False, f"not now: {error}"
        except Refused as error:
            return False, f"mend its file or its side: {error}"
        except TimeoutError:
            return False, f"no answer within {WITHIN:.0f} s"
        except Exception as error:
            code = fault()
            log.error("a test failed", partner=self._partner, code=code, exc_info=error)
            return False, f"the hub failed to test it (error {code}); the fault is ours"

    def _record(self, meta: Mapping[str, Any]) -> wire.Outbound:
        record = wire.Record(wire.PROBED, wire.event_id(), meta, facts={"partner": self._partner})
        return wire.write(self._keys, topics.RECEIPTS, self._partner, record)
