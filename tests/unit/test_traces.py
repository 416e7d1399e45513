"""Traces cost nothing while nobody watches, keep nobody waiting while somebody does, and their ids need no memory."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from connectors.base import Kind as Said
from hub.telemetry import otlp, traces
from hub.telemetry.traces import Kind, Place, Span
from tests.kit.collector import collecting
from tests.kit.log_lines import logged_as
from tests.kit.waiting import wait_until
from tests.unit.edge.speaks import parcel
from tests.unit.edge.test_accept import edge as an_edge

MESSAGE = "0d6a0bfc-8a36-5c1c-9b0a-1f5e0cf0a001"


def a_span(place: Place, parent: Place | None = None, **more: Any) -> Span:
    return Span("accept", place, parent, Kind.SERVER, 1, 2, **more)


class Stuck(SpanExporter):
    """A collector that never answers."""

    def __init__(self) -> None:
        self.batches = 0

    def export(self, spans: Any) -> SpanExportResult:
        self.batches += 1
        time.sleep(30)
        return SpanExportResult.FAILURE


@contextmanager
def watched(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], exporter: SpanExporter | None = None
) -> Iterator[otlp.Exporting]:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    sink = otlp.Exporting("core", "1", exporter)
    before = traces.use(sink)
    try:
        yield sink
    finally:
        traces.use(before)
        sink.close()


def test_ids_follow_from_what_a_span_is_about() -> None:
    first = traces.place(MESSAGE, "deliver", "d1", "1")
    assert first == traces.place(MESSAGE, "deliver", "d1", "1")
    assert first == traces.place(MESSAGE).beside("deliver", "d1", "1")
    assert first.trace == traces.place(MESSAGE, "deliver", "d1", "2").trace
    assert first.span != traces.place(MESSAGE, "deliver", "d1", "2").span
    assert first.trace != traces.place("another", "deliver", "d1", "1").trace
    assert traces.read(first.traceparent) == first
    assert traces.fresh(MESSAGE).trace == first.trace
    assert traces.fresh(MESSAGE).span != traces.fresh(MESSAGE).span


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "Zanthorpe",
        "00-" + "0" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "0" * 16 + "-01",
        "01-" + "1" * 32 + "-" + "1" * 16 + "-01",
        "00-" + "1" * 32 + "-" + "1" * 16 + "-01-more",
        b"\xff" * 55,
    ],
)
def test_a_header_that_w3c_does_not_allow_says_nothing(wrong: str | bytes | None) -> None:
    assert traces.read(wrong) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [("AE", True), ("503", True), ("5.7.1", True), ("", False), ("Quillonby", False)]
    + [("9990000018", False), ("101^Quillonby", False), ("AES", False)],
)
def test_of_a_partners_codes_only_a_protocols_are_told(said: str, told: bool) -> None:
    assert traces.code(said) == ({"hub.code": said} if told else {})


@pytest.mark.parametrize(
    ("env", "asked"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_ask_for_them(env: dict[str, str], asked: bool) -> None:
    assert traces.wanted(env) is asked


@pytest.mark.parametrize("role", ["edge", "core", "desk"])
def test_a_role_that_nobody_watches_does_not_import_the_sdk(role: str) -> None:
    script = (
        "import sys, hub.running.standby, hub.telemetry.traces; hub.running.standby.warm(sys.argv[1]);"
        "hub.telemetry.traces.begin(sys.argv[1], '1');"
        "sys.exit(any(m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for m in sys.modules))"
    )
    env = {"PYTHONPATH": ".", "PATH": ""}
    assert (
        subprocess.run([sys.executable, "-c", script, role], check=False, env=env).returncode == 0
    )


def test_a_span_arrives_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector, watched(monkeypatch, collector.env):
        root, child = traces.place(MESSAGE, "a"), traces.place(MESSAGE, "b")
        traces.say(a_span(root, facts={"hub.partner": "team"}))
        traces.say(a_span(child, root, wrong="refused", links=[traces.place("other", "c")]))
        wait_until(lambda: len(collector.spans) == 2)
        first, second = collector.spans
        assert (first.trace, first.span, first.parent) == (root.trace_id, f"{root.span:016x}", "")
        assert (first.facts, first.failed, first.role) == ({"hub.partner": "team"}, False, "core")
        assert (second.trace, second.parent, second.failed) == (root.trace_id, first.span, True)
        assert second.links == (
            (traces.place("other").trace_id, traces.place("other", "c").traceparent[36:52]),
        )
        assert second.facts == {"error.type": "refused"}


def test_an_attribute_that_is_not_in_the_list_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector, watched(monkeypatch, collector.env) as sink:
        traces.say(a_span(traces.place(MESSAGE, "a"), facts={"hub.detail": "Zanthorpe"}))
        traces.say(a_span(traces.place(MESSAGE, "b")))
        wait_until(lambda: collector.spans)
        assert sink.lost() == 0
        assert [span.facts for span in collector.spans] == [{}]


def test_what_does_not_fit_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5"}
    collector = Stuck()
    monkeypatch.setattr(otlp, "CLOSING", 0.2)
    with logged_as("core") as log, watched(monkeypatch, small, collector) as sink:
        began = time.monotonic()
        for number in range(1000):
            traces.say(a_span(traces.place(MESSAGE, str(number))))
        wait_until(lambda: collector.batches)
        assert sink.lost() >= 1000 - 10 - 5
        assert traces.lost() == sink.lost()
        sink.close()
        assert time.monotonic() - began < 10
    assert [line["event"] for line in log.lines()].count("traces were lost") == 2


def test_a_collector_that_is_away_is_said_once_and_so_is_its_return(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with collecting() as collector, logged_as("core") as log:
        collector.status = 400
        with watched(monkeypatch, collector.env) as sink:
            for number in range(3):
                count = len(collector.raw)
                traces.say(a_span(traces.place(MESSAGE, str(number))))
                wait_until(lambda count=count: len(collector.raw) > count)  # type: ignore[misc]
            wait_until(lambda: sink.lost() == 3)
            collector.status = 200
            traces.say(a_span(traces.place(MESSAGE, "at last")))
            wait_until(lambda: collector.spans)
            wait_until(lambda: "traces are sent again" in log.getvalue())
    said = [line["event"] for line in log.lines()]
    assert said == ["traces cannot be sent", "traces are sent again", "traces were lost"]


@pytest.mark.parametrize(
    ("share", "least", "most"), [("0", 0, 0), ("0.5", 60, 140), ("1", 200, 200)]
)
def test_each_process_samples_the_same_traces(
    monkeypatch: pytest.MonkeyPatch, share: str, least: int, most: int
) -> None:
    env = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}
    with collecting() as collector:
        found = []
        for _ in range(2):
            with watched(monkeypatch, collector.env | env):
                places = [traces.place(str(number), "a") for number in range(200)]
                found.append([place.sampled for place in places])
                for place in places:
                    traces.say(a_span(place))
        assert found[0] == found[1]
        assert least <= sum(found[0]) <= most
        assert len(collector.spans) == 2 * sum(found[0])


async def test_a_parcel_of_several_messages_is_a_trace_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edge = an_edge()
    with collecting() as collector, watched(monkeypatch, collector.env):
        verdict = await edge.accept(parcel({"text": "one"}, {"text": "two"}))
        assert verdict.kind is Said.OWNED
        await asyncio.to_thread(wait_until, lambda: len(collector.spans) == 5)
    first, second = (collector.of(traces.place(name).trace_id) for name in verdict.message_ids)
    assert [span.name for span in first] == ["accept", "send flows.health", "send parcels"]
    assert [span.name for span in second] == ["accept", "send flows.health"]
    assert second[0].links == ((first[0].trace, first[0].span),)
    for out in edge.kafka.has:
        sent = traces.read(out.headers["ce_traceparent"])
        assert sent is not None
        assert f"{sent.span:016x}" in {span.span for span in (*first, *second)}


async def test_while_nobody_watches_records_carry_nothing_more() -> None:
    edge = an_edge()
    await edge.accept(parcel({"text": "one"}))
    assert all("ce_traceparent" not in out.headers for out in edge.kafka.has)


async def test_log_lines_of_what_fails_name_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    edge = an_edge()
    edge.kafka.away = True
    with collecting() as collector, logged_as("edge") as log, watched(monkeypatch, collector.env):
        await edge.accept(parcel({"text": "one"}))
        await asyncio.to_thread(wait_until, lambda: len(collector.spans) == 2)
    (line,) = [line for line in log.lines() if line["event"] == "unable to own a parcel"]
    assert {span.trace for span in collector.spans} == {line["trace_id"]}
    assert all(span.failed for span in collector.spans)
