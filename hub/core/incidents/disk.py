"""A disk that is nearly full is one incident of whoever sees it, before Kafka or the ledger stand still."""

import shutil
from pathlib import Path

from hub.clock import monotonic
from hub.core.incidents.over import lasting
from hub.core.work import Work

KIND = "disk"
OVER = "there is room again"
EVERY = 30.0
ROOM_AGAIN = 1.1
"""Times the least: below that it neither opens nor closes."""


class Disk:
    """The disk of the data directory: Kafka, ledger and keys where they are embedded."""

    def __init__(self, name: str, path: Path, least: int):
        self._name = name
        self._path = path
        self._least = least
        self._next = monotonic()

    def look(self, work: Work) -> None:
        """Measures, twice a minute at most."""
        if monotonic() < self._next or not self._path.exists():
            return
        self._next = monotonic() + EVERY
        found = shutil.disk_usage(self._path)
        wrong = {}
        if found.free < self._least:
            own = _own(self._path)
            wrong[self._name] = (
                f"{_size(found.free)} of {_size(found.total)} are free where the hub keeps its data,"
                f" and {_size(own)} of it are the hub's; HUB_DISK_FREE_MIN is {_size(self._least)}"
            )
        others = work.wrong_of(KIND) - {self._name}
        unsure = {self._name} if found.free < self._least * ROOM_AGAIN else set()
        lasting(work, KIND, wrong, OVER, others | unsure)


def _own(path: Path) -> int:
    """Bytes below a directory; what goes away meanwhile counts nothing."""
    total = 0
    for one in path.rglob("*"):
        try:
            total += one.lstat().st_blocks * 512
        except OSError:
            continue
    return total


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
