"""Core reads three roads, decides, writes the ledger, and hands out what may go."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Any

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from sqlalchemy import Connection

from hub import clock, logs, ports, topics, traces
from hub.broker import Unable, make_broker, road, stopped
from hub.consumer import plain_consumer
from hub.core.acts import record_act
from hub.core.arrival import Arrival, of_record
from hub.core.catching_up import CatchingUp, catching_up
from hub.core.dispatch import dispatch
from hub.core.due import fall_due, unread
from hub.core.fitness import Fitness
from hub.core.horizon import Horizons
from hub.core.one_name import OneName
from hub.core.parcels import record_parcels
from hub.core.reader import Reader, Records, Restored
from hub.core.record import record_messages
from hub.core.recover import again, on_the_road
from hub.core.reports import heartbeat, record_report
from hub.core.restored import gone, restored
from hub.core.settle import settle_receipts, settle_takeover
from hub.core.stuck import FaultIsOurs, keep_record
from hub.core.traced import named, trail
from hub.core.upgrade import take_up
from hub.core.whole import whole
from hub.core.work import Site, Work
from hub.ids import fresh
from hub.ledger.session import AWAY
from hub.ledger.tables import PartnerState
from hub.ledger.thread import Ledger
from hub.ledger.write import insert
from hub.partner_files import load
from hub.probe import Probe
from hub.publisher import Publisher
from hub.rules.book import Book
from hub.seal import Keyring
from hub.settings import Settings
from hub.stopping import unless
from hub.wire import Foreign, Outbound, Record, UnknownVersion, read

log = structlog.get_logger("hub.core")
GATHER = 0.1
"""Seconds that Kafka gathers receipts and parcels: one transaction for many, and no lane waits for it."""
_EFFECTS = {"takeover": settle_takeover, "report": record_report}
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
            Keyring.load(settings.keys),
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
        self.catching_up: CatchingUp
        self.horizons: Horizons

    async def run(self) -> None:
        """Until stopped."""
        if not await self.ledger.answers(self.settings.kafka_session_timeout, self.stop):
            return
        await unless(self.stop, self._begin())
        if self.stop.is_set():
            return
        self.fitness.began = True
        ports.announce(self.settings.data, "core")
        log.info("core ready", instance=self.settings.instance)
        async with asyncio.TaskGroup() as group:
            for reader in self.readers:
                group.create_task(reader.run(self.stop))
            group.create_task(self._due(group))
            group.create_task(self.stop.wait())

    async def _begin(self) -> None:
        """Joins its groups, and takes up what earlier lives left."""
        names = [partner.partner for partner in self.site.directory]
        await self.ledger.transaction(lambda conn: _know(conn, names))
        flows = [topics.flow(name) for name in topics.FLOWS]
        roads = {
            "now": ([topics.IMMEDIATE, topics.ACTS], self._messages, 0.0),
            "flows": (flows, self._messages, 0.0),
            "receipts": ([topics.RECEIPTS, topics.PARCELS, topics.REPORTS], self._told, GATHER),
        }
        over = {f"core.{name}": found for name, (found, _, _) in roads.items()}
        self.catching_up = await catching_up(self.settings, self.bootstrap, over)
        await self.ledger.transaction(self.catching_up.look)
        self.horizons = Horizons(self.catching_up.cluster, self.catching_up.spots)
        subscribers = []
        for name, (names, record, gather) in roads.items():
            reader = Reader(
                self.ledger,
                name,
                f"core-{self.settings.instance}",
                self.catching_up.cluster,
                record,
                self._after,
                self._restored,
                self._lost,
                waits=self._receipts_wait if name == "receipts" else bool,
                first=name == "now",
            )
            subscriber = road(
                self.broker,
                self.settings,
                *names,
                group=f"core.{name}",
                listener=reader.stale,
                gather=gather,
            )
            self.readers.append(reader)
            subscribers.append(subscriber)
        await self.broker.connect()
        # All groups at once: each may wait for its other members.
        await asyncio.gather(*(subscriber.start() for subscriber in subscribers))
        for reader, subscriber in zip(self.readers, subscribers, strict=True):
            reader.attach(subscriber)
        await self._recover()
        await self._upgrade()

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
        work = self._work(conn, hopeful)
        arrivals: list[Arrival] = []
        parcels: list[tuple[ConsumerRecord, Record]] = []
        acts: list[tuple[ConsumerRecord, Record]] = []
        for raw, record in self._read(work, records):
            if raw.topic == topics.ACTS:
                acts.append((raw, record))
                continue
            if record.parcel is not None:
                parcels.append((raw, record.parcel))
            try:
                arrivals.append(of_record(record, raw))
            except Exception as error:  # whatever is wrong with one, the others must go on
                self._stuck(work, raw, error)
        record_messages(work, arrivals)
        self._parcels(work, parcels)
        for raw, record in acts:
            self._alone(work, raw, partial(record_act, work, record))
        return self._finish(work)

    def _told(self, conn: Connection, records: Records, hopeful: bool) -> Work:
        """What became of attempts, what parcels held, how roles fare: nobody waits for these."""
        self.catching_up.look(conn)
        work = self._work(conn, hopeful)
        found = self._read(work, records)
        self._parcels(work, [one for one in found if one[0].topic == topics.PARCELS])
        for kind, group in _together(one for one in found if one[0].topic != topics.PARCELS):
            if kind == "receipts":
                self._settle(work, group)
            elif effect := _EFFECTS.get(kind):
                for raw, record in group:
                    self._alone(work, raw, partial(effect, work, dict(record.meta)))
            else:
                for raw, _ in group:
                    keep_record(work, raw, "it does not belong here", "foreign")
        return self._finish(work)

    def _parcels(self, work: Work, found: list[tuple[ConsumerRecord, Record]]) -> None:
        """All of a batch together; else one by one."""
        effect = partial(record_parcels, work, [record for _, record in found])
        if len(found) == 1:
            self._alone(work, found[0][0], effect)
        elif found and whole(work, effect):
            for one in found:
                self._parcels(work, [one])

    def _settle(self, work: Work, group: list[tuple[ConsumerRecord, Record]]) -> None:
        """Receipts of one partner that came one after the other, together; else one by one."""

        def effect() -> None:
            meta = group[0][1].meta
            told = [receipt for _, record in group for receipt in record.meta["receipts"]]
            settle_receipts(work, meta["partner"], meta["edge"], told)

        if len(group) == 1:
            self._alone(work, group[0][0], effect)
            return
        if whole(work, effect):
            for one in group:
                self._settle(work, [one])

    def _finish(self, work: Work) -> Work:
        work.flush()
        dispatch(work)
        work.flush()
        return work

    def _alone(self, work: Work, raw: ConsumerRecord, effect: Callable[[], Any]) -> None:
        """One record's effect under a savepoint; kept as stuck where it fails."""
        error = whole(work, effect)
        if error is not None:
            self._stuck(work, raw, error)

    def _stuck(self, work: Work, raw: ConsumerRecord, error: Exception) -> None:
        where = {"topic": raw.topic, "offset": raw.offset, **named(raw)}
        log.warning("stuck", error=type(error).__name__, **where)
        keep_record(work, raw, f"{type(error).__name__} in its effect")

    def _read(self, work: Work, records: Records) -> list[tuple[ConsumerRecord, Record]]:
        found = []
        for raw in records:
            headers = {name: value or b"" for name, value in raw.headers}
            try:
                found.append((raw, read(self.site.keys, raw.topic, headers, raw.value)))
            except UnknownVersion as error:
                keep_record(work, raw, error.reason, "parked")
            except Foreign as error:
                keep_record(work, raw, error.reason, "foreign")
        return found

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
        heartbeat(
            work, f"core-{self.settings.instance}", self.epoch, self.site.directory.digest, {}
        )
        self.one_name.look(work, [reader.stale.member for reader in self.readers])
        fall_due(work)
        work.flush()
        return work

    async def _upgrade(self) -> None:
        """Takes up what waited for this version of the program."""

        def parked(conn: Connection) -> Work:
            work = self._work(conn)
            if count := take_up(work):
                log.info("took up what was parked", count=count)
            return self._finish(work)

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


def _together(
    found: Iterable[tuple[ConsumerRecord, Record]],
) -> list[tuple[str, list[tuple[ConsumerRecord, Record]]]]:
    """Neighbours of one kind and partner, in their order."""
    named = groupby(
        found, lambda one: (one[1].kind, one[1].meta.get("partner"), one[1].meta.get("edge"))
    )
    return [(kind, list(group)) for (kind, _, _), group in named]


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
    except* FaultIsOurs as fault:
        raise SystemExit(str(fault.exceptions[0])) from fault
    finally:
        traces.end()
