"""What one work decided is told as spans once it stands: recorded, handed out, settled."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from hub import topics
from hub.core.arrival import Arrival
from hub.ledger.write import rows
from hub.telemetry import traces
from hub.telemetry.traces import Fact, Kind, Place, Span
from hub.wire import Outbound
from schemas.register import HUB

_PROCESS: dict[str, Fact] = {
    "messaging.system": "kafka",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
}
_SEND: dict[str, Fact] = {
    "messaging.system": "kafka",
    "messaging.operation.name": "send",
    "messaging.operation.type": "send",
}
_CORRELATION = (
    "select m.correlation_id from delivery d join message m on m.message_id = d.message_id"
    " where d.delivery_id = :id"
)


@dataclass(slots=True)
class Trail:
    """The spans of one work, told after its commit; one that is rolled back is forgotten."""

    began: int
    stood: list[Span] = field(default_factory=list)
    """They end with the commit."""
    sent: list[Span] = field(default_factory=list)
    """They end when Kafka has what was handed out."""

    def mark(self) -> tuple[int, int]:
        """Where we are."""
        return len(self.stood), len(self.sent)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forgets what came since."""
        del self.stood[mark[0] :], self.sent[mark[1] :]

    def recorded(self, arrival: Arrival, deliveries: int) -> None:
        """A message took effect, for the only time."""
        parent = _parent(arrival)
        own = ("process", arrival.message_id)
        at = parent.beside(*own) if parent else _place(arrival, *own)
        facts: dict[str, Fact] = {"hub.state": arrival.state, "hub.deliveries": deliveries}
        self._process(arrival, at, parent, facts)

    def repeated(self, arrival: Arrival) -> None:
        """A message came again."""
        parent = _parent(arrival)
        at = traces.beside(parent or _place(arrival))
        self._process(arrival, at, parent, {"hub.state": "repeat"})

    def _process(
        self, arrival: Arrival, at: Place, parent: Place | None, more: dict[str, Fact]
    ) -> None:
        facts: dict[str, Fact] = {
            "messaging.message.id": arrival.message_id,
            "hub.partner": arrival.partner,
            "hub.authority": arrival.envelope.authority,
            "hub.priority": arrival.envelope.priority.value,
            "cloudevents.event_type": arrival.type,
            **more,
        }
        if arrival.raw is None:
            # The hub's own word: it was never on the road.
            self.stood.append(Span("derive", at, parent, Kind.INTERNAL, self.began, facts=facts))
            return
        raw = arrival.raw
        facts |= _PROCESS | {
            "messaging.destination.name": raw.topic,
            "messaging.destination.partition.id": str(raw.partition),
            "messaging.kafka.offset": raw.offset,
        }
        name = f"process {raw.topic}"
        self.stood.append(Span(name, at, parent, Kind.CONSUMER, self.began, facts=facts))

    def handed(self, out: Outbound, row: Any, attempt: int, correlation: str) -> None:
        """An attempt is handed out; edge goes on from where its record says that it stands."""
        at = traces.place(correlation, *_handed(row.delivery_id, attempt))
        out.headers[traces.HEADER] = at.traceparent
        facts: dict[str, Fact] = _SEND | {
            "messaging.destination.name": out.topic,
            "messaging.message.id": out.headers["ce_id"],
            "hub.partner": row.partner,
            "hub.priority": row.priority,
            "hub.delivery": row.delivery_id,
            "hub.attempt": attempt,
        }
        parent = at.beside("process", row.message_id)
        moment = traces.now()
        self.sent.append(Span(f"send {out.topic}", at, parent, Kind.PRODUCER, moment, facts=facts))

    def settled(self, conn: Connection, row: dict[str, Any], told: dict[str, Any]) -> None:
        """What became of an attempt is written; by a receipt, or because none came."""
        named = (row["delivery_id"], told["attempt"])
        parent = traces.read(told.get("traceparent"))
        if parent is None:
            found = rows(conn, _CORRELATION, id=row["delivery_id"])
            if not found:
                return
            parent = traces.place(found[0].correlation_id, *_handed(*named))
        facts: dict[str, Fact] = _PROCESS | {
            "messaging.destination.name": topics.RECEIPTS,
            "hub.partner": row["partner"],
            "hub.delivery": row["delivery_id"],
            "hub.attempt": told["attempt"],
            "hub.outcome": told["outcome"],
            "hub.level": told.get("level", "none"),
            "hub.state": str(row["state"]),
        }
        name, at = f"process {topics.RECEIPTS}", traces.beside(parent)
        wrong = "" if told["outcome"] == "delivered" else told["outcome"]
        span = Span(name, at, parent, Kind.CONSUMER, self.began, facts=facts, wrong=wrong)
        self.stood.append(span)

    def tell(self, committed: int, confirmed: bool) -> None:
        """The work stands, and Kafka has what it handed out, or did not confirm it."""
        for span in self.stood:
            span.ended = committed
            traces.say(span)
        moment = traces.now()
        for span in self.sent:
            span.ended, span.wrong = moment, "" if confirmed else "unconfirmed"
            traces.say(span)


def trail() -> Trail | None:
    """A new work's; None while nobody watches."""
    began = traces.now()
    return Trail(began) if began else None


def named(raw: Any) -> dict[str, str]:
    """For log lines about a record."""
    at = traces.read(dict(raw.headers).get(traces.HEADER)) if traces.on() else None
    return {"trace_id": at.trace_id} if at else {}


def _handed(delivery_id: str, attempt: int) -> tuple[str, ...]:
    return ("hand out", delivery_id, str(attempt))


def _place(arrival: Arrival, *own: str) -> Place:
    return traces.place(str(arrival.envelope.correlation_id), *own)


def _parent(arrival: Arrival) -> Place | None:
    """What put it on the road; for the hub's own word, the recording of what it follows from."""
    if arrival.raw is not None:
        read = traces.read(dict(arrival.raw.headers).get(traces.HEADER))
        # No seal covers a header: one that names another trace is not ours.
        return read if read and read.trace == _place(arrival).trace else None
    return _place(arrival, "process", arrival.stream) if arrival.partner == HUB else None
