"""One process speaks with the partners that it was given, and lives without the ledger."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
import uvloop
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker

from connectors.base import Accept, Transport
from connectors.certificates import Proven
from connectors.formats import make_format
from connectors.renewed import Renewed, TlsWrong
from connectors.transports import make_transport
from hub import clock, topics
from hub.broker import make_broker, stopped
from hub.directory.partner_files import load
from hub.edge import door
from hub.edge.accept import Intake
from hub.edge.attempt import Mouth
from hub.edge.bound import Bytes, Sends
from hub.edge.deliver import Deliverer, Road
from hub.edge.pull import Puller
from hub.edge.report import Reports, Tallies
from hub.edge.watched import Watched
from hub.intake.compose import Composer
from hub.kafka.publisher import Publisher
from hub.partners import Directory, Partner, feeds
from hub.running import ports
from hub.running.member import Member
from hub.running.stopping import unless
from hub.seal import Keyring
from hub.serving import doors
from hub.serving.probe import Probe
from hub.serving.served import Served, served
from hub.settings import Settings
from hub.telemetry import logs, traces
from hub.wrong import SetUpWrong
from schemas.register import REGISTER

ENDING = 8.0
"""Seconds for what is in hand at the end; less than the supervisor waits."""

LAST_WORD = 2.0
"""Seconds for the last report; while Kafka is away, the silence says it."""

NEEDS = ("road", "order")
"""Keys without which nothing can be accepted or delivered; a watch key only for who is filtered."""

TYPES = {name: entry for name, entry in REGISTER.items() if entry.flow in topics.FLOWS}

log = structlog.get_logger("hub.edge")


class WrongPartner(SetUpWrong):
    """A setting names a partner without a file."""


def main(settings: Settings) -> int:
    """Runs one edge until SIGTERM or SIGINT; the exit code."""
    logs.set_up(name(settings), settings.log_level, settings.instance)

    async def until_told() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await run(settings, stop)

    traces.begin(name(settings), settings.instance)
    try:
        return uvloop.run(until_told())
    finally:
        traces.end()


def name(settings: Settings) -> str:
    """What this process is called beside others: a half of an edge is a role of its own."""
    return "edge" if settings.edge_part == "both" else f"edge-{settings.edge_part}"


async def run(settings: Settings, stop: asyncio.Event) -> int:
    """Runs one edge until `stop` is set and what was in hand is finished."""
    if settings.edge_part != "both":
        slot = f"{settings.edge_part}-{settings.instance}"
        settings = settings.model_copy(update={"instance": slot})
    directory = load(settings.partners_dir)
    mine = chosen(directory, settings.partners)
    listens = settings.edge_part != "out"
    tls = None
    if listens:
        tls = doors.tls_of(settings, "door")
        doors.can_know(settings, mine)
    private = settings.keys_dir is not None
    keys = Keyring.load(settings.keys, NEEDS) if private else Keyring.first_start(settings.keys)
    bootstrap = settings.kafka_bootstrap
    if bootstrap is None:
        sys.exit("an edge alone needs HUB_KAFKA_BOOTSTRAP; `hub run` starts a Kafka of its own")
    watched = Watched(keys, feeds(mine) if listens else [])
    async with Probe(settings, name(settings)).answering() as probe:
        broker = await unless(stop, _connected(settings, watched, bootstrap))
        if broker is None:
            return 0
        edge = Edge(settings, directory, keys, broker, watched, stop, tls)
        probe.ready, probe.more = edge.unready, edge.wrong
        try:
            await edge.run(mine)
        finally:
            await stopped(broker)
    return edge.exit_code


def chosen(directory: Directory, names: tuple[str, ...]) -> list[Partner]:
    """The partners named, or all; raises `WrongPartner`."""
    if not names:
        return list(directory)
    unknown = [name for name in names if directory.get(name) is None]
    if unknown:
        raise WrongPartner(f"no partner file says {', '.join(unknown)}")
    return [directory[name] for name in names]


async def _connected(settings: Settings, watched: Watched, bootstrap: str) -> KafkaBroker:
    """A broker that produces, once Kafka is there and the watched list was read."""
    while True:
        broker = make_broker(settings, bootstrap)
        try:
            await broker.connect()
            await watched.open(settings, bootstrap)
            return broker
        except (KafkaError, OSError) as error:
            log.warning("waiting for Kafka", exc_info=error)
            await stopped(broker)
            await clock.sleep(0.5)
        except BaseException:
            await stopped(broker)
            raise


@dataclass(frozen=True, slots=True)
class Voice:
    """One partner, and how it is spoken with both ways."""

    partner: Partner
    transport: Transport
    accept: Accept
    mouth: Mouth


class Edge:
    """The parts of one edge, and the order in which they begin and end."""

    def __init__(
        self,
        settings: Settings,
        directory: Directory,
        keys: Keyring,
        broker: KafkaBroker,
        watched: Watched,
        stop: asyncio.Event,
        tls: Renewed | None = None,
    ):
        self.exit_code = 0
        self._tls = tls
        self._voices: list[Voice] = []
        self._at_door: dict[str, door.Caller] = {}
        self._doorman: Served | None = None
        self._settings = settings
        self._keys = keys
        self._broker = broker
        self._watched = watched
        self._stop = stop
        self._publish = publish = Publisher(broker, lambda: make_broker(settings))
        send = Sends(publish, settings.kafka_partitions)
        self._room = Bytes(settings.intake_bytes)
        self._tallies = Tallies()
        self._intake = Intake(send, self._room, watched, self._tallies)
        self._road = Road(broker, settings, keys, publish)
        self._deliverers: dict[str, Deliverer] = {}
        self._pullers: dict[str, Puller] = {}
        self._members: list[Member] = []
        self._wrong: dict[str, str] = {}
        self._serves = False
        self._reports = Reports(
            settings.instance,
            directory,
            keys,
            publish,
            self._tallies,
            self._connections,
            lambda: any(member.contended() for member in self._members),
            self._certificates,
            self._sources,
        )

    async def unready(self) -> str | None:
        """Why nothing can be owned or sent now; None where it can."""
        if not self._serves:
            return "it does not listen yet"
        return None if await self._broker.ping(3) else "Kafka does not answer"

    def wrong(self) -> dict[str, Any]:
        """Partners that cannot be listened to: the others are served all the same."""
        return {"cannot_listen": sorted(self._wrong)} if self._wrong else {}

    def _connections(self) -> dict[str, str]:
        sources = {name: why for name, why in self._sources().items() if why}
        return {name: each.says for name, each in self._deliverers.items()} | self._wrong | sources

    def _sources(self) -> dict[str, str]:
        """What keeps this edge from collecting, by partner whose source it has; empty: nothing."""
        told = {name: puller.trouble() for name, puller in self._pullers.items()}
        return {name: why for name, why in told.items() if why is not None}

    async def run(self, mine: list[Partner]) -> None:
        """Listens first, then delivers; at the end finishes both and says a last report."""
        voices = self._voices = [self._voice(partner) for partner in mine]
        part = self._settings.edge_part
        tasks = [] if part == "out" else self._taking_in(voices)
        tasks += [] if part == "in" else self._sending(voices)
        self._serves = True
        ports.announce(self._settings.data, name(self._settings))
        background = [
            self._task(self._watched.follow()),
            self._task(self._reports.every_second()),
        ]
        await self._stop.wait()
        if self._doorman is not None:
            self._doorman.should_exit = True
        _, late = await asyncio.wait(tasks, timeout=ENDING) if tasks else ((), ())
        for task in (*late, *background):
            task.cancel()
        await asyncio.gather(*late, *background, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                await self._reports.say()
        await self._publish.stop()
        await asyncio.gather(*(voice.transport.close() for voice in voices))

    def _taking_in(self, voices: list[Voice]) -> "list[asyncio.Task[None]]":
        tasks = [self._task(self._take_in(voice)) for voice in voices]
        bound = ports.listening(self._settings, "door")
        self._at_door = self._callers(voices)
        answers = door.make_door(self._at_door, self._room, self.unready)
        self._doorman = served(answers, tls=self._tls)
        tasks.append(self._task(self._doorman.serve([bound])))
        port = bound.getsockname()[1]
        log.info("door listening", port=port, pid=os.getpid())
        ports.announce(self._settings.data, "door", port)
        return tasks

    def _sending(self, voices: list[Voice]) -> "list[asyncio.Task[None]]":
        sent = [voice for voice in voices if voice.transport.mode == "sent"]
        return [self._task(self._delivering(voice)) for voice in sent]

    def _task(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A part of the edge; one that fails ends the edge, for its supervisor to start anew."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("a part of edge failed", exc_info=error)
            self.exit_code = 70
            self._stop.set()

    def _voice(self, partner: Partner) -> Voice:
        transport = make_transport(partner.partner, partner.transport, clock.now)
        speaks = make_format(partner.format)
        composer = Composer(partner, TYPES, self._keys)
        accept = self._intake.of(composer, speaks, heard=not transport.pulls)
        return Voice(partner, transport, accept, Mouth(partner.partner, transport, speaks))

    async def _take_in(self, voice: Voice) -> None:
        """Serves a transport; one that cannot listen is tried again and reported meanwhile."""
        name = voice.partner.partner
        if voice.transport.pulls:
            puller = Puller(self._road, name, voice.transport, voice.accept)
            self._pullers[name] = puller
            self._members.append(puller.member)
            await puller.run(self._stop)
            return
        while not self._stop.is_set():
            try:
                await voice.transport.serve(voice.accept, self._stop)
                self._wrong.pop(name, None)
            except Exception as error:
                why = str(error) if isinstance(error, TlsWrong) else type(error).__name__
                self._wrong[name] = f"cannot listen: {why}"
                log.error("a transport failed", partner=name, exc_info=error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 2)

    async def _delivering(self, voice: Voice) -> None:
        deliverer = Deliverer(self._road, voice.partner, voice.mouth)
        self._deliverers[voice.partner.partner] = deliverer
        self._members.append(deliverer.member)
        await deliverer.run(self._stop)

    def _callers(self, voices: list[Voice]) -> dict[str, door.Caller]:
        callers = {}
        for voice in voices:
            settings = getattr(voice.transport, "settings", None)
            tokens = getattr(settings, "token", None) or ()
            certificate = getattr(settings, "certificate", None)
            if tokens or certificate is not None:
                name, kind = voice.partner.partner, voice.transport.name
                media_type = voice.mouth.speaks.media_type
                callers[name] = door.Caller(
                    name, kind, media_type, tokens, voice.accept, certificate
                )
        return callers

    def _certificates(self) -> dict[str, str]:
        """What of ours is in use, whom we trust, what partners showed; a second's report tells of all."""
        ours = doors.for_kafka(self._settings) | doors.of_door("door", self._tls)
        told = doors.told("hub", ours)
        for voice in self._voices:
            if isinstance(voice.transport, Proven):
                told |= doors.told(voice.partner.partner, voice.transport.certificates())
        for name, caller in self._at_door.items():
            if (shown := caller.seen.soonest) is not None:
                told |= doors.told(name, {"door theirs": shown})
        return told
