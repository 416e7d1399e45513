"""Core reads three roads, decides, writes the ledger, and hands out what may go."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import Connection

from hub import clock, topics
from hub.broker import Unable, make_broker, road, stopped
from hub.core import batch
from hub.core.due import fall_due, unread
from hub.core.fitness import JOINING, Fitness
from hub.core.incidents.certificates import KEY, judge_with_others
from hub.core.incidents.one_name import OneName
from hub.core.incidents.sweep import Sweep
from hub.core.pulse import Pulse
from hub.core.reader import Reader, Records, Restored
from hub.core.reports import heartbeat
from hub.core.start.catching_up import CatchingUp, catching_up
from hub.core.start.feeds import Feeds
from hub.core.start.horizon import Horizons
from hub.core.start.owners import find_owners
from hub.core.start.recover import again, on_the_road
from hub.core.start.refill import refill
from hub.core.start.restored import another, gone, restored
from hub.core.start.upgrade import take_up
from hub.core.stuck import FaultIsOurs
from hub.core.traced import trail
from hub.core.work import Site, Work
from hub.directory.partner_files import load
from hub.ids import fresh
from hub.kafka.consumer import plain_consumer
from hub.kafka.publisher import Publisher
from hub.kafka.same_kafka import AnotherKafka
from hub.kafka.same_kafka import another as another_kafka
from hub.kafka.told import told_now
from hub.ledger.certificates import LedgerCertificates
from hub.ledger.session import AWAY
from hub.ledger.tables import PartnerState
from hub.ledger.thread import Ledger
from hub.ledger.version import check_version
from hub.ledger.write import insert
from hub.rules.book import Book
from hub.running import ports
from hub.running.stopping import unless
from hub.seal import Keyring
from hub.serving import doors
from hub.serving.probe import Probe
from hub.settings import Settings
from hub.telemetry import logs, traces
from hub.wire import Outbound

log = structlog.get_logger("hub.core")
GATHER = 0.1
"""Seconds that Kafka gathers receipts and parcels: one transaction for many, and no lane waits for it."""
AGAIN = 0.5
"""Seconds between looks whether Kafka is there, at the start."""
BEAT = 0.25
"""Seconds between rounds of what falls due."""


class Core:
    """One core process."""

    def __init__(self, settings: Settings, bootstrap: str):
        self.settings = settings
        self.bootstrap = bootstrap
        directory = load(settings.partners_dir)
        self.site = Site(
            settings,
            Keyring.load(settings.keys, needs=("road", "order", "watch", "case", "identity")),
            directory,
            Book.read(settings.rules_dir, settings.calendars_dir),
        )
        self.ledger = Ledger.open(settings.ledger_url)
        self.broker = make_broker(settings, bootstrap)
        self.publisher = Publisher(self.broker, lambda: make_broker(settings, bootstrap))
        self.epoch = fresh()
        self.stop = asyncio.Event()
        self.readers: list[Reader] = []
        self.published = asyncio.Lock()
        self.fitness = Fitness(self)
        self.one_name = OneName(f"core-{settings.instance}")
        self.sweep = Sweep(settings)
        self.pulse = Pulse(settings)
        self.ledger_certificates = LedgerCertificates(settings)
        self.catching_up: CatchingUp
        self.horizons: Horizons

    async def run(self) -> None:
        """Until stopped."""
        if not await self.ledger.answers(self.settings.kafka_session_timeout, self.stop):
            return
        self.fitness.waits_for = JOINING
        await asyncio.to_thread(check_version, self.ledger.engine)
        await unless(self.stop, self._begin())
        if self.stop.is_set():
            return
        self.fitness.began = True
        ports.announce(self.settings.data, "core")
        log.info("core ready", instance=self.settings.instance)
        lists = Feeds(
            self.ledger,
            self.site.keys,
            self.settings.instance,
            self.catching_up.cluster,
            self.site.directory,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(lists.run(self.publisher, self.stop))
            for reader in self.readers:
                group.create_task(reader.run(self.stop))
            group.create_task(self._due(group))
            group.create_task(self.pulse.beat(self.stop))
            group.create_task(self._same_kafka())
            group.create_task(self.ledger_certificates.look(self.stop))
            group.create_task(self.stop.wait())

    async def _begin(self) -> None:
        """Joins its groups, and takes up what earlier lives left."""
        names = [partner.partner for partner in self.site.directory]
        await self.ledger.transaction(lambda conn: _know(conn, names))
        over = {topics.recording(name): found for name, found in topics.ROADS.items()}
        self.catching_up = await self._kafka(over)
        await self.ledger.transaction(self.catching_up.look)
        await self.ledger.transaction(self._another)
        cluster = self.catching_up.cluster
        self.horizons = Horizons(cluster, self.catching_up.spots)
        subscribers = []
        for name, found in topics.ROADS.items():
            receipts = name == "receipts"
            group = self.settings.kafka_prefix + topics.recording(name)
            reader = Reader(
                self.ledger,
                name,
                f"core-{self.settings.instance}",
                cluster,
                self._told if receipts else self._messages,
                self._recorded,
                partial(told_now, self.settings, self.bootstrap, group, cluster),
                self._restored,
                self._lost,
                waits=self._receipts_wait if receipts else bool,
                first=name == "now",
            )
            subscriber = road(
                self.broker,
                self.settings,
                *found,
                group=topics.recording(name),
                listener=reader.stale,
                gather=GATHER if receipts else 0.0,
            )
            self.readers.append(reader)
            subscribers.append(subscriber)
        await self.broker.connect()
        await refill(self.ledger, self.publisher, self.site.keys, cluster, self.stop)
        # All groups at once: each may wait for its other members.
        await asyncio.gather(*(subscriber.start() for subscriber in subscribers))
        for reader, subscriber in zip(self.readers, subscribers, strict=True):
            reader.attach(subscriber)
        await self._recover()
        await self._upgrade()

    async def _kafka(self, over: Mapping[str, Iterable[str]]) -> CatchingUp:
        """What Kafka has; one that is away at the start is waited for."""
        while True:
            try:
                found = await catching_up(self.settings, self.bootstrap, over)
            except (KafkaError, OSError) as error:
                self.fitness.waits_for = "Kafka does not answer"
                log.warning("waiting for Kafka", exc_info=error)
                await clock.sleep(AGAIN)
            else:
                self.fitness.waits_for = JOINING
                return found

    async def close(self) -> None:
        """Gives everything back, within bounds: a broker that is gone must not hold us."""
        await self.publisher.stop()
        await stopped(self.broker, within=5)
        self.ledger.close()

    def _work(self, conn: Connection, hopeful: bool = False) -> Work:
        hold = self.catching_up.hold
        return Work(conn, self.site, clock.now(), hold=hold, hopeful=hopeful, trail=trail())

    def _receipts_wait(self) -> bool:
        return self.catching_up.receipts_wait

    def _messages(self, conn: Connection, records: Records, hopeful: bool) -> Work:
        return batch.messages(self._work(conn, hopeful), records)

    def _told(self, conn: Connection, records: Records, hopeful: bool) -> Work:
        self.catching_up.look(conn)
        return batch.told(self._work(conn, hopeful), records)

    async def _recorded(self, work: Work) -> None:
        self.pulse.recorded()
        await self._after(work)

    async def _after(self, work: Work) -> None:
        committed = traces.now()
        confirmed = await self.publish(work.out)
        if work.trail is not None:
            work.trail.tell(committed, confirmed)

    async def publish(self, out: Sequence[Outbound]) -> bool:
        """Puts out what a committed transaction decided; what Kafka does not take now is due again.

        An order that is not confirmed is outcome-unknown when its lease ends: it may be there.
        """
        if not out:
            return True
        async with self.published:
            for attempt in range(3):
                try:
                    await self.publisher(out)
                    return True
                except Unable as error:
                    log.warning("publish", why=str(error), attempt=attempt)
        return False

    async def _due(self, group: asyncio.TaskGroup) -> None:
        while not self.stop.is_set():
            try:
                await self.horizons.ask(self.readers[-1].consumer)
                work = await self.ledger.transaction(self._fall_due)
                self.pulse.committed(work)
                # Not waited for: while Kafka is away somebody must be told to ring all the same.
                if work.out or work.trail:
                    group.create_task(self._after(work))
            except AWAY as error:
                log.warning("away", reader="due", why=type(error).__name__)
                await clock.sleep(0.5)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self.stop.wait()

    def _fall_due(self, conn: Connection) -> Work:
        self.catching_up.look(conn)
        work = self._work(conn)
        work.upto = self.horizons.look(conn)
        unread(work, f"core-{self.settings.instance}", self.catching_up.gives_up())
        self.sweep.look(work)
        told = doors.told("hub", doors.for_kafka(self.settings) | self.ledger_certificates.known)
        directory = self.site.directory
        says = {"partners": directory.digests, KEY: told}
        heartbeat(work, f"core-{self.settings.instance}", self.epoch, directory.digest, says)
        judge_with_others(work, told)
        self.one_name.look(work, [reader.stale.member for reader in self.readers])
        self.pulse.look(work)
        fall_due(work)
        work.flush()
        return work

    async def _upgrade(self) -> None:
        """Takes up what waited for this version of the program."""

        def parked(conn: Connection) -> Work:
            work = self._work(conn)
            if count := take_up(work):
                log.info("took up what was parked", count=count)
            if count := find_owners(work):
                log.info("found who acts on what nobody got", count=count)
            return batch.finish(work)

        await self._after(await self.ledger.transaction(parked))

    async def _recover(self) -> None:
        """Puts on the road again what this slot had handed out and edge never saw."""

        def unseen(conn: Connection, seen: set[str]) -> Work:
            work = self._work(conn)
            again(work, self.settings.instance, seen)
            return work

        async with plain_consumer(self.settings, self.bootstrap) as consumer:
            lease = timedelta(seconds=self.settings.lease)
            seen = await on_the_road(
                consumer, self.ledger, self.settings.instance, lease, self.site.directory
            )
        if seen is not None:
            await self._after(await self.ledger.transaction(lambda conn: unseen(conn, seen)))

    async def _same_kafka(self) -> None:
        """Ends this life where Kafka is another one: what is right towards it is done at a start.

        Until then offsets of the old one would be looked for in the new one.
        """
        cluster = self.catching_up.cluster
        found = await unless(self.stop, another_kafka(self.settings, self.bootstrap, cluster))
        if found is not None:
            raise AnotherKafka(
                f"Kafka is another one than before ({found}, not {cluster}):"
                " core ends, and reads on when it is started again"
            )

    def _another(self, conn: Connection) -> None:
        another(self._work(conn), self.catching_up.cluster)

    async def _restored(self, behind: list[Restored]) -> None:
        """An older copy of the ledger is back: its gap is read again, and the fork is on record."""

        def note(conn: Connection) -> None:
            self.catching_up.again(conn, {one.spot: one.committed for one in behind})
            restored(self._work(conn), behind)

        log.warning("ledger restored", count=len(behind))
        await self.ledger.transaction(note)

    async def _lost(self, lost: dict[TopicPartition, int]) -> None:
        def note(conn: Connection) -> None:
            gone(self._work(conn), lost)

        await self.ledger.transaction(note)


def _know(conn: Connection, partners: list[str]) -> None:
    rows = [{"partner": name, "failures": 0, "version": 1} for name in sorted(partners)]
    insert(conn, PartnerState, rows, new_only=True)


async def serve(settings: Settings) -> None:
    """Runs a core until SIGTERM or SIGINT."""
    core = Core(settings, settings.kafka_bootstrap or "")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, core.stop.set)
    probe = Probe(settings, "core")
    probe.alive, probe.ready = core.fitness.hangs, core.fitness.unready
    probe.more = core.fitness.more
    try:
        async with probe.answering():
            await core.run()
    except BaseExceptionGroup as group:
        for error in group.exceptions:
            log.critical("a part of core failed", exc_info=error)
        raise
    finally:
        await core.close()


def main(settings: Settings) -> None:
    """`hub core`."""
    import uvloop

    logs.set_up("core", settings.log_level, settings.instance)
    traces.begin("core", settings.instance)
    # Edge answers partners; core's batches may grow a little instead of keeping them waiting.
    os.nice(10)
    try:
        uvloop.run(serve(settings))
    except* (FaultIsOurs, AnotherKafka) as ended:
        raise SystemExit(str(ended.exceptions[0])) from ended
    finally:
        traces.end()
