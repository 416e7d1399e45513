"""A role begins as soon as what it needs is there; what is away is named, waited for, and holds up no other role."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog

from hub.kafka.topic_setup import KafkaAway, ensure_topics
from hub.partners import Directory
from hub.running.stopping import unless
from hub.running.supervise import NAMES, ROLES, Record, Starts, Supervisor
from hub.settings import Settings

AGAIN = 1.0
"""Seconds between looks whether it is back."""
_SAY = 60
"""Looks between two lines in the log."""
NEEDS = {
    ("edge-in", "edge-out"): ("topics",),
    ("core",): ("topics", "ledger"),
    ("desk",): ("ledger",),
}
assert {name for names in NEEDS for name in names} == set(NAMES)
_LEDGER_AWAY = """The ledger named by HUB_DATABASE_URL does not answer:
{}
Messages are accepted meanwhile; everything else begins when it does."""
_KAFKA_AWAY = """The Kafka named by HUB_KAFKA_BOOTSTRAP does not answer:
{}
The desk shows what the ledger has; messages are accepted and delivered when it does."""
Look = Coroutine[Any, Any, str | None]
"""Finds out why something is not there; none where it is."""
_log = structlog.get_logger()


async def keep_all(
    settings: Settings,
    directory: Directory,
    env: Mapping[str, str],
    record: Record,
    stop: asyncio.Event,
    ledger_away: str | None,
) -> None:
    """Keeps every role running until `stop`; raises `TopicsWrong` where waiting would not help.

    `ledger_away` is why the first look at the ledger found nothing, if it did.
    """
    bootstrap = env["HUB_KAFKA_BOOTSTRAP"]

    async def topics() -> str | None:
        try:
            await ensure_topics(settings, directory, bootstrap)
        except KafkaAway as error:
            return str(error)
        return None

    async def ledger() -> str | None:
        return await asyncio.to_thread(migrated, settings)

    async def looked() -> str | None:
        return ledger_away

    starts = Starts()
    try:
        async with asyncio.TaskGroup() as group:
            there = {
                "topics": group.create_task(_until(topics, topics(), _KAFKA_AWAY, stop)),
                "ledger": group.create_task(_until(ledger, looked(), _LEDGER_AWAY, stop)),
            }
            for names, needs in NEEDS.items():
                roles = [role for role in ROLES if role.name in names]
                supervisor = Supervisor(settings.data, roles, env, record, starts)
                group.create_task(_after([there[need] for need in needs], supervisor, stop))
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _after(
    needs: Sequence[Awaitable[None]], supervisor: Supervisor, stop: asyncio.Event
) -> None:
    await asyncio.gather(*needs)
    await supervisor.run(stop)


async def _until(look: Callable[[], Look], first: Look, words: str, stop: asyncio.Event) -> None:
    """Returns when it is there, or when we stop; says once to people what is waited for."""
    looks, away = 0, await unless(stop, first)
    if away is not None:
        print(words.format(away), file=sys.stderr)
    while away is not None and not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN)
            return
        looks += 1
        away = await unless(stop, look())
        if away is not None and looks % _SAY == 0:
            _log.warning("what the hub needs does not answer", why=away)


def migrated(settings: Settings) -> str | None:
    """Brings the ledger to our version; else says what keeps us from a server's.

    A file that cannot be had is raised, and so is that we may not: waiting would not help.
    """
    from hub.ledger.migrate import migrate
    from hub.ledger.session import AWAY

    try:
        migrate(settings.ledger_url)
    except AWAY as error:
        if settings.database_url is None:
            raise
        return str(getattr(error, "orig", error)).strip()
    return None
