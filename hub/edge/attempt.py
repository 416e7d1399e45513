"""One attempt sends once and ends in one receipt, whatever the partner, its format or we ourselves do wrong."""

from dataclasses import dataclass, replace
from typing import Any

import structlog

from connectors.base import (
    Answer,
    Format,
    OutcomeUnknown,
    Outgoing,
    Pushed,
    Refused,
    Says,
    Transport,
    TryAgain,
    Unreadable,
)
from hub.edge.orders import Order, Outcome, Receipt, told
from hub.intake.judge import fault
from schemas.envelope import AckLevel

log = structlog.get_logger("hub.edge.attempt")

_SAYS = {
    Says.TAKEN: Outcome.DELIVERED,
    Says.TRY_AGAIN: Outcome.TRY_AGAIN,
    Says.REFUSED: Outcome.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Mouth:
    """How one partner is spoken to."""

    partner: str
    transport: Transport
    speaks: Format

    async def attempt(self, order: Order, connection: int) -> Receipt:
        """Writes, sends once, and reads what the partner says; never raises."""
        try:
            outgoing = self._written(order)
        except Exception as error:
            return told(order, Outcome.REFUSED, self._ours("write a message", error))
        try:
            pushed = await self.transport.push(outgoing, connection)
            receipt = self.understood(order, pushed)
        except TryAgain as error:
            said: dict[str, Any] = {"retry_after": error.after, "connection": error.connection}
            return told(order, Outcome.TRY_AGAIN, str(error), **said)
        except Refused as error:
            return told(order, Outcome.REFUSED, str(error), code=error.code or "")
        except OutcomeUnknown as error:
            receipt = told(order, Outcome.UNKNOWN, str(error), misdirected=error.misdirected)
        except Exception as error:
            receipt = told(order, Outcome.UNKNOWN, self._ours("send a message", error))
        if receipt.outcome is Outcome.UNKNOWN:
            await self._drop(connection)
        return receipt

    def _written(self, order: Order) -> Outgoing:
        envelope, body = order.message()
        outgoing = self.speaks.write(envelope, body, order.reference)
        return replace(outgoing, recipient=order.address) if order.address else outgoing

    def understood(self, order: Order, pushed: Pushed) -> Receipt:
        """What a push that came back means; an answer counts only for the message that it names."""
        known = {"level": pushed.level, "their_reference": pushed.their_reference}
        if not self.transport.replies or not pushed.reply:
            return told(order, Outcome.DELIVERED, pushed.detail, **known)
        try:
            answer = self.speaks.understand(pushed.reply)
        except Unreadable as error:
            return told(order, Outcome.UNKNOWN, f"the answer cannot be read: {error}")
        if answer.names is None:
            return told(order, Outcome.UNKNOWN, "the answer names no message", code=answer.code)
        if answer.names != self.speaks.names(order.reference):
            detail = "the answer names another message"
            return told(order, Outcome.UNKNOWN, detail, code=answer.code, misdirected=True)
        known["level"] = self._level(answer, pushed)
        detail = answer.text or pushed.detail
        return told(order, _SAYS[answer.says], detail, code=answer.code, **known)

    def _level(self, answer: Answer, pushed: Pushed) -> AckLevel:
        """The higher of what transport and answer prove, never more than the transport can."""
        if answer.says is not Says.TAKEN:
            return AckLevel.NONE
        proven = max(answer.level, pushed.level, key=lambda level: level.rank)
        return min(proven, self.transport.proves, key=lambda level: level.rank)

    def _ours(self, what: str, error: Exception) -> str:
        code = fault()
        log.error("an attempt failed", partner=self.partner, code=code, exc_info=error)
        return f"the hub failed to {what} (error {code}); the fault is ours"

    async def _drop(self, connection: int) -> None:
        try:
            await self.transport.drop(connection)
        except Exception as error:
            log.error("could not drop a connection", partner=self.partner, exc_info=error)
