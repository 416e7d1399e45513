"""What goes wrong without a word is looked for every few seconds, and judged once core knows enough.

Nobody's clock makes an incident: after a start, and after the civil clock was set, what waits has
two minutes to go out before its age is judged, and silence is measured by our own clock.
"""

from datetime import datetime, timedelta

from hub.clock import monotonic
from hub.core.due import alone
from hub.core.incidents.behind import reading_behind
from hub.core.incidents.disk import Disk
from hub.core.incidents.expected import unheard
from hub.core.incidents.queues import old_queues
from hub.core.incidents.silence import Silence
from hub.core.incidents.stopped import blocked_lanes, stopped_deliveries
from hub.core.start.catching_up import Hold
from hub.core.start.horizon import NEVER
from hub.core.work import Work
from hub.settings import Settings

EVERY = 5.0
SETTLES = 120.0
JUMP = 10.0
"""Seconds."""


class Sweep:
    """One core's rounds; all it keeps is when it looked and whom it heard."""

    def __init__(self, settings: Settings):
        name = f"core-{settings.instance}"
        self._silence = Silence()
        self._disk = Disk(name, settings.data, settings.disk_free_min)
        self._next = monotonic()
        self._settled = monotonic() + SETTLES
        self._before: tuple[datetime, float] | None = None

    def look(self, work: Work) -> None:
        """One round, where it is time for one; before core gives its own word."""
        if monotonic() < self._next:
            return
        self._next = monotonic() + EVERY
        self._watch_clock(work)
        duties = [reading_behind, self._silence.look, self._disk.look, unheard]
        duties += [stopped_deliveries, blocked_lanes]
        if monotonic() >= self._settled and work.hold is Hold.NOTHING and work.clocks_end > NEVER:
            duties.append(old_queues)
        for duty in duties:
            alone(work, duty)

    def _watch_clock(self, work: Work) -> None:
        now, before = (work.now, monotonic()), self._before
        self._before = now
        if before is not None:
            passed = timedelta(seconds=now[1] - before[1])
            if abs(now[0] - before[0] - passed) > timedelta(seconds=JUMP):
                self._settled = now[1] + SETTLES
