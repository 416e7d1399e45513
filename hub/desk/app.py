"""The desk is one small web program: pages for people, an outbox for partners, health for whoever runs it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sse_starlette.sse import EventSourceResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from hub.broker import make_broker
from hub.desk import certificates, metrics, outbox, refusals, staying
from hub.desk.accounts.open import bring_up
from hub.desk.api.reads import make_api
from hub.desk.counted import Counts
from hub.desk.desk import Desk
from hub.desk.frame import Reader, desk_of
from hub.desk.live import Live
from hub.desk.pages import (
    audit,
    calls,
    conflicts,
    custody,
    export,
    failed,
    find,
    inbox,
    incidents,
    journey,
    mends,
    notices,
    now,
    parcels,
    partners,
    people,
    redrives,
    repairs,
    runbook,
    sign,
)
from hub.desk.plain import LARGEST
from hub.desk.road import KafkaRoad
from hub.directory import partner_files
from hub.kafka.security import kafka_security
from hub.ledger.read.fetch import reading
from hub.ledger.session import AWAY, open_ledger
from hub.ledger.version import check_version
from hub.rules.book import Book
from hub.running import ports
from hub.seal import Keyring
from hub.serving import doors
from hub.serving.patient_http import HEAD, PatientHttp
from hub.serving.served import SILENT
from hub.settings import Settings
from hub.telemetry import logs

log = structlog.get_logger("desk")

AGAIN = 1.0
"""Seconds between tries to reach a database that is away at the start."""
STATIC = Path(__file__).parent / "static"
PAGES = (
    sign,
    now,
    find,
    inbox,
    custody,
    notices,
    conflicts,
    journey,
    redrives,
    repairs,
    failed,
    mends,
    parcels,
    calls,
    partners,
    incidents,
    runbook,
    people,
    audit,
    export,
)


def make_app(desk: Desk) -> FastAPI:
    """The web program around a desk."""
    app = FastAPI(
        title="Front Door Hub",
        description="Held messages for systems that collect. Pages for people are not listed.",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=SILENT,
    )
    app.state.desk = desk
    for page in PAGES:
        app.include_router(page.router)
    app.include_router(outbox.router)
    app.include_router(metrics.router)
    app.include_router(staying.router)
    app.mount("/v1/desk", make_api(desk, LARGEST))
    # Not the pages: how short a page packs would tell its secrets to who can put words into it.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC)), name="static")
    app.get("/live", include_in_schema=False, response_model=None)(live)
    app.get("/health", tags=["health"])(health)
    app.get("/ready", tags=["health"], response_model=None)(ready)
    refusals.install(app)
    return app


async def live(request: Request, visit: Reader) -> EventSourceResponse:
    """Tells an open page that something changed; it then asks for itself anew."""

    async def changes() -> AsyncIterator[dict[str, str]]:
        async for stamp in visit.desk.live.changes():
            yield {"event": "changed", "data": stamp}

    return EventSourceResponse(changes(), ping=15, shutdown_grace_period=2.0)


def health() -> dict[str, str]:
    """The process is alive."""
    return {"status": "alive"}


def ready(request: Request) -> Response:
    """The ledger answers; Kafka away does not make the desk unready, it only closes content."""
    desk = desk_of(request)
    with desk.ledger.connect() as conn:
        conn.execute(text("select 1 from partner_state limit 1"))
    return JSONResponse({"ledger": "answers", "kafka": "answers" if desk.road.up else "away"})


def make_desk(settings: Settings, road: KafkaRoad) -> Desk:
    """A desk from its settings; raises where partner files or rules are wrong."""
    keys = Keyring.load(settings.keys, needs=("road", "case", "session"))
    ledger = reading(open_ledger(settings.ledger_url, by_index=True))
    counts = Counts(ledger)
    return Desk(
        settings,
        keys,
        partner_files.load(settings.partners_dir),
        Book.read(settings.rules_dir, settings.calendars_dir),
        ledger,
        open_ledger(settings.people_database),
        road,
        counts,
        Live(ledger, counts),
    )


def main(settings: Settings) -> None:
    """Runs the desk until it is told to end; raises `SetUpWrong` where it cannot open."""
    logs.set_up("desk", settings.log_level, settings.instance)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    tls = doors.tls_of(settings, "desk")
    # Asked for again and again where Kafka is away, it would be taken for that.
    kafka_security(settings)
    road = KafkaRoad(lambda: make_broker(settings), settings.kafka_bootstrap or "")
    desk = make_desk(settings, road)
    waiting = None
    try:
        await asyncio.to_thread(_bring_up, desk)
    except AWAY:
        # Every page will say so, and nobody gets further than that.
        waiting = asyncio.create_task(_bring_up_when_there(desk))
    listening = ports.listening(settings, "desk")
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        make_app(desk),
        http=PatientHttp,
        ws="none",
        h11_max_incomplete_event_size=HEAD,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        ssl_context_factory=(lambda *_: tls) if tls is not None else None,
    )
    server = _Server(config, desk.live)
    if waiting is not None:
        waiting.add_done_callback(lambda found: _ends(server, found))
    road.start()
    desk.counts.start()
    telling = asyncio.create_task(certificates.tell(settings, desk, tls))
    # The socket listens already: whoever connects now is served as soon as the server is.
    ports.announce(settings.data, "desk", port)
    log.info("serving", port=port)
    try:
        await server.serve([listening])
    finally:
        telling.cancel()
        wrong = _wrong(waiting)
        if waiting is not None:
            waiting.cancel()
        await desk.live.stop()
        await asyncio.to_thread(desk.counts.stop)
        await road.stop()
        desk.ledger.dispose()
        desk.people.dispose()
    if wrong is not None:
        raise wrong


def _bring_up(desk: Desk) -> None:
    """Raises `OtherVersion` where the ledger is not ours to show."""
    check_version(desk.ledger)
    bring_up(desk.people)


async def _bring_up_when_there(desk: Desk) -> None:
    while True:
        log.warning("the ledger does not answer")
        await asyncio.sleep(AGAIN)
        with suppress(*AWAY):
            await asyncio.to_thread(_bring_up, desk)
            return


def _wrong(waiting: asyncio.Task[None] | None) -> BaseException | None:
    """What was found wrong once the ledger was there."""
    if waiting is None or not waiting.done() or waiting.cancelled():
        return None
    return waiting.exception()


def _ends(server: uvicorn.Server, waiting: asyncio.Task[None]) -> None:
    server.should_exit = server.should_exit or _wrong(waiting) is not None


class _Server(uvicorn.Server):
    """Listeners of `/live` end first, or the server would wait for them."""

    def __init__(self, config: uvicorn.Config, live: Live):
        super().__init__(config)
        self._live = live

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn would raise the signal again before we have given back what is open.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._live.stop()
        await super().shutdown(sockets)
