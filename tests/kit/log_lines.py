"""What a process would have logged, word for word, is there to be looked through."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
import structlog

from hub.telemetry import logs

_OF_KAFKA = ("aiokafka.consumer.fetcher", "aiokafka.consumer.group_coordinator", "aiokafka")


class Log(io.StringIO):
    """The lines of a role's log."""

    def lines(self) -> list[dict[str, object]]:
        """Each as it was written."""
        return [orjson.loads(line) for line in self.getvalue().splitlines()]

    def worst(self) -> list[dict[str, object]]:
        """What a process says only when something of ours failed."""
        ours = [line for line in self.lines() if line.get("logger") not in _OF_KAFKA]
        return [line for line in ours if line["level"] in ("error", "critical")]


@contextmanager
def logged_as(role: str) -> Iterator[Log]:
    """Logs as the role does, whole and to the end, and then as before."""
    root, ours = logging.getLogger(), Log()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    levels = {name: logging.getLogger(name).level for name in logs._LIBRARIES}
    logs.set_up(role, stream=ours, pretty=False)
    try:
        yield ours
    finally:
        root.handlers[:], sys.excepthook = handlers, hook
        root.setLevel(level)
        for name, least in levels.items():
            logging.getLogger(name).setLevel(least)
        structlog.reset_defaults()
