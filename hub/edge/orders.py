"""An order says what to send and until when; a receipt says what became of it, and nothing in between is lost."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson

from hub import clock
from hub.wire import Record
from schemas.envelope import AckLevel, Envelope

NEAR = timedelta(seconds=1)
"""With less than this left of its time an order is not sent: its answer would come too late."""

REMEMBERED = 10_000
"""Deliveries a partner, so that a run finds its predecessors."""


class Outcome(StrEnum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not_attempted"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at one delivery, as core handed it out."""

    delivery_id: str
    attempt: int
    predecessor: str | None
    not_after: datetime
    reference: str
    address: str | None
    envelope: Mapping[str, Any]
    blob: bytes
    answers: str | None = None
    traceparent: str = ""

    @classmethod
    def of(cls, record: Record) -> "Order":
        """What the record says; raises `KeyError`, `TypeError` or `ValueError` for one that is not whole."""
        meta = record.meta
        not_after = datetime.fromisoformat(meta["not_after"])
        if not_after.tzinfo is None:
            raise ValueError("its end is an hour without a zone")
        for name in ("delivery_id", "reference", "predecessor", "address", "answers"):
            needed = name in ("delivery_id", "reference")
            if not isinstance(meta.get(name), str if needed else str | None):
                raise ValueError(f"its {name} is no text")
        return cls(
            meta["delivery_id"],
            int(meta["attempt"]),
            meta["predecessor"],
            not_after,
            meta["reference"],
            meta["address"],
            meta["envelope"],
            record.blob,
            meta.get("answers"),
            (record.facts or {}).get("traceparent", ""),
        )

    def message(self) -> tuple[Envelope, dict[str, Any]]:
        """What is to be written, already disclosed."""
        envelope = Envelope.model_validate({**self.envelope, "answers": self.answers})
        return envelope, orjson.loads(self.blob)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of one attempt."""

    delivery_id: str
    attempt: int
    outcome: Outcome
    detail: str = ""
    level: AckLevel = AckLevel.NONE
    code: str = ""
    their_reference: str | None = None
    retry_after: float | None = None
    connection: bool = False
    misdirected: bool = False
    at: datetime = field(default_factory=clock.now)
    traceparent: str = ""

    def told(self) -> dict[str, Any]:
        """As core reads it."""
        stands = {"traceparent": self.traceparent} if self.traceparent else {}
        return stands | {
            "delivery_id": self.delivery_id,
            "attempt": self.attempt,
            "outcome": self.outcome.value,
            "level": self.level.value,
            "at": self.at.isoformat(),
            "detail": self.detail,
            "code": self.code or None,
            "their_reference": self.their_reference,
            "retry_after": self.retry_after,
            "connection": self.connection,
            "misdirected": self.misdirected,
            "who": None,
        }


class Memory:
    """The last word on each of a partner's deliveries that this edge had in hand."""

    def __init__(self, most: int = REMEMBERED):
        self._most = most
        self._last: OrderedDict[str, Receipt] = OrderedDict()

    def note(self, receipt: Receipt) -> None:
        """Remembers it, and forgets what is oldest."""
        self._last[receipt.delivery_id] = receipt
        self._last.move_to_end(receipt.delivery_id)
        if len(self._last) > self._most:
            self._last.popitem(last=False)

    def instead(self, order: Order, now: datetime) -> Receipt | None:
        """The receipt that stands in place of sending; None where the order is to be sent.

        An attempt handed out twice was already answered for; its answer is told again.
        """
        last = self._last.get(order.delivery_id)
        if last is not None and last.attempt == order.attempt:
            return last
        if order.not_after - now < NEAR:
            return told(order, Outcome.EXPIRED, "its time was over before it could be sent")
        if order.predecessor is not None and not self._delivered(order.predecessor):
            return told(order, Outcome.NOT_ATTEMPTED, "this edge did not deliver the one before it")
        return None

    def _delivered(self, delivery_id: str) -> bool:
        last = self._last.get(delivery_id)
        return last is not None and last.outcome is Outcome.DELIVERED


def told(order: Order, outcome: Outcome, detail: str, **more: Any) -> Receipt:
    """A receipt for an order."""
    return Receipt(order.delivery_id, order.attempt, outcome, detail, **more)
