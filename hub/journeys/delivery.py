"""What becomes of a delivery after each receipt is one pure decision, and no receipt loses a message.

A stale success counts, a stale failure does not; only what is certain is repeated without asking.
Source: the hub's domain pages 8.3 (d); the design's steps 6 to 8.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from hub.journeys.machine import Facts, Machine, both, moves, named, reasoned
from hub.partners import Partner, Retry
from schemas.envelope import AckLevel


class State(StrEnum):
    """Where a delivery stands; the terms of the ledger's second equation."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    OFFERED = "offered"
    NEEDS_PERSON = "needs_person"
    OUTCOME_UNKNOWN = "outcome_unknown"
    DELIVERED = "delivered"
    WITHHELD = "withheld"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ABANDONED = "abandoned"


class Outcome(StrEnum):
    """What an edge, or a person at a held delivery, tells of one attempt."""

    TAKEN = "taken"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NOT_ATTEMPTED = "not_attempted"


def senior_for_urgent(facts: Facts) -> str | None:
    """Giving up on something urgent is approved by a head of service."""
    if facts.immediate and not facts.approver.strip():
        return "an urgent delivery is abandoned only with a head of service's approval"
    return None


_OPEN = ("waiting", "under_way", "offered", "needs_person", "outcome_unknown")
_FOR_A_PERSON = ("needs_person", "outcome_unknown")
_LET_GO = ("withdrawn", "expired", "abandoned")

