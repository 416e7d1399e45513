"""`hub run` starts all that a hub needs: Kafka, keys, ledger, topics, and its roles kept alive."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable

from pydantic import SecretStr

from hub import logs, ports
from hub.embedded.node import KafkaFailed
from hub.embedded.runtime import FetchFailed
from hub.kafka_security import KafkaSettingsWrong
from hub.keep_kafka import KeptKafka
from hub.partner_files import PartnersWrong, load
from hub.seal import ROOTS, Keyring
from hub.settings import Settings
from hub.supervise import ROLES, AlreadyRunning, Record, Supervisor, alone
from hub.topic_setup import TopicsWrong, ensure_topics

_AGAIN = 1.0
_WAITING = """The ledger named by HUB_DATABASE_URL does not answer:
{}
Messages are accepted meanwhile; everything else begins when it does."""
_WRONG_SET_UP = 78
"""`EX_CONFIG`: a supervisor of ours (systemd) should not try again."""


def main(settings: Settings) -> int:
    """Runs the hub until SIGTERM or SIGINT; the exit code, with a sentence where it cannot start."""
    logs.set_up("run")
    try:
        with alone(settings.data):
            return asyncio.run(_run(settings))
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
    except PartnersWrong as error:
        print(f"{error}\nThe hub does not start with these partner files.", file=sys.stderr)
    except (PortTaken, TopicsWrong, KafkaSettingsWrong, KafkaFailed, FetchFailed) as error:
        print(error, file=sys.stderr)
    except PermissionError as error:
        print(error, file=sys.stderr)
    return _WRONG_SET_UP


async def _run(settings: Settings) -> int:
    directory = load(settings.partners_dir, settings.calendars_dir)
    record = Record(settings.data)
    await asyncio.to_thread(record.end_orphans)
    free(settings)
    keys(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    kafka = KeptKafka(settings, record) if settings.embedded else None
    try:
        ready: list[Awaitable[object]] = [asyncio.to_thread(_migrate, settings)]
        if kafka is not None:
            ready.append(asyncio.to_thread(kafka.start))
        # Threads cannot be called off, so a failure of one waits for the other.
        outcomes = await asyncio.gather(*ready, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if not stop.is_set():
            bootstrap = settings.kafka_bootstrap or (kafka.bootstrap if kafka else "")
            await ensure_topics(settings, directory, bootstrap)
            env = environment(settings, bootstrap)
            keeping = asyncio.create_task(kafka.keep()) if kafka is not None else None
            if outcomes[0] is None:
                await Supervisor(settings.data, ROLES, env, record).run(stop)
            else:
                print(_WAITING.format(outcomes[0]), file=sys.stderr)
                edges = [role for role in ROLES if role.name.startswith("edge")]
                others = [role for role in ROLES if role not in edges]
                await asyncio.gather(
                    Supervisor(settings.data, edges, env, record).run(stop),
                    _with_a_ledger(settings, Supervisor(settings.data, others, env, record), stop),
                )
            if keeping is not None:
                keeping.cancel()
    finally:
        if kafka is not None:
            await asyncio.to_thread(kafka.stop)
        record.forget()
    return 0


class PortTaken(Exception):
    """Something else listens where a role of ours must: starting it again would not help."""


def free(settings: Settings) -> None:
    """Raises `PortTaken` where the desk or the door could not listen."""
    for host, name in (("desk_host", "desk_port"), ("door_host", "door_port")):
        where = (getattr(settings, host), getattr(settings, name))
        try:
            ports.listen(*where).close()
        except OSError as error:
            raise PortTaken(
                f"HUB_{name.upper()}={where[1]} cannot be had on {where[0]} ({error.strerror}):"
                " set another port, or 0 for any free one"
            ) from error


def keys(settings: Settings) -> None:
    """Makes the keys of the embedded default at its first start; given ones must be complete."""
    if settings.keys_dir is None:
        Keyring.first_start(settings.keys)
        return
    Keyring.load(settings.keys)
    missing = [name for name in ROOTS if not (settings.keys / f"{name}.key").exists()]
    if missing:
        names = ", ".join(f"{name}.key" for name in missing)
        raise PermissionError(f"HUB_KEYS_DIR={settings.keys} lacks {names}")


def _migrate(settings: Settings) -> str | None:
    """What keeps us from a server's ledger, if anything does; a file that cannot be had is raised."""
    from hub.ledger.migrate import migrate
    from hub.ledger.session import AWAY

    try:
        migrate(settings.ledger_url)
    except AWAY as error:
        if settings.database_url is None:
            raise
        return str(getattr(error, "orig", error)).strip()
    return None


async def _with_a_ledger(settings: Settings, others: Supervisor, stop: asyncio.Event) -> None:
    """Runs the roles that need the ledger once it is there and of our version."""
    while await asyncio.to_thread(_migrate, settings) is not None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _AGAIN)
            return
    await others.run(stop)


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
    return {**os.environ, **told, "HUB_KAFKA_BOOTSTRAP": bootstrap}
