"""The embedded Kafka runs as long as `hub run` does, and ends with it only where `hub run` started it."""

import asyncio
import os

import structlog

from hub.embedded import EmbeddedKafka
from hub.embedded.node import KafkaFailed
from hub.embedded.runtime import FetchFailed
from hub.running.supervise import Record
from hub.settings import Settings

_AGAIN = 1.0
_LOOK = 0.5
_log = structlog.get_logger()


class KeptKafka:
    """One embedded Kafka under supervision; the record remembers that it is ours."""

    def __init__(self, settings: Settings, record: Record):
        self._node = EmbeddedKafka(settings.data, settings.kafka_heap)
        self._record = record
        self.bootstrap = ""

    def start(self) -> None:
        """Starts or finds it."""
        before = self._node.status()
        self.bootstrap = self._node.start()
        after = self._node.status()
        running = before.pid if before is not None else None
        found = running is not None and running != self._record.kafka
        self._record.kafka = None if found or after is None else after.pid

    def stop(self) -> None:
        """Stops it if it is ours."""
        if self._record.kafka is not None:
            self._node.stop()

    async def keep(self) -> None:
        """Starts it again whenever it ends; returns where it could not have its old address again."""
        address = self.bootstrap
        while self.bootstrap == address:
            status = self._node.status()
            if status is not None and status.pid is not None:
                await _ended(self._node, status.pid)
            _log.warning("Kafka ended and is started again", bootstrap=self.bootstrap)
            try:
                await asyncio.to_thread(self.start)
            except (KafkaFailed, FetchFailed, OSError):
                _log.exception("Kafka did not start", delay=_AGAIN)
                await asyncio.sleep(_AGAIN)
        _log.warning("Kafka is elsewhere: every role is started again", bootstrap=self.bootstrap)


async def _ended(node: EmbeddedKafka, pid: int) -> None:
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(handle, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)
        return
    while (status := node.status()) is not None and status.pid == pid:
        await asyncio.sleep(_LOOK)
