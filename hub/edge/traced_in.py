"""How a parcel is taken in is told as spans: accepted, and each record of it put on the road."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.base import Kind as Said
from connectors.base import Parcel, Verdict
from hub import topics
from hub.telemetry import traces
from hub.telemetry.traces import Fact, Kind, Place, Span
from hub.wire import Outbound

TRACEPARENT = "traceparent"
"""Among a parcel's facts: where the partner's own trace stands. Linked to, never continued."""


@dataclass(slots=True)
class Way:
    """One parcel from its arrival to its answer; each message of it begins a trace of its own.

    `began` is 0 while nobody watches, and then nothing is done.
    """

    parcel: Parcel
    began: int
    accepts: list[Span] = field(default_factory=list)
    sends: list[Span] = field(default_factory=list)

    @property
    def named(self) -> dict[str, str]:
        """For log lines."""
        return {"trace_id": self.accepts[0].place.trace_id} if self.accepts else {}

    def made(self, outbounds: Sequence[Outbound]) -> None:
        """Its records are known, and carry from here on where they stand."""
        if not self.began:
            return
        theirs = traces.read(self.parcel.facts.get(TRACEPARENT))
        moment = traces.now()
        for out in outbounds:
            if out.topic != topics.PARCELS or not self.accepts:
                self._accept(out, theirs)
            # The parcel itself goes in the trace of the first message that was read from it.
            of = self.accepts[0 if out.topic == topics.PARCELS else -1].place
            send = Span(
                f"send {out.topic}", traces.beside(of), of, Kind.PRODUCER, moment, facts=_sent(out)
            )
            out.headers[traces.HEADER] = send.place.traceparent
            self.sends.append(send)

    def _accept(self, out: Outbound, theirs: Place | None) -> None:
        at = traces.fresh(out.headers["ce_id"])
        links = [one.place for one in self.accepts[:1]] + ([theirs] if theirs else [])
        span = Span("accept", at, None, Kind.SERVER, self.began, links=links)
        self.accepts.append(span)

    def ends(self, verdict: Verdict) -> None:
        """The partner is told so."""
        if not self.began:
            return
        moment = traces.now()
        unable = Said.UNABLE.value if verdict.kind is Said.UNABLE else ""
        for span in self.sends:
            span.ended, span.wrong = moment, unable
            traces.say(span)
        if not self.accepts:
            # Nothing of it is kept: by itself, so that refusals are seen where they happen.
            alone = traces.fresh(str(self.began))
            self.accepts.append(Span("accept", alone, None, Kind.SERVER, self.began))
        for span in self.accepts:
            span.ended, span.wrong = moment, unable
            span.facts = {
                "hub.partner": self.parcel.partner,
                "hub.transport": self.parcel.transport,
                "hub.verdict": verdict.kind.value,
                "hub.messages": len(verdict.message_ids),
            }
            traces.say(span)


def _sent(out: Outbound) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": out.topic,
        "messaging.message.id": out.headers["ce_id"],
        "cloudevents.event_type": out.headers["ce_type"],
    }
    for name in ("priority", "authority", "partner"):
        if (value := out.headers.get(f"ce_{name}")) is not None:
            facts[f"hub.{name}"] = value
    return facts
