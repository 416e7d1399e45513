"""What a day comes to, and what waits, is counted beside the pages, at one moment that a page names.

Counting costs what there is to count, and a page may not. Where it is quick, each page has it counted
anew; where it is not, a page shows the last count and its instant, and has the next one made.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub import clock
from hub.ledger.read.day import Day, days, together
from hub.ledger.read.partners import Figures, figures
from hub.ledger.read.queues import Queue, queues
from hub.ledger.read.waits import Waits, waits
from hub.ledger.session import at_one_moment

log = structlog.get_logger("desk")

DAY = timedelta(hours=24)
QUICK = 0.02
"""Seconds: a count that takes no longer is made for each page."""
PAUSE = 10
"""Between two counts passes so many times what the last one took: a tenth of one processor at most."""
IDLE = 300.0
"""Seconds after which it is counted again although nobody asked, so that the first to come reads
nothing old."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The 24 hours before an instant, by authority; what came, went and waits then, and waited in
    these hours, by partner; what waits for whom then, by authority."""

    at: datetime
    days: Mapping[str, Day]
    partners: Figures
    queues: Mapping[str, Queue]
    waits: Mapping[str, tuple[Waits, ...]]

    def day(self, authorities: Collection[str] | None) -> Day:
        """The account of these authorities; None is every authority."""
        return together(
            account
            for authority, account in self.days.items()
            if authorities is None or authority in authorities
        )

    def waits_of(self, authorities: Collection[str] | None) -> list[Waits]:
        """What waits for whom about these authorities; None is every authority."""
        return [
            one
            for authority, each in self.waits.items()
            if authorities is None or authority in authorities
            for one in each
        ]

    def says(self, other: "Counted") -> bool:
        """Whether both come to the same, whenever they were counted."""
        return replace(self, at=other.at) == other


class Counts:
    """The last count of one desk, and whoever makes the next; `start` keeps it young."""

    def __init__(
        self, ledger: Engine, quick: float = QUICK, seconds: Callable[[], float] = time.monotonic
    ):
        self._ledger = ledger
        self._quick = quick
        self._seconds = seconds
        self._took = 0.0
        self._last: Counted | None = None
        self._one = threading.Lock()
        self._asked = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.news = 0
        """Grows with each count beside the pages that comes to something else than the one before."""

    def latest(self, now: datetime) -> Counted:
        """This moment's count, or the last one where counting takes long; a newer one then follows.

        Not to be asked by who holds a connection to the ledger: it may take one of its own.
        """
        if (held := self._held()) is None:
            with self._one:
                # Who waited for another's count does not make it once more.
                if (held := self._held()) is None:
                    return self._count(now)
        self._asked.set()
        return held

    def start(self) -> None:
        """Counts beside the pages from now on, in a thread of its own."""
        self._thread = threading.Thread(target=self._keep, name="counts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends that; a count that is under way is not waited for long."""
        self._ended.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _held(self) -> Counted | None:
        return self._last if self._took > self._quick else None

    def _keep(self) -> None:
        while not self._ended.is_set():
            # Before the count begins: who asks from here on may have seen something newer.
            self._asked.clear()
            try:
                self.again()
            except SQLAlchemyError as error:
                log.warning("the day could not be counted", error=type(error).__name__)
            self._ended.wait(max(1.0, self._took * PAUSE))
            self._asked.wait(IDLE)

    def again(self) -> None:
        """Counts anew, whoever asked."""
        with self._one:
            before = self._last
            found = self._count(clock.now())
            if before is not None and self._held() and not found.says(before):
                self.news += 1

    def _count(self, now: datetime) -> Counted:
        began = self._seconds()
        with at_one_moment(self._ledger) as conn:
            found = Counted(
                now, days(conn, now - DAY), figures(conn, now), queues(conn, now), waits(conn, now)
            )
        self._last, self._took = found, self._seconds() - began
        return found
