"""What a probe asks is answered in JSON with 200 or 503, and what a process counts as Prometheus reads it."""

from collections.abc import Iterable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.serving.probe import Probe
from hub.serving.served import SILENT
from hub.telemetry.vitals import ALL


def app_of(probe: Probe) -> FastAPI:
    """The web program of a probe."""
    app = FastAPI(
        title="Front Door Hub: a role's health",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry=SILENT,
    )

    def told(good: str, bad: str, wrong: str | None) -> JSONResponse:
        said = {"status": good} if wrong is None else {"status": bad, "why": wrong}
        return JSONResponse({"role": probe.role} | said | probe.more(), 503 if wrong else 200)

    @app.get("/health")
    async def health() -> JSONResponse:
        return told("alive", "hangs", await probe.alive())

    @app.get("/ready")
    async def ready() -> JSONResponse:
        return told("ready", "unable", await probe.ready())

    @app.get("/metrics")
    async def metrics() -> Response:
        registry = CollectorRegistry(auto_describe=False)
        found = await probe.families() if probe.families else families(probe.role)
        registry.register(_Found(list(found)))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


def families(role: str) -> Iterable[Metric]:
    """What this process counts of itself."""
    for vital in ALL:
        kind = CounterMetricFamily if vital.counter else GaugeMetricFamily
        family = kind(vital.name, vital.meaning, labels=["role"])
        family.add_metric([role], vital.read())
        yield family


class _Found(Collector):
    def __init__(self, found: list[Metric]):
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found
