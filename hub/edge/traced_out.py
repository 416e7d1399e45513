"""How a message is sent to a partner is told as spans: one attempt, and the receipt that says what became of it."""

from collections.abc import Sequence
from dataclasses import replace

from structlog.contextvars import bound_contextvars

from hub import topics
from hub.edge.attempt import Mouth
from hub.edge.orders import Order, Outcome, Receipt
from hub.telemetry import traces
from hub.telemetry.traces import Fact, Kind, Span


async def attempt(mouth: Mouth, order: Order, connection: int) -> Receipt:
    """One attempt, which is told where somebody watches; its receipt says where it stands."""
    began = traces.now()
    if not began:
        return await mouth.attempt(order, connection)
    named = (order.delivery_id, str(order.attempt))
    parent = traces.read(order.traceparent)
    if parent is None:
        # Whoever handed it out was not watched; the trace is known all the same.
        correlation = str(order.envelope.get("correlation_id"))
        at = traces.place(correlation, "deliver", *named)
    else:
        at = parent.beside("deliver", *named)
    with bound_contextvars(trace_id=at.trace_id):
        receipt = await mouth.attempt(order, connection)
    wrong = "" if receipt.outcome is Outcome.DELIVERED else receipt.outcome.value
    facts: dict[str, Fact] = {
        "hub.partner": mouth.partner,
        "hub.transport": mouth.transport.name,
        "hub.delivery": order.delivery_id,
        "hub.attempt": order.attempt,
        "hub.outcome": receipt.outcome.value,
        "hub.level": receipt.level.value,
        **traces.code(receipt.code),
    }
    span = Span("deliver", at, parent, Kind.CLIENT, began, traces.now(), facts, wrong=wrong)
    traces.say(span)
    return replace(receipt, traceparent=at.beside("receipt", *named).traceparent)


def told(receipts: Sequence[Receipt], began: int) -> None:
    """Kafka has these receipts."""
    moment = traces.now()
    for receipt in receipts:
        at = traces.read(receipt.traceparent)
        if at is None or not moment:
            continue
        named = (receipt.delivery_id, str(receipt.attempt))
        facts: dict[str, Fact] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": topics.RECEIPTS,
            "hub.delivery": receipt.delivery_id,
            "hub.attempt": receipt.attempt,
        }
        parent = at.beside("deliver", *named)
        name = f"send {topics.RECEIPTS}"
        traces.say(Span(name, at, parent, Kind.PRODUCER, began or moment, moment, facts))
