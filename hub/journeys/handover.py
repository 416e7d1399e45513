"""Custody is never empty: the sender keeps a handover until a named person holds it, and one person does.

Covers every message that a named person must accept, not only `edt.handover`. Delivered, opened
and accepted are three things. A receipt that comes late moves nothing back.
Source: the hub's domain pages 4.3 and 8.3 (b).
"""

from enum import StrEnum

from hub.journeys.machine import (
    HOLD,
    Do,
    Effect,
    Facts,
    Machine,
    both,
    moves,
    named,
    reasoned,
)


class Custodian(StrEnum):
    """Who must act. The sender's side is its on-call manager once the shift has ended.

    `HOLDER` is the named person who accepted, at the receiver.
    """

    SENDER = "sender"
    HOLDER = "receiver"
    RECEIVING_MANAGER = "receiving_manager"


def nobody_holds(facts: Facts) -> str | None:
    """Nobody has accepted it."""
    return f"held by {facts.holder}" if facts.holder else None


def somebody_holds(facts: Facts) -> str | None:
    """Somebody has accepted it before (it was passed on by them)."""
    return None if facts.holder else "nobody has accepted it"


def the_holder(facts: Facts) -> str | None:
    """The acting person is the one who holds it already.

    The role that somebody gave on the telephone need not be that of their account.
    """
    if facts.holder is None or facts.name != facts.holder.name:
        return already_held(facts)
    known = facts.role == facts.holder.role or facts.took_call
    return None if known else already_held(facts)


def whoever_has_it(facts: Facts) -> str | None:
    """The acting person holds it, or manages the team that does."""
    return None if facts.holder and facts.manages else the_holder(facts)


def whoever_finishes_it(facts: Facts) -> str | None:
    """Whoever has it; of what was taken by telephone, anybody of the team that took the call."""
    return None if facts.holder and facts.took_call else whoever_has_it(facts)


def whoever_keeps_it(facts: Facts) -> str | None:
    """Nobody has accepted it, so that it is its sender's; else whoever has, or manages their team."""
    return whoever_has_it(facts) if facts.holder else None


def already_held(facts: Facts) -> str | None:
    """Never: once a named person holds it, they pass it on or finish it."""
    return f"held by {facts.holder}" if facts.holder else "it has been accepted already"


def addressed(facts: Facts) -> str | None:
    """It says to whom."""
    return None if facts.to.strip() else "say to whom it goes"


HELD = ("accepted", "accepted_manually", "in_progress")
"""States in which a named person holds it and works on it."""

_UNDER_OFFER = ("sent", "delivered", "opened", "queried", "answered", "overdue", "escalated")
_UNREACHED = ("undeliverable", "manual_phone")
_OPEN = (*_UNDER_OFFER, *_UNREACHED)
_REFUSED = ("refused", "rerouted")
UNTAKEN = frozenset({*_OPEN, *_REFUSED})
"""States in which nobody has taken it from its giver: a question and a no leave it where it was."""
FALLS_DUE = ("sent", "delivered", "opened", "queried", "answered", "reassigned")
"""States that become *overdue* once nobody has accepted it in time."""
DUE_AS_WELL = (*_UNREACHED, *_REFUSED, "escalated")
"""States that say more than that it is overdue, and stay when it falls due."""
_ENDED = ("returned", "withdrawn", "completed")
_ON_OFFER_AGAIN = ("reassigned", "lapsed")

_ACCEPTED = (HOLD, Effect(Do.STOP, "acceptance"), Effect(Do.TELL, "sender"))

