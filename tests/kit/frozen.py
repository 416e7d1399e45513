"""A Kafka can be made to stand still: it accepts connections and answers nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hub.embedded import EmbeddedKafka


def stands_still(pid: int) -> bool:
    """The signal returns before the last thread has stopped, and one that still runs may answer."""
    threads = Path("/proc", str(pid), "task").glob("*/stat")
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)


@asynccontextmanager
async def frozen(node: EmbeddedKafka) -> AsyncIterator[None]:
    """While the block lasts."""
    status = node.status()
    assert status is not None and status.pid is not None
    os.kill(status.pid, signal.SIGSTOP)
    try:
        while not stands_still(status.pid):
            await asyncio.sleep(0.01)
        yield
    finally:
        os.kill(status.pid, signal.SIGCONT)
