"""A journey is a table of moves: what is not in the table is refused, in words a practitioner understands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.clock import london


@dataclass(frozen=True, slots=True)
class Holder:
    """The named person who has accepted, and since when."""

    name: str
    role: str
    since: datetime

    def __str__(self) -> str:
        return f"{self.name}, {self.role} since {london(self.since):%a %-d %b %Y %H:%M}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may look at: who acts, why, and what the ledger knows at this moment.

    `holder` is who holds it now; `lacks` names, in words, what is still owed (an open handover,
    a notice not sent); `awaited` are the agencies whose answer is needed and has not come;
    `manages` says that the acting person manages the team that holds it, `took_call` that
    it was accepted by telephone and they are of the team that took the call.
    """

    name: str = ""
    role: str = ""
    agency: str = ""
    at: datetime | None = None
    reason: str = ""
    to: str = ""
    holder: Holder | None = None
    lacks: tuple[str, ...] = ()
    awaited: frozenset[str] = frozenset()
    immediate: bool = False
    approver: str = ""
    manages: bool = False
    took_call: bool = False


Guard = Callable[[Facts], str | None]
"""None where the move is allowed, else the reason why not."""


class Do(StrEnum):
    """What the caller must do beside noting the new state."""

    HOLD = "hold"
    START = "start"
    STOP = "stop"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Effect:
    """`hold` the acting person as holder; `start` or `stop` the clock named; `tell` whom is named.

    A clock that runs, or has run, is not started again.
    """

    do: Do
    what: str = ""


HOLD = Effect(Do.HOLD)


@dataclass(frozen=True, slots=True)
class Transition:
    """One legal move. Several may share source and event: the first whose guard agrees is taken."""

    source: str
    event: str
    target: str
    guard: Guard | None = None
    why: str = ""
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """A named table of moves; `final` states need nothing more from anybody.

    `owed` are the states in which what its deadline asks for has not been done.
    """

    name: str
    initial: str
    transitions: tuple[Transition, ...]
    final: frozenset[str]
    owed: frozenset[str] = frozenset()

    @property
    def states(self) -> frozenset[str]:
        """Every state there is."""
        ends = {t.target for t in self.transitions} | {t.source for t in self.transitions}
        return frozenset(ends | {self.initial})

    @property
    def events(self) -> frozenset[str]:
        """Every event the machine knows."""
        return frozenset(t.event for t in self.transitions)


@dataclass(frozen=True, slots=True)
class Moved:
    """The journey is now in `state`; `holder` is who holds it from now on."""

    state: str
    effects: tuple[Effect, ...] = ()
    holder: Holder | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Illegal:
    """Nothing moved, and why; kept and shown by the caller."""

    reason: str


def moves(
    sources: Iterable[str],
    event: str,
    target: str | None,
    guard: Guard | None = None,
    why: str = "",
    effects: tuple[Effect, ...] = (),
) -> tuple[Transition, ...]:
    """The same move from several states; no target: the state stays what it is."""
    return tuple(
        Transition(source, event, target or source, guard, why, effects) for source in sources
    )


def move(machine: Machine, state: str, event: str, facts: Facts) -> Moved | Illegal:
    """Where `event` leads from `state`, or why it leads nowhere. Pure."""
    candidates = [t for t in machine.transitions if t.source == state and t.event == event]
    if not candidates:
        return Illegal(_impossible(machine, state, event))
    refusals: list[str] = []
    for transition in candidates:
        refusal = transition.guard(facts) if transition.guard else None
        if refusal is None:
            return Moved(
                transition.target, transition.effects, _holder(transition, facts), transition.why
            )
        refusals.append(refusal)
    return Illegal(refusals[0])


def _holder(transition: Transition, facts: Facts) -> Holder | None:
    if HOLD not in transition.effects or facts.at is None:
        return facts.holder
    return Holder(facts.name, facts.role, facts.at)


def _impossible(machine: Machine, state: str, event: str) -> str:
    possible = sorted({t.event for t in machine.transitions if t.source == state})
    words = ", ".join(map(_words, possible)) or "nothing: it has ended"
    return (
        f"this {_words(machine.name)} is {_words(state)}, so it cannot be {_words(event)}; "
        f"possible now: {words}"
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def reasoned(facts: Facts) -> str | None:
    """A reason is given."""
    return None if facts.reason.strip() else "a reason is needed"


def named(facts: Facts) -> str | None:
    """A person stands behind it, with name, role and time."""
    if facts.name.strip() and facts.role.strip() and facts.at is not None:
        return None
    return "an answer without a name and a role is receipt, not acceptance"


def both(*guards: Guard) -> Guard:
    """All guards agree; the first that does not gives the reason."""

    def all_agree(facts: Facts) -> str | None:
        return next((refusal for guard in guards if (refusal := guard(facts)) is not None), None)

    return all_agree
