"""What was taken lately is looked at for a while, so that what a slow writer adds to it is read too.

A writer's handle follows its file through every rename, and no settling time is long enough for
all of them. Only how a file looked before it was read is compared: nothing asks who holds it open,
which a mounted share could not tell. Blocking: call in a thread.
"""

from dataclasses import dataclass
from pathlib import Path
from time import time

from connectors import claims

RECALLED = 86_400.0
"""Seconds: of what was put away, what was written to within them is looked at after a start."""


@dataclass(frozen=True, slots=True)
class _Taken:
    name: str
    look: claims.Look
    until: float
    goes: bool


class Lately:
    """The files of one folder whose verdict is known, by where they lie now."""

    def __init__(self, inbox: Path, seconds: float) -> None:
        self._inbox = inbox
        self._seconds = seconds
        self._taken: dict[Path, _Taken] = {}
        self._recalled = False

    def note(self, held: claims.Claim, look: claims.Look, now: float, *, goes: bool) -> None:
        """Looks at a file from now on; `look` is from before it was read, `goes` if it ends deleted."""
        self._taken[held.path] = _Taken(held.name, look, now + self._seconds, goes)

    def look(self, now: float) -> None:
        """Claims again what has changed since it was read; deletes what has not for long enough."""
        if not self._recalled:
            # What an earlier start would have deleted: how it looked then is forgotten.
            for held in claims.left(self._inbox, claims.TAKEN):
                claims.claim_again(held, self._inbox)
            # What an earlier start put away stays, but for what was written to since.
            for held in claims.written_since(self._inbox, time() - RECALLED):
                claims.claim_again(held, self._inbox)
            self._recalled = True
        for path, taken in list(self._taken.items()):
            try:
                changed = claims.look(path) != taken.look
            except FileNotFoundError:
                del self._taken[path]
                continue
            if changed:
                claims.claim_again(claims.Claim(path, taken.name), self._inbox)
            elif now < taken.until:
                continue
            elif taken.goes:
                path.unlink()
            del self._taken[path]
