"""No order is sent beyond a small number whose receipts Kafka has not confirmed: they are the only proof."""

import asyncio

import structlog

from hub import clock, topics, wire
from hub.broker import Unable
from hub.edge import traced_out
from hub.edge.bound import Publish
from hub.edge.orders import Receipt
from hub.seal import Keyring
from hub.telemetry import traces

AHEAD = 16
"""Orders of one partition that may be committed without a confirmed receipt."""

LINGER = 0.02
"""Seconds that a receipt waits for others, unless half of what may be ahead is ahead."""

log = structlog.get_logger("hub.edge.receipts")


class Receipts:
    """The receipts of one partition, published in the background and in their order."""

    def __init__(self, partner: str, edge: str, keys: Keyring, publish: Publish):
        self._partner = partner
        self._edge = edge
        self._keys = keys
        self._publish = publish
        self._open = 0
        self._unconfirmed = 0
        self._pending: list[Receipt] = []
        self._any = asyncio.Event()
        self._now = asyncio.Event()
        self._changed = asyncio.Event()
        self._closing = False

    async def room(self, want: int) -> int:
        """How many more may be committed, at most `want`; waits for one, 0 once closing."""
        while self._open >= want and not self._closing:
            self.flush()
            self._changed.clear()
            await self._changed.wait()
        return 0 if self._closing else min(want, AHEAD) - self._open

    def opened(self, count: int) -> None:
        """Counts orders whose commit was confirmed (or may have been)."""
        self._open += count

    def forgotten(self, count: int) -> None:
        """Takes back orders that were committed but can have no receipt."""
        self._open -= count
        self._changed.set()

    def add(self, receipt: Receipt) -> None:
        """Takes a receipt to be published soon."""
        self._unconfirmed += 1
        self._pending.append(receipt)
        self._any.set()
        if len(self._pending) >= AHEAD // 2:
            self.flush()

    def flush(self) -> None:
        """Publishes what is pending without waiting for more."""
        self._now.set()

    async def run(self) -> None:
        """Publishes until it is cancelled."""
        while True:
            await self._any.wait()
            try:
                async with asyncio.timeout(LINGER):
                    await self._now.wait()
            except TimeoutError:
                pass
            batch, self._pending = self._pending, []
            self._any.clear()
            self._now.clear()
            await self._until_confirmed(batch)
            self._unconfirmed -= len(batch)
            self.forgotten(len(batch))

    async def _until_confirmed(self, batch: list[Receipt]) -> None:
        outbound, began = self._record(batch), traces.now()
        while True:
            try:
                await self._publish([outbound])
                traced_out.told(batch, began)
                return
            except Unable as error:
                log.warning("receipts wait for Kafka", partner=self._partner, why=str(error))
                await clock.sleep(0.5)

    def _record(self, batch: list[Receipt]) -> wire.Outbound:
        meta = {
            "partner": self._partner,
            "edge": self._edge,
            "receipts": [receipt.told() for receipt in batch],
        }
        record = wire.Record("receipts", wire.event_id(), meta, facts={"partner": self._partner})
        return wire.write(self._keys, topics.RECEIPTS, self._partner, record)

    def close(self) -> None:
        """Lets nothing more be committed."""
        self._closing = True
        self._changed.set()

    async def drained(self) -> None:
        """Returns when Kafka has every receipt that was added."""
        self.flush()
        while self._unconfirmed:
            self._changed.clear()
            await self._changed.wait()
