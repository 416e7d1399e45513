"""A referrer counts as told only once a notice got through to them, and until then it is owed by its deadline.

What the way it went can prove is what is said: a mail server that took a letter proves that it was
sent, never that anybody read it. A notice that was made, kept back or refused has told nobody.
Source: the hub's domain pages 2.1, 2.4 and 8.2 (4, 8).
"""

from hub.journeys.machine import Machine, both, moves, named, reasoned
from schemas.envelope import AckLevel

NOTICES = ("referral.acknowledged", "referrer.decision_feedback")
"""Types by which a referrer is told."""
TOLD = frozenset({"sent", "received", "told"})
"""States in which it got through, as far as the way it went can prove."""

_OWED = ("made", "kept_back", "undeliverable")

NOTICE = Machine(
    name="notice",
    initial="made",
    transitions=(
        *moves(("made",), "made", None, why="the referrer is to be told"),
        *moves(("made", "undeliverable"), "kept_back", "kept_back"),
        *moves(("kept_back",), "let_go", "made"),
        *moves(("made", "kept_back"), "undeliverable", "undeliverable"),
        *moves(
            (*_OWED, "exempt"), "went_out", "sent", why="that it was sent is all that is proved"
        ),
        *moves((*_OWED, "sent", "exempt"), "reached", "received"),
        *moves((*_OWED, "sent", "exempt"), "rung", "told", named),
        *moves(("undeliverable",), "told", "told", named),
        *moves(("sent",), "bounced", "undeliverable", why="it was sent, and came back"),
        # Whoever had it may say so before it is heard that it was sent.
        *moves(("made", "undeliverable"), "bounced", "undeliverable", why="it came back"),
        *moves(_OWED, "given_up", "exempt", both(named, reasoned)),
        *moves((*_OWED, "sent", "exempt"), "replaced", "replaced"),
    ),
    final=frozenset({"received", "told", "exempt", "replaced"}),
    owed=frozenset(_OWED),
)

_OF_DELIVERY = {
    "needs_person": "undeliverable",
    "outcome_unknown": "undeliverable",
    "expired": "undeliverable",
    "withheld": "kept_back",
    "abandoned": "given_up",
}


def follows(state: str, level: AckLevel) -> str:
    """What it means for a notice that its delivery stands so; nothing where it means nothing. Pure."""
    if state == "delivered":
        return "reached" if level.rank >= AckLevel.RECEIVED.rank else "went_out"
    return _OF_DELIVERY.get(state, "")
