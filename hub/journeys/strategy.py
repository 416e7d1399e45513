"""A strategy discussion ends in a recorded decision, and no agency's silence is taken for its agreement.

One journey per request and child. The 15 working days run from the discussion that initiated
s47; reconvening never restarts them. Source: the hub's domain pages 3.3 and 8.3 (c).
"""

from hub.journeys.machine import Do, Effect, Facts, Machine, both, moves, reasoned
from hub.journeys.referral import decided_by


def all_agreed(facts: Facts) -> str | None:
    """Every agency whose answer is needed has given it."""
    return _silent(facts) if facts.awaited else None


def _silent(facts: Facts) -> str:
    return f"no answer yet from {', '.join(sorted(facts.awaited))}"


def others_awaited(facts: Facts) -> str | None:
    """Some agency's answer has not come."""
    return None if facts.awaited else "every agency has answered"


def approved(facts: Facts) -> str | None:
    """A manager approved it."""
    return None if facts.approver.strip() else "a manager must approve going alone"


_S47 = (Effect(Do.START, "s47_outcome"),)
_HELD = ("held", "held_inquorate")
_AFTER = ("recorded", "confirmed", "unconfirmed", "s47_joint", "s47_csc", "s47_police")
"""Where a further discussion about the same concern may begin again."""
_decider = both(decided_by, reasoned)

STRATEGY = Machine(
    name="strategy",
    initial="requested",
    transitions=(
        *moves(("requested",), "requested", None, why="asked for"),
        *moves(("requested", "escalated"), "convened", "convening"),
        *moves(("convening",), "convened", None, why="another agency comes"),
        *moves(("requested",), "declined", "declined", reasoned),
        *moves(("convening",), "declined", None, reasoned, "one agency declines, others come"),
        *moves((*_HELD, *_AFTER), "convened", None, why="the answer came after it was held"),
        *moves(("declined",), "convened", "convening", why="another agency comes all the same"),
        *moves(("declined", "requested"), "escalated", "escalated"),
        *moves(("escalated", "not_seen"), "closed", "closed", _decider),
        *moves(("requested", "convening", "declined"), "cancelled", "cancelled", _decider),
        *moves(("cancelled",), "closed", "closed"),
        *moves(("convening", "not_quorate"), "quorate", "quorate"),
        *moves(("convening", "quorate"), "not_quorate", "not_quorate"),
        *moves(("not_quorate", "held_inquorate"), "reconvened", "convening"),
        # Who declined is one agency; the others may have held it all the same.
        *moves(
            ("requested", "convening", "quorate", "declined", "escalated", *_AFTER), "held", "held"
        ),
        *moves(
            ("requested", "convening", "not_quorate", "declined", "escalated", *_AFTER),
            "held_inquorate",
            "held_inquorate",
            reasoned,
            "held without all who were needed; a date to reconvene is owed",
        ),
        *moves(_HELD, "recorded", "recorded"),
        *moves(_HELD, "s47_joint", "s47_joint", effects=_S47),
        *moves(_HELD, "s47_csc", "s47_csc", effects=_S47),
        *moves(_HELD, "s47_police", "s47_police", effects=_S47),
        *moves(_HELD, "no_s47", "recorded"),
        *moves(_HELD, "reconvene", "convening"),
        *moves(
            ("recorded", "s47_joint", "s47_csc", "s47_police"),
            "confirmed",
            None,
            others_awaited,
            "confirmed by one agency; others are awaited",
        ),
        *moves(("recorded", "unconfirmed"), "confirmed", "confirmed", all_agreed),
        *moves(
            ("s47_joint", "s47_csc", "s47_police", "confirmed"),
            "confirmed",
            None,
            why="the enquiry goes on; the record stands confirmed",
        ),
        *moves(("recorded",), "unconfirmed", "unconfirmed", reasoned),
        *moves(("confirmed", "unconfirmed"), "closed", "closed"),
        *moves(
            ("s47_joint", "s47_csc", "urgent_review", "one_agency_unavailable"),
            "visit_proposed",
            "visit_proposed",
        ),
        *moves(("visit_proposed",), "both_accepted", "both_accepted", all_agreed),
        *moves(("visit_proposed",), "one_agency_unavailable", "one_agency_unavailable", reasoned),
        *moves(
            ("one_agency_unavailable",),
            "proceed_single",
            "visiting",
            both(approved, reasoned),
            "a recorded deviation from the joint protocol",
        ),
        *moves(("both_accepted",), "visiting", "visiting"),
        *moves(("visiting",), "child_seen", "child_seen"),
        *moves(("visiting",), "not_seen", "not_seen", reasoned),
        *moves(("not_seen",), "urgent_review", "urgent_review"),
        *moves(("child_seen",), "closed", "closed"),
        *moves(("s47_police",), "csc_paused", "csc_contact_with_family_paused"),
        *moves(("s47_police", "csc_contact_with_family_paused"), "released", "s47_csc"),
        *moves(("csc_contact_with_family_paused",), "closed", "closed", _decider),
    ),
    final=frozenset({"closed"}),
    # By its deadline the discussion is held; declined or asked for higher up, it is still owed.
    owed=frozenset({"requested", "convening", "quorate", "not_quorate", "declined", "escalated"}),
)
