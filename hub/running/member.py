"""Two live processes of one name are known by what they do to each other, because Kafka tells neither of them."""

from collections import deque
from typing import Any

from hub.clock import monotonic

CONTENDED = 3
"""Memberships within a minute that tell of two live processes under one name."""

MINUTE = 60.0


class Member:
    """How often a consumer was taken in under a new membership.

    Members that come and go leave the others theirs, however often partitions are assigned anew.
    Who joins under a name that a living member has takes its membership away, and loses it to it
    in turn, for as long as both live.
    """

    def __init__(self) -> None:
        self._known = ""
        self._at: deque[float] = deque([monotonic()], maxlen=CONTENDED)

    def assigned(self, consumer: Any) -> None:
        """Partitions were assigned; a consumer that has not started yet is none."""
        known = "" if consumer is None else consumer._coordinator.member_id
        if known != self._known:
            if self._known:
                self._at.append(monotonic())
            self._known = known

    def contended(self) -> bool:
        """True while memberships follow each other as when two processes have one name."""
        full = len(self._at) == CONTENDED
        return full and self._at[-1] - self._at[0] < MINUTE and not self.calm()

    def calm(self) -> bool:
        """True after a minute of one membership."""
        return monotonic() - self._at[-1] > MINUTE
