"""A source that cannot be read is told of once that has lasted, and no more once it has not been so for a while."""

from typing import Protocol, runtime_checkable

LASTS = 30.0
"""Seconds; a mount that comes back and a file that is locked while it is copied are not worth a word."""


@runtime_checkable
class Troubled(Protocol):
    """A transport that looks for itself, so that nobody else would notice that it cannot."""

    def trouble(self) -> str:
        """What keeps it from taking what is there, in a sentence; empty while nothing does."""
        ...


class Trouble:
    """What one source has met; the clock is handed in."""

    def __init__(self, calm: float) -> None:
        self._calm = calm
        self._first = self._last = 0.0
        self._why = ""

    def met(self, why: str, now: float) -> None:
        """Something could not be read now."""
        if not self.says(now, lasts=0.0):
            self._first = now
        self._last, self._why = now, why

    def says(self, now: float, lasts: float | None = None) -> str:
        """What has been so for that long, and was a short while ago."""
        over = not self._why or now - self._last > self._calm
        return "" if over or now - self._first < (LASTS if lasts is None else lasts) else self._why
