"""A seed says who is killed when, so that a campaign that found something can be played again."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

HASTY = 0.25
"""Kills that do not wait for the work before them: they fall into a recovery."""

WEIGHTS = {"edge-in": 25, "edge-out": 20, "core": 40, "desk": 10, "kafka": 5}


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: so many seconds after the one before it, this role of this slot.

    Unless it is `hasty`, it also waits until its share of the messages was acknowledged, so that
    a slow machine does not see all kills before any work.
    """

    after: float
    role: str
    slot: int
    hasty: bool = False

    def __str__(self) -> str:
        return f"{self.after:.2f}s {self.role}{self.slot if self.role != 'kafka' else ''}"


def schedule(seed: int, slots: int, pause: float, first: tuple[str, ...] = ()) -> Iterator[Kill]:
    """Kills without end; `first` are the victims that a short campaign must not be without."""
    chance = Random(seed)
    wanted = list(first)
    chance.shuffle(wanted)
    while True:
        after = min(max(chance.expovariate(1 / pause), 0.05), 4 * pause)
        drawn = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        slot = chance.randint(1, slots)
        role = wanted.pop() if wanted else drawn
        yield Kill(after, role, 1 if role == "kafka" else slot, chance.random() < HASTY)