DELIVERY = Machine(
    name="delivery",
    initial="waiting",
    transitions=(
        *moves(("waiting",), "handed", "under_way"),
        *moves(("waiting",), "offered", "offered"),
        *moves(
            (*_OPEN, *_LET_GO, "withheld"),
            "taken",
            "delivered",
            why="the level asked for was reached",
        ),
        *moves(("delivered",), "taken", None, why="said again"),
        *moves(("under_way", "outcome_unknown"), "try_again", "waiting"),
        *moves(("under_way",), "not_attempted", "waiting", why="nothing was sent"),
        *moves(("under_way", "outcome_unknown", "waiting"), "refused", "needs_person"),
        *moves(("under_way", "outcome_unknown"), "exhausted", "needs_person"),
        *moves(("under_way",), "lost", "outcome_unknown", why="a person decides on sending again"),
        *moves(_FOR_A_PERSON, "retried", "waiting", named),
        *moves((*_OPEN, "delivered"), "taken_by_phone", "delivered", named),
        *moves((*_OPEN, "withheld"), "withdrawn", "withdrawn", reasoned),
        *moves((*_OPEN, "withheld"), "expired", "expired"),
        *moves(
            (*_OPEN, "withheld"), "abandoned", "abandoned", both(named, reasoned, senior_for_urgent)
        ),
        *moves(("waiting", "needs_person"), "withheld", "withheld", reasoned),
        *moves(("withheld",), "released", "waiting", both(named, reasoned)),
    ),
    final=frozenset({"delivered", *_LET_GO}),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery as the ledger has it. `tries` counts tries that were really made.

    `due_at` is the message's own deadline, `patience_at` when the partner's patience ends;
    `rung` where it counts as delivered because somebody took it by phone.
    """

    state: str
    attempt: int
    tries: int
    required: AckLevel
    due_at: datetime | None = None
    patience_at: datetime | None = None
    expires_at: datetime | None = None
    rung: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one attempt. `level` is what was proven; `retry_after` is in seconds.

    `ours` where a process of our own died with it, so that the partner neither failed nor refused;
    `reached` is false where the partner saw nothing of it, so that it says nothing of this message.
    """

    attempt: int
    outcome: Outcome
    level: AckLevel = AckLevel.NONE
    retry_after: float | None = None
    reason: str = ""
    ours: bool = False
    reached: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """How one partner wants to be tried again."""

    retry: Retry
    outcome_unknown: Literal["resend", "ask"]

    @classmethod
    def of(cls, partner: Partner) -> "Policy":
        """What the partner's file says."""
        return cls(partner.retry, partner.outcome_unknown)


@dataclass(frozen=True, slots=True)
class Settled:
    """The delivery from now on. `changed` is false where the receipt told nothing new.

    `next_at` is when it may be tried again (waiting only); `needs` says what a person must know;
    `call_sheet` that one opens beside it.
    """

    state: State
    tries: int
    next_at: datetime | None = None
    needs: str = ""
    call_sheet: bool = False
    changed: bool = True


TAKEN_BY_PHONE = "taken by phone"
"""How the reason of a delivery begins that only a call has settled so far."""

_NOBODY_RINGS = {
    State.DELIVERED: "it got through after all",
    State.WITHHELD: "it is withheld from them",
    State.WITHDRAWN: "it was withdrawn",
    State.EXPIRED: "it expired",
    State.ABANDONED: "it was given up",
}


def need_not_ring(state: str) -> str:
    """Why nobody need ring beside a delivery in this state; nothing where somebody still must."""
    return _NOBODY_RINGS.get(State(state), "")


def delay(retry: Retry, tries: int, chance: float) -> timedelta:
    """The wait after the given number of tries: doubled each time up to the longest, ±20 %."""
    doublings = min(max(tries - 1, 0), 32)
    wait = min(retry.first * (1 << doublings), retry.longest)
    return wait * (0.8 + 0.4 * chance)


def settle(
    standing: Standing, receipt: Receipt, policy: Policy, now: datetime, chance: float
) -> Settled:
    """What a receipt means for a delivery; `chance` in [0, 1) is handed in for the jitter."""
    state = State(standing.state)
    if receipt.outcome is Outcome.TAKEN:
        return _taken(standing, receipt, state)
    if receipt.attempt < standing.attempt or not _tells(state, receipt.outcome):
        return Settled(state, standing.tries, changed=False)
    limit = standing.due_at or standing.patience_at
    if receipt.outcome is Outcome.NOT_ATTEMPTED:
        return _again(standing, standing.tries, now, limit)
    if receipt.outcome is Outcome.REFUSED:
        return _person(State.NEEDS_PERSON, standing, receipt.reason or "refused by the partner")
    if receipt.outcome is Outcome.OUTCOME_UNKNOWN and policy.outcome_unknown == "ask":
        why = receipt.reason or "nobody knows whether the partner has it"
        return _person(State.OUTCOME_UNKNOWN, standing, why)
    tries = standing.tries + (state is State.UNDER_WAY)
    if not receipt.reached:
        return _unreached(standing, receipt, policy, now, chance)
    if tries >= policy.retry.tries:
        why = f"tried {tries} times; last: {receipt.reason or receipt.outcome.value}"
        return replace(_person(State.NEEDS_PERSON, standing, why), tries=tries)
    # The partner has nothing to recover from; only a second loss may mean that it is the message.
    at_once = receipt.ours and tries <= 1
    wait = timedelta() if at_once else delay(policy.retry, tries, chance)
    if receipt.retry_after is not None:
        wait = max(wait, timedelta(seconds=receipt.retry_after))
    return _again(standing, tries, now + wait, limit)


UNREACHED = timedelta(seconds=30)
"""The longest wait of what nobody saw: the partner gets one probe at a time meanwhile."""


def _unreached(
    standing: Standing, receipt: Receipt, policy: Policy, now: datetime, chance: float
) -> Settled:
    """Never a person's matter, however long the partner is away: half of its tries is left for it."""
    used = min(standing.tries + (standing.state == State.UNDER_WAY), policy.retry.tries // 2)
    tries = max(standing.tries, used)
    wait = min(delay(policy.retry, tries, chance), UNREACHED)
    if receipt.retry_after is not None:
        wait = max(wait, timedelta(seconds=receipt.retry_after))
    return _again(standing, tries, now + wait, standing.due_at or standing.patience_at)


def _taken(standing: Standing, receipt: Receipt, state: State) -> Settled:
    if state is State.DELIVERED:
        as_well = "taken by telephone, and it got through as well" if standing.rung else ""
        return Settled(state, standing.tries, needs=as_well, changed=standing.rung)
    if receipt.level.rank < standing.required.rank:
        if state is not State.UNDER_WAY or receipt.attempt < standing.attempt:
            return Settled(state, standing.tries, changed=False)
        return Settled(state, standing.tries, needs=f"{receipt.level}, {standing.required} awaited")
    needs = (
        f"it was {state}, and reached them all the same"
        if state in (*_LET_GO, State.WITHHELD)
        else ""
    )
    return Settled(State.DELIVERED, standing.tries + (state is State.UNDER_WAY), needs=needs)


def _tells(state: State, outcome: Outcome) -> bool:
    """Whether a failure of the current attempt is news in this state."""
    if state is State.UNDER_WAY:
        return True
    certain = outcome in (Outcome.TRY_AGAIN, Outcome.REFUSED)
    if state is State.OUTCOME_UNKNOWN:
        return certain
    return state is State.WAITING and outcome is Outcome.REFUSED


def _again(standing: Standing, tries: int, at: datetime, limit: datetime | None) -> Settled:
    if standing.expires_at is not None and at >= standing.expires_at:
        return Settled(State.EXPIRED, tries, needs="it expired before it could be tried again")
    return Settled(State.WAITING, tries, at, call_sheet=limit is not None and limit < at)


def _person(state: State, standing: Standing, why: str) -> Settled:
    tries = standing.tries + (standing.state == State.UNDER_WAY)
    return Settled(state, tries, needs=why, call_sheet=True)
