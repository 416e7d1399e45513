"""A collector of traces at the other end of OTLP over HTTP, which tests can ask, refuse by and look through."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

Value = str | int | bool | float


@dataclass(frozen=True)
class Told:
    """A span as it came; ids are hex, `parent` is empty at a root."""

    trace: str
    span: str
    parent: str
    name: str
    role: str
    facts: dict[str, Value]
    links: tuple[tuple[str, str], ...]
    began: int
    ended: int
    failed: bool
    words: str
    """Status message and events, where there should be nothing."""


@dataclass
class Collector:
    """Everything that it was sent; `status` is what it answers."""

    spans: list[Told] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    status: int = 200
    port: int = 0

    @property
    def env(self) -> dict[str, str]:
        """For a hub that is to tell it, soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "NO_PROXY": "127.0.0.1",
        }

    def take(self, path: str, head: str, body: bytes) -> None:
        """Notes one request."""
        self.heads.append(f"{path}\n{head}")
        self.raw.append(body)
        if self.status != 200 or path != "/v1/traces":
            return
        said = ExportTraceServiceRequest.FromString(body)
        for resource in said.resource_spans:
            about = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    facts = {
                        each.key: getattr(each.value, each.value.WhichOneof("value"))
                        for each in span.attributes
                    }
                    self.spans.append(
                        Told(
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            span.name,
                            about["service.name"],
                            facts,
                            tuple((one.trace_id.hex(), one.span_id.hex()) for one in span.links),
                            span.start_time_unix_nano,
                            span.end_time_unix_nano,
                            span.status.code == span.status.STATUS_CODE_ERROR,
                            span.status.message + "".join(str(one) for one in span.events),
                        )
                    )

    def of(self, trace: str) -> list[Told]:
        """One trace, in the order in which it began."""
        found = [span for span in self.spans if span.trace == trace]
        return sorted(found, key=lambda span: span.began)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port of this machine, while the block lasts."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take(self.path, str(self.headers), body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
