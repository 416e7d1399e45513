"""A role that has spoken and speaks no more is one incident, until it speaks or a person says why."""

from datetime import timedelta

from hub.clock import monotonic
from hub.core.incidents.over import lasting
from hub.core.work import Work
from hub.ledger.write import at, rows

KIND = "silent"
OVER = "it speaks again"
LONGEST = 30.0
"""Seconds; a role speaks once a second, and a restart takes some."""
READ_WITHIN = timedelta(seconds=10)
"""Where what edges tell is read later than that, their silence may be ours."""
GONE = timedelta(days=7)
"""Who was silent for so long when we began was taken away: nobody waits for it. Longer than any hub
stands still unwatched, because who is not back after that is missed."""


class Silence:
    """When each role was last heard, by our own clock: no clock that is set makes anybody silent."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[object, float]] = {}
        self._spoke: set[str] = set()
        """Heard since we began; of the others we know only that they spoke once."""
        self._gone: dict[str, object] | None = None
        """Who had gone before we began, and its last word then; none: we have not looked yet."""

    def look(self, work: Work) -> None:
        """Opens and closes; what an earlier core opened stays open until its role is heard."""
        said = rows(work.conn, "select instance, epoch, at from heartbeat")
        found = {row.instance: (row.epoch, str(row.at)) for row in said}
        if self._gone is None:
            long_ago = work.now - GONE
            self._gone = {
                row.instance: found[row.instance]
                for row in said
                if (moment := at(row.at)) is not None and moment < long_ago
            }
        self._gone = {name: word for name, word in self._gone.items() if found.get(name) == word}
        reading = work.upto is not None and work.machine - work.upto.leases <= READ_WITHIN
        for name, word in found.items():
            before = self._heard.get(name)
            if before is not None and before[0] != word:
                self._spoke.add(name)
            if before is None or before[0] != word or not reading:
                self._heard[name] = (word, monotonic())
        wrong = {
            name: "it has said nothing for half a minute"
            for name in found.keys() - self._gone.keys()
            if monotonic() - self._heard[name][1] > LONGEST
        }
        self._spoke -= wrong.keys()
        lasting(work, KIND, wrong, OVER, work.wrong_of(KIND) - self._spoke)
