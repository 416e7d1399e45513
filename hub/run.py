"""`hub run` starts all that a hub needs: Kafka, keys, ledger, topics, and its roles kept alive."""

import asyncio
import contextlib
import os
import signal
from typing import Any

from pydantic import SecretStr

from hub.directory.partner_files import PartnersWrong, load
from hub.embedded.node import KafkaFailed
from hub.embedded.runtime import FetchFailed
from hub.kafka.security import kafka_security
from hub.partners import Directory
from hub.rules.book import Book
from hub.running import ports
from hub.running.begin import keep_all, migrated
from hub.running.keep_kafka import KeptKafka
from hub.running.stopping import unless
from hub.running.supervise import Record, alone
from hub.seal import ROOTS, Keyring
from hub.serving import doors
from hub.settings import Settings
from hub.telemetry import logs
from hub.wrong import SetUpWrong


def main(settings: Settings) -> None:
    """Runs the hub until SIGTERM or SIGINT; raises `SetUpWrong` where it cannot start."""
    logs.set_up("run", settings.log_level, settings.instance)
    try:
        with alone(settings.data):
            asyncio.run(_run(settings))
    except PartnersWrong as error:
        raise SetUpWrong(f"{error}\nThe hub does not start with these partner files.") from error
    except (KafkaFailed, FetchFailed) as error:
        raise SetUpWrong(str(error)) from error


async def _run(settings: Settings) -> None:
    directory = load(settings.partners_dir, settings.calendars_dir)
    # What a role would find wrong is found before any begins.
    Book.read(settings.rules_dir, settings.calendars_dir)
    kafka_security(settings)
    for door in doors.DOORS:
        doors.tls_of(settings, door)
    doors.can_know(settings, directory)
    record = Record(settings.data)
    await asyncio.to_thread(record.end_orphans)
    free(settings)
    keys(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    kafka = KeptKafka(settings, record) if settings.embedded else None
    async with _probed(settings, record):
        await _until_stopped(settings, directory, record, stop, kafka)


def _probed(settings: Settings, record: Record) -> contextlib.AbstractAsyncContextManager[Any]:
    if settings.probe_port is None:
        return contextlib.nullcontext()
    from hub.running.whole import Whole

    return Whole(settings, record).probe().answering()


async def _until_stopped(
    settings: Settings,
    directory: Directory,
    record: Record,
    stop: asyncio.Event,
    kafka: KeptKafka | None,
) -> None:
    try:
        # Threads cannot be called off, so a failure of one waits for the other.
        ledger, road = await asyncio.gather(
            asyncio.to_thread(migrated, settings),
            asyncio.to_thread(kafka.start if kafka is not None else lambda: None),
            return_exceptions=True,
        )
        if isinstance(ledger, BaseException):
            raise ledger
        if isinstance(road, BaseException):
            raise road
        while not stop.is_set():
            bootstrap = settings.kafka_bootstrap or (kafka.bootstrap if kafka else "")
            over = asyncio.Event()
            ends = asyncio.create_task(_ends(over, stop, kafka))
            try:
                env = environment(settings, bootstrap)
                await keep_all(settings, directory, env, record, over, ledger)
            finally:
                ends.cancel()
                await asyncio.wait({ends})
            if not ends.cancelled():
                ends.result()
            if not stop.is_set():
                ledger = await asyncio.to_thread(migrated, settings)
    finally:
        if kafka is not None:
            await asyncio.to_thread(kafka.stop)
        record.forget()


async def _ends(over: asyncio.Event, stop: asyncio.Event, kafka: KeptKafka | None) -> None:
    """Says that the roles' time is over: we stop, or their Kafka is at another address."""
    try:
        await unless(stop, kafka.keep() if kafka is not None else stop.wait())
    finally:
        over.set()


def free(settings: Settings) -> None:
    """Raises `PortTaken` where the desk, the door or the probe could not listen."""
    ports.listening(settings, "desk").close()
    ports.listening(settings, "door").close()
    if settings.probe_port is not None:
        ports.listening(settings, "probe").close()


def keys(settings: Settings) -> None:
    """Makes the keys of the embedded default at its first start; given ones must be complete."""
    if settings.keys_dir is None:
        Keyring.first_start(settings.keys)
    else:
        Keyring.load(settings.keys, needs=ROOTS)


def environment(settings: Settings, bootstrap: str) -> dict[str, str]:
    """What the roles are started with: our environment, and what these settings add to it."""
    told = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if isinstance(value, tuple):
            value = ",".join(map(str, value))
        if value not in (None, ""):
            told[f"HUB_{name.upper()}"] = str(value)
    told["HUB_DATA"] = str(settings.data.absolute())
    if settings.probe_port is not None:
        # The port is ours; each role answers to us at one of its own.
        told |= {"HUB_PROBE_HOST": "127.0.0.1", "HUB_PROBE_PORT": "0"}
    return {**os.environ, **told, "HUB_KAFKA_BOOTSTRAP": bootstrap}
