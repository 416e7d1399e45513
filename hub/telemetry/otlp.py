"""Spans leave by OpenTelemetry's own SDK, over OTLP/HTTP; a collector that is away costs spans and nothing else.

The SDK is set up by its standard variables: sampling by `OTEL_TRACES_SAMPLER` and `…_ARG`, the queue by
`OTEL_BSP_MAX_QUEUE_SIZE`. Its provider is this process's own and never the global one, by which libraries
would tell what they see: addresses with their queries, and the words of exceptions.
"""

import threading
from collections.abc import Sequence
from importlib.metadata import version

import structlog
from opentelemetry import trace as api
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from hub.telemetry.traces import ATTRIBUTES, Place, Span

CLOSING = 2.0
"""Seconds for the last spans at the end: a role that stops is waited for by others."""

log = structlog.get_logger("hub.telemetry.traces")


class Exporting:
    """The sink of a process that was asked to tell its traces."""

    def __init__(self, role: str, instance: str, exporter: SpanExporter | None = None):
        self._ids = _Ids()
        self._counted = _Counted(exporter or OTLPSpanExporter())
        self._provider = TracerProvider(
            resource=Resource.create(
                {
                    "service.namespace": "front-door-hub",
                    "service.name": role,
                    "service.instance.id": instance,
                    "service.version": version("front-door-hub"),
                }
            ),
            id_generator=self._ids,
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_attribute_length=200),
        )
        processor = BatchSpanProcessor(self._counted)
        self._queue = processor._batch_processor._queue
        self._provider.add_span_processor(_Ended(processor, self._counted))
        self._tracer = self._provider.get_tracer("hub")

    def samples(self, trace: int) -> bool:
        """The sampler's word on a trace that begins here."""
        decided = self._provider.sampler.should_sample(None, trace, "").decision
        return decided is Decision.RECORD_AND_SAMPLE

    def take(self, span: Span) -> None:
        """Ends it in the SDK, which sends it from a thread of its own."""
        if unknown := span.facts.keys() - ATTRIBUTES:
            raise ValueError(f"no attribute of ours: {', '.join(sorted(unknown))}")
        self._ids.next = span.place
        parent = api.NonRecordingSpan(_context(span.parent)) if span.parent else None
        started = self._tracer.start_span(
            span.name,
            api.set_span_in_context(parent) if parent else Context(),
            SpanKind[span.kind.value],
            span.facts,
            [api.Link(_context(link)) for link in span.links],
            span.began,
        )
        if span.wrong:
            started.set_attribute("error.type", span.wrong)
            started.set_status(Status(StatusCode.ERROR))
        started.end(span.ended)

    def lost(self) -> int:
        """Ended, and neither sent nor waiting to be."""
        counted = self._counted
        return max(0, counted.ended - counted.sent - counted.in_hand - len(self._queue))

    def close(self) -> None:
        """Sends what waits, for as long as that is bearable."""
        # A thread of ours and no executor's: those are waited for when Python ends.
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSING)
        if lost := self.lost():
            log.warning("traces were lost", count=lost)


def _context(place: Place) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if place.sampled else TraceFlags.DEFAULT)
    return SpanContext(place.trace, place.span, is_remote=True, trace_flags=flags)


class _Ids(IdGenerator):
    """Gives a span the ids of its place; all spans are taken by one thread."""

    next: Place

    def generate_trace_id(self) -> int:
        return self.next.trace

    def generate_span_id(self) -> int:
        return self.next.span


class _Ended(SpanProcessor):
    """Counts what ended, so that what the full queue dropped is known."""

    def __init__(self, inner: BatchSpanProcessor, counted: "_Counted"):
        self._inner = inner
        self._counted = counted

    def on_end(self, span: ReadableSpan) -> None:
        self._counted.ended += 1
        self._inner.on_end(span)

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]


class _Counted(SpanExporter):
    """Says once that nobody takes spans, and once that somebody does again."""

    def __init__(self, inner: SpanExporter):
        self._inner = inner
        self._failing = False
        self.ended = self.sent = self.in_hand = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.in_hand = len(spans)
        try:
            result = self._inner.export(spans)
        except Exception:  # whatever is wrong with a collector, the next batch may fare better
            result = SpanExportResult.FAILURE
        failed = result is not SpanExportResult.SUCCESS
        self.in_hand = 0
        self.sent += 0 if failed else len(spans)
        if failed and not self._failing:
            log.warning("traces cannot be sent", count=len(spans))
        elif self._failing and not failed:
            log.info("traces are sent again")
        self._failing = failed
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()
