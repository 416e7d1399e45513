"""A seed says what is done to whom, when and for how long, so that it can all be played again."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from random import Random

LASTS = 12.0
"""Seconds within which every step of a schedule begins."""

ROLES = ("edge-in", "edge-out", "core", "desk")
TEAMS = ("by-case", "by-arrival")
HOSPITALS = ("north", "south")
SERVERS = ("kafka", "postgres")
MANNERS = ("slow", "silent", "babble", "truncate", "wrong", "twice", "late", "hang-up")
"""How a team answers while a step lasts."""
RECORDS = ("junk", "foreign", "tombstone", "newer")
CODES = {
    "LEADER_NOT_AVAILABLE": 5,
    "NOT_LEADER_OR_FOLLOWER": 6,
    "REQUEST_TIMED_OUT": 7,
    "NETWORK_EXCEPTION": 13,
    "NOT_ENOUGH_REPLICAS": 19,
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND": 20,
    "TOPIC_AUTHORIZATION_FAILED": 29,
    "OUT_OF_ORDER_SEQUENCE_NUMBER": 45,
    "DUPLICATE_SEQUENCE_NUMBER": 46,
    "KAFKA_STORAGE_ERROR": 56,
    "UNKNOWN_PRODUCER_ID": 59,
    "INVALID_PRODUCER_EPOCH": 47,
}
"""What Kafka may say to a produce request, by the names and numbers of its protocol."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be done: how often it is drawn, to whom, and for how long."""

    weight: int
    whom: tuple[str, ...]
    least: float = 0.0
    most: float = 0.0


KINDS = {
    "kill": Kind(16, (*ROLES, "run", *SERVERS)),
    "stop": Kind(12, (*ROLES, *SERVERS), 0.5, 4.0),
    "restart": Kind(10, (*ROLES, "run", *SERVERS)),
    "full": Kind(8, ("hub", *SERVERS), 1.0, 4.0),
    "clock": Kind(4, ("+14h", "-14h", "+400d", "-1h")),
    "cut": Kind(9, (*SERVERS, *TEAMS, *HOSPITALS), 0.5, 3.0),
    "delay": Kind(8, (*SERVERS, *TEAMS, *HOSPITALS), 1.0, 4.0),
    "halve": Kind(9, (*SERVERS, *TEAMS, *HOSPITALS), 0.5, 3.0),
    "deaf": Kind(7, (*SERVERS, *TEAMS, *HOSPITALS), 1.0, 4.0),
    "mute": Kind(7, (*SERVERS, *TEAMS, *HOSPITALS), 1.0, 4.0),
    **{manner: Kind(3, TEAMS, 1.0, 4.0) for manner in MANNERS},
    "flood": Kind(8, HOSPITALS),
    "write": Kind(10, RECORDS),
    "code": Kind(8, tuple(CODES), 0.5, 2.5),
}
"""`deaf`: nothing reaches a server any more; `mute`: nothing comes from it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One disturbance, so many seconds after the schedule's beginning."""

    at: float
    what: str
    whom: str
    long: float = 0.0

    def __str__(self) -> str:
        lasting = f" for {self.long:.1f} s" if self.long else ""
        return f"{self.at:5.1f} s  {self.what} {self.whom}{lasting}"


def schedule(seed: int, ledger: str) -> tuple[Step, ...]:
    """Four to seven steps; those of one seed and one kind of ledger are always the same."""
    chance = Random(f"{seed} {ledger}")
    here = {name: _here(kind, ledger) for name, kind in KINDS.items()}
    weights = [kind.weight for kind in here.values()]
    drawn = chance.choices(list(here), weights, k=chance.randint(4, 7))
    steps = []
    for what in drawn:
        kind = here[what]
        at, whom = chance.uniform(0.5, LASTS), chance.choice(kind.whom)
        steps.append(
            Step(round(at, 1), what, whom, round(chance.uniform(kind.least, kind.most), 1))
        )
    return tuple(sorted(steps, key=lambda step: step.at))


def upgrading(seed: int, ledger: str) -> tuple[Step, ...]:
    """A hub of an older program is upgraded while its servers, its lines and its partners fail.

    Its roles run apart: there is no `hub run` that would start one again.
    """
    drawn = [step for step in schedule(seed, ledger) if step.whom in (*SERVERS, *TEAMS, *HOSPITALS)]
    swaps = [
        Step(at, "upgrade", role) for at, role in ((2.0, "core"), (6.0, "edge"), (10.0, "desk"))
    ]
    return tuple(sorted([*drawn, *swaps], key=lambda step: step.at))


def _here(kind: Kind, ledger: str) -> Kind:
    whom = tuple(name for name in kind.whom if ledger == "postgres" or name != "postgres")
    return Kind(kind.weight, whom, kind.least, kind.most)


def written(steps: Iterable[Step]) -> str:
    """One step a line, as `read` takes it."""
    return "".join(json.dumps(asdict(step)) + "\n" for step in steps)


def read(text: str) -> tuple[Step, ...]:
    """A schedule as it was written, perhaps shortened by hand."""
    return tuple(Step(**json.loads(line)) for line in text.splitlines() if line.strip())
