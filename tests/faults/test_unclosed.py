"""A start that finds no Kafka leaves nothing behind that is open."""

import asyncio
import gc
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from hub.core.start.catching_up import catching_up
from hub.embedded.processes import free_port
from hub.kafka.consumer import plain_consumer
from hub.kafka.same_kafka import cluster_now
from hub.settings import Settings


async def _catches_up(settings: Settings, nowhere: str) -> None:
    with pytest.raises(KafkaConnectionError):
        await catching_up(settings, nowhere, {})


async def _reads(settings: Settings, nowhere: str) -> None:
    with pytest.raises(KafkaConnectionError):
        async with plain_consumer(settings, nowhere):
            pass


async def _asks(settings: Settings, nowhere: str) -> None:
    assert await cluster_now(settings, nowhere) is None


@pytest.mark.parametrize("start", [_catches_up, _reads, _asks])
async def test_what_began_while_kafka_is_away_is_closed(
    start: Callable[[Settings, str], Awaitable[None]], tmp_path: Path
) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        await start(Settings(data=tmp_path), f"127.0.0.1:{free_port(None)}")
        for _ in range(3):  # the loop lets go of what failed a turn later
            gc.collect()
            await asyncio.sleep(0.05)
    assert [str(one.message) for one in seen if one.category is ResourceWarning] == []
    assert [context["message"] for context in told] == []