HANDOVER = Machine(
    name="handover",
    initial="drafted",
    transitions=(
        *moves(("drafted", "rerouted", "undeliverable"), "sent", "sent", why="on its way"),
        *moves(("sent", "answered", "reassigned", *_UNREACHED), "delivered", "delivered"),
        *moves(
            (
                "delivered",
                "opened",
                "queried",
                "overdue",
                "escalated",
                "lapsed",
                *HELD,
                *_REFUSED,
                *_ENDED,
            ),
            "delivered",
            None,
            why="the receipt came after",
        ),
        *moves(("sent", "delivered", "reassigned", *_UNREACHED), "opened", "opened"),
        *moves(
            (
                "opened",
                "queried",
                "answered",
                "overdue",
                "escalated",
                "lapsed",
                *HELD,
                *_REFUSED,
                *_ENDED,
            ),
            "opened",
            None,
            why="read again",
        ),
        *moves(
            (*_OPEN, "refused", *_ON_OFFER_AGAIN),
            "accepted",
            "accepted",
            named,
            "a named person holds it",
            _ACCEPTED,
        ),
        *moves(HELD, "accepted", None, the_holder, "said again by the one who holds it"),
        *moves(
            (*_OPEN, "refused", *_ON_OFFER_AGAIN),
            "taken_by_phone",
            "accepted_manually",
            named,
            "taken over the telephone by a named person",
            _ACCEPTED,
        ),
        *moves(HELD, "taken_by_phone", None, the_holder, "said again by the one who holds it"),
        *moves(("accepted", "accepted_manually", "lapsed"), "started", "in_progress", the_holder),
        *moves(HELD, "completed", "completed", whoever_finishes_it, "finished"),
        *moves((*_OPEN, "reassigned"), "queried", "queried", reasoned),
        *moves(("queried",), "answered", "answered", why="the ball is back with the receiver"),
        *moves(("overdue", "escalated"), "answered", None, why="answered, and still overdue"),
        *moves((*_OPEN, "reassigned"), "refused", "refused", reasoned),
        *moves(HELD, "refused", None, already_held),
        *moves(("refused",), "rerouted", "rerouted", both(addressed, reasoned, whoever_keeps_it)),
        *moves(_REFUSED, "kept", "returned", both(nobody_holds, reasoned), "the sender keeps it"),
        *moves(
            _REFUSED,
            "kept",
            "in_progress",
            both(somebody_holds, reasoned, whoever_has_it),
            "who passed it on keeps it",
        ),
        *moves((*FALLS_DUE, "overdue"), "overdue", "overdue", why="nobody accepted in time"),
        *moves(DUE_AS_WELL, "overdue", None, why="known, and overdue as well"),
        *moves((*_OPEN, *_REFUSED), "escalated", "escalated"),
        *moves(
            (*_UNDER_OFFER, "reassigned"), "undeliverable", "undeliverable", why="it must be rung"
        ),
        *moves(("undeliverable",), "phoned", "manual_phone"),
        *moves(
            (*HELD, "lapsed"),
            "reassigned",
            "reassigned",
            both(addressed, whoever_has_it),
            "passed on, and held by who passes it on until it is accepted again",
            (Effect(Do.START, "acceptance"), Effect(Do.TELL, "sender")),
        ),
        *moves(
            (*_OPEN, "rerouted", "reassigned"),
            "recalled",
            "in_progress",
            both(somebody_holds, reasoned, whoever_has_it),
            "taken back before anybody there accepted it",
            (Effect(Do.STOP, "acceptance"), Effect(Do.TELL, "sender")),
        ),
        *moves(HELD, "lapsed", "lapsed", why="no progress: the receiving team's manager has it"),
        *moves(
            ("drafted", *_OPEN, *_REFUSED),
            "withdrawn",
            "withdrawn",
            both(nobody_holds, reasoned),
            "withdrawn by the sender before anybody accepted it",
        ),
        *moves((*HELD, *_ON_OFFER_AGAIN), "withdrawn", None, already_held),
    ),
    final=frozenset(_ENDED),
    owed=frozenset({"drafted", *_OPEN, *_REFUSED, *_ON_OFFER_AGAIN}),
)

CUSTODY: dict[str, Custodian] = {
    **dict.fromkeys(("drafted", *_OPEN, *_REFUSED, "returned", "withdrawn"), Custodian.SENDER),
    **dict.fromkeys((*HELD, "reassigned", "completed"), Custodian.HOLDER),
    "lapsed": Custodian.RECEIVING_MANAGER,
}
"""Who has it in each state, before anybody has accepted it."""


def custodian(state: str, held: bool = False) -> Custodian:
    """The one who must act; once `held`, custody stays with the giver until accepted again."""
    standing = CUSTODY[state]
    return Custodian.HOLDER if held and standing is Custodian.SENDER else standing
