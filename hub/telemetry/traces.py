"""What becomes of a message can be watched as one trace, which is told beside the road and never in its way.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) is set; then nothing of OpenTelemetry's
SDK is imported. Every id follows from what a span is about, so a trace goes on after a retry, a restart or a
week in the ledger, and nothing needs to be kept for it (deploy/decisions/traces.md).
"""

import hashlib
import os
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import structlog

HEADER = "ce_traceparent"
"""CloudEvents' extension for distributed tracing, as its Kafka binding names it."""

ATTRIBUTES = frozenset(
    """
messaging.system messaging.operation.name messaging.operation.type messaging.destination.name
messaging.destination.partition.id messaging.kafka.offset messaging.message.id
cloudevents.event_type error.type hub.partner hub.transport hub.verdict hub.messages hub.priority
hub.authority hub.attempt hub.outcome hub.level hub.code hub.state hub.deliveries hub.delivery
""".split()
)
"""What may stand in a span: names from configuration, ids of our own making, figures, fixed words."""

_W3C = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})").fullmatch
_CODE = re.compile(r"[A-Z]{2}|[0-9]{3}|[245]\.[0-9]{1,3}\.[0-9]{1,3}").fullmatch
_SEPARATOR = "\x1f"
log = structlog.get_logger("hub.telemetry.traces")

Fact = str | int
Facts = Mapping[str, Fact]


class Kind(Enum):
    """What a span is to those beside it, as OpenTelemetry names it."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span stands: its trace (128 bits), itself (64 bits), and whether it is told at all."""

    trace: int
    span: int
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """As W3C writes it."""
        return f"00-{self.trace:032x}-{self.span:016x}-{'01' if self.sampled else '00'}"

    @property
    def trace_id(self) -> str:
        """As log lines and the tools for traces name it."""
        return f"{self.trace:032x}"

    def beside(self, *parts: str) -> "Place":
        """The place in the same trace of the span that is about these."""
        return Place(self.trace, _bits(64, *parts), self.sampled)


@dataclass(slots=True)
class Span:
    """One span, whole; times in nanoseconds since 1970 by this machine's clock.

    `wrong` is the type of what went wrong, never its words.
    """

    name: str
    place: Place
    parent: Place | None
    kind: Kind
    began: int
    ended: int = 0
    facts: dict[str, Fact] = field(default_factory=dict)
    links: Sequence[Place] = ()
    wrong: str = ""


class Sink(Protocol):
    """Where spans go; never raises, never waits."""

    def samples(self, trace: int) -> bool:
        """Whether a trace that begins here is told."""
        ...

    def take(self, span: Span) -> None:
        """Takes one to be told soon."""
        ...

    def lost(self) -> int:
        """Spans that nobody will ever see."""
        ...

    def close(self) -> None:
        """Tells what it has, within bounds."""
        ...


_sinks: list[Sink] = []
"""At most one; none while nobody watches."""


def wanted(env: Mapping[str, str] = os.environ) -> bool:
    """Whether the standard variables ask for traces."""
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if env.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return any(env.get(name) for name in names)


def begin(role: str, instance: str) -> None:
    """Tells spans from now on, where that is wanted; what is wrong with the variables is logged."""
    if not wanted():
        return
    from hub.telemetry import otlp

    try:
        use(otlp.Exporting(role, instance))
    except Exception as error:  # the road goes on without them
        log.error("traces cannot be told: look at the OTEL_ variables", exc_info=error)


def end() -> None:
    """Tells what is left, and no more."""
    if (sink := use(None)) is not None:
        sink.close()


def use(sink: Sink | None) -> Sink | None:
    """Puts another sink in the place of the one that there was, and returns that."""
    before = _sinks[0] if _sinks else None
    _sinks[:] = [] if sink is None else [sink]
    return before


def on() -> bool:
    """Whether anybody watches."""
    return bool(_sinks)


def lost() -> int:
    """Spans that were made and never told: the queue was full, or nobody took them."""
    return _sinks[0].lost() if _sinks else 0


def now() -> int:
    """This machine's time for spans; 0 while nobody watches."""
    return time.time_ns() if _sinks else 0


def say(span: Span) -> None:
    """Tells one span; whatever is wrong with that, nobody else is kept waiting."""
    if not _sinks or not span.place.sampled:
        return
    try:
        _sinks[0].take(span)
    except Exception as error:  # a trace is never worth a message
        log.error("a span could not be told", exc_info=error)


def place(correlation: str, *parts: str) -> Place:
    """The place of the span that is about these, in the trace of all that has one correlation id."""
    trace = _bits(128, "trace", correlation)
    return Place(trace, _bits(64, *parts), not _sinks or _sinks[0].samples(trace))


def fresh(correlation: str) -> Place:
    """A place in that trace which no other span has: for what may happen again."""
    return beside(place(correlation))


def beside(other: Place) -> Place:
    """Such a place in the trace of another."""
    return Place(other.trace, random.getrandbits(64) or 1, other.sampled)


def read(traceparent: str | bytes | None) -> Place | None:
    """What a header says, or None where it says nothing that W3C allows."""
    if isinstance(traceparent, bytes):
        traceparent = traceparent.decode("ascii", "replace")
    found = _W3C(traceparent or "")
    if found is None:
        return None
    trace, span, flags = (int(each, 16) for each in found.groups())
    return Place(trace, span, bool(flags & 1)) if trace and span else None


def code(said: str) -> dict[str, Fact]:
    """A partner's code as a fact, where it is one of a protocol's: anything longer may be a name."""
    return {"hub.code": said} if _CODE(said) else {}


def _bits(count: int, *parts: str) -> int:
    """Never 0, which W3C forbids. A hash, because samplers want ids whose last bits are even."""
    digest = hashlib.sha256(_SEPARATOR.join(parts).encode()).digest()
    return int.from_bytes(digest[: count // 8]) or 1
