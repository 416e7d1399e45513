"""What FastAPI would tell a collector of what it sees is told to nobody: addresses hold what people search for."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hub.desk.app import make_app
from hub.edge.bound import Bytes
from hub.edge.door import make_door
from hub.serving.probe import Probe
from hub.serving.probe_app import app_of
from hub.settings import Settings


async def _there() -> str | None:
    return None


def _program(name: str, folder: Path) -> Any:
    nothing: Any = object()
    made: dict[str, Any] = {
        "desk": lambda: make_app(nothing),
        "door": lambda: make_door({}, Bytes(1), _there),
        "probe": lambda: app_of(Probe(Settings(data=folder), "core")),
        "any": FastAPI,
    }
    return made[name]()


@pytest.mark.parametrize(("name", "spans"), [("desk", 0), ("door", 0), ("probe", 0), ("any", 1)])
async def test_a_search_is_no_span(
    name: str, spans: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`any` shows that there would be one: this test would not notice a FastAPI that stopped telling."""
    seen = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(seen))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    transport = httpx.ASGITransport(_program(name, tmp_path), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        await client.get("/health", params={"q": "Quillonby Zanthorpe"})
    told = [span for span in seen.get_finished_spans() if "Zanthorpe" in str(span.attributes)]
    assert len(told) == spans
