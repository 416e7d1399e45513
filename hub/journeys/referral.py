"""A referral cannot rest before somebody with a name has decided, with a reason, and told who must be told.

The acknowledgement stays owed when an immediate danger is decided first; an anonymous referrer is
owed none. Source: the hub's domain pages 8.3 (a); clocks by the edition in force.
"""

from hub.journeys.machine import Do, Effect, Facts, Machine, both, moves, reasoned


def decided_by(facts: Facts) -> str | None:
    """Somebody with a name decided."""
    return None if facts.name.strip() else "a decision needs the name of who decided"


def nothing_owed(facts: Facts) -> str | None:
    """Nothing is outstanding."""
    return f"still owed: {', '.join(facts.lacks)}" if facts.lacks else None


def in_danger(facts: Facts) -> str | None:
    """The child is in immediate danger."""
    return None if facts.immediate else "only an immediate danger goes straight to strategy"


_DECIDABLE = ("referral", "acknowledged", "reopened")
_NOT_DECIDED = (*_DECIDABLE, "advice_given", "routed_to_open_case", "signposted")
_AFTER_DECISION = (
    "decided",
    "nfa_fed_back",
    "early_help",
    "assessing",
    "strategy",
    "s47",
    "icpc",
    "no_icpc",
    "cp_plan",
    "cin_plan",
    "authorised",
    "notices_pending",
    "completed",
    "closed",
)
_DECIDED_ANEW = ("decided", "nfa_fed_back", "early_help", "assessing")
"""What a later decision puts another next step in the place of."""
_DECIDED = (Effect(Do.STOP, "decide_next_step"), Effect(Do.START, "feedback_on_decision"))
_FED_BACK = (Effect(Do.STOP, "feedback_on_decision"),)
_decision = both(decided_by, reasoned)

REFERRAL = Machine(
    name="referral",
    initial="contact_recorded",
    transitions=(
        *moves(("contact_recorded",), "recorded", None, why="a contact to be decided on"),
        *moves(("contact_recorded",), "advice_given", "advice_given", reasoned),
        *moves(("contact_recorded",), "routed_to_open_case", "routed_to_open_case"),
        *moves(("contact_recorded",), "signposted", "signposted", reasoned),
        *moves(
            ("contact_recorded",),
            "passed_on",
            "passed_on",
            why="it became a referral of its own, which is decided on and falls due",
        ),
        *moves(
            ("contact_recorded",),
            "referred",
            "referral",
            effects=(
                Effect(Do.START, "ack_referrer"),
                Effect(Do.START, "decide_next_step"),
                Effect(Do.START, "single_assessment"),
            ),
        ),
        *moves(
            (*_NOT_DECIDED, *_AFTER_DECISION, "replaced", "new_referral"),
            "acknowledging",
            None,
            why="a notice is made; it tells nobody before it got through",
        ),
        *moves(
            ("referral",),
            "acknowledged",
            "acknowledged",
            why="the notice got through, as far as its way can prove",
            effects=(Effect(Do.STOP, "ack_referrer"),),
        ),
        *moves(
            ("acknowledged", "reopened", *_AFTER_DECISION),
            "acknowledged",
            None,
            why="the acknowledgement that was still owed",
            effects=(Effect(Do.STOP, "ack_referrer"),),
        ),
        *moves(_DECIDABLE, "decided", "decided", _decision, effects=_DECIDED),
        *moves(
            _DECIDED_ANEW,
            "decided",
            "decided",
            _decision,
            "decided anew on what is known now; the old decision is kept",
            _DECIDED,
        ),
        *moves(
            (*_DECIDABLE, *_AFTER_DECISION),
            "looked_at",
            None,
            _decision,
            "an earlier look: the final decision is still owed",
        ),
        *moves(
            _AFTER_DECISION,
            "overturned",
            "decided",
            _decision,
            "overturned on review; the old decision is kept",
        ),
        *moves(
            ("strategy", "s47", "cp_plan", "cin_plan"),
            "decided",
            None,
            _decision,
            "the decision owed when danger came first, or on a new concern",
        ),
        *(
            transition
            for event in ("feeding_back", "nfa_feeding_back")
            for transition in moves(
                (*_NOT_DECIDED, *_AFTER_DECISION),
                event,
                None,
                why="a notice is made; it tells nobody before it got through",
            )
        ),
        *moves(
            _AFTER_DECISION,
            "fed_back",
            None,
            why="the notice of a decision got through, as far as its way can prove",
            effects=_FED_BACK,
        ),
        *moves(
            ("contact_recorded", "passed_on", *_NOT_DECIDED),
            "replaced",
            "replaced",
            why="a corrected one stands in its place",
        ),
        *moves(
            ("decided", "strategy", "nfa_fed_back"),
            "nfa_fed_back",
            "nfa_fed_back",
            why="the notice that nothing further is done got through, as far as its way can prove",
            effects=_FED_BACK,
        ),
        *moves(("decided",), "early_help", "early_help"),
        *moves(("decided", "strategy", "s47", "no_icpc"), "assessing", "assessing"),
        *moves(("decided", "reopened", "cp_plan", "cin_plan"), "strategy", "strategy"),
        *moves(("strategy", "s47"), "strategy", None, why="it is there already"),
        *moves(
            ("contact_recorded", *_DECIDABLE, *_AFTER_DECISION),
            "immediate_danger",
            "strategy",
            in_danger,
            "an immediate danger waits for nothing",
        ),
        *moves(("strategy",), "s47", "s47", effects=(Effect(Do.START, "s47_outcome"),)),
        *moves(("s47",), "icpc", "icpc"),
        *moves(("s47",), "no_icpc", "no_icpc"),
        *moves(("icpc",), "cp_plan", "cp_plan", effects=(Effect(Do.STOP, "s47_outcome"),)),
        *moves(("no_icpc", "completed"), "cin_plan", "cin_plan"),
        *moves(("assessing",), "authorised", "authorised", decided_by),
        *moves(("authorised",), "notices_pending", "notices_pending"),
        *moves(
            ("authorised", "notices_pending"),
            "completed",
            "completed",
            nothing_owed,
            "authorised, and every required notice sent or exempted",
            (Effect(Do.STOP, "single_assessment"),),
        ),
        *moves(
            ("nfa_fed_back", "early_help", "completed", "cp_plan", "cin_plan"),
            "closed",
            "closed",
            nothing_owed,
        ),
        *moves(("closed",), "reopened", "reopened", reasoned),
        *moves(("closed",), "referred_anew", "new_referral"),
    ),
    final=frozenset(
        {
            "advice_given",
            "routed_to_open_case",
            "signposted",
            "passed_on",
            "replaced",
            "closed",
            "new_referral",
        }
    ),
    # By its deadline somebody decides; what is decided anew later has no deadline that we know.
    owed=frozenset({"contact_recorded", "referral", "acknowledged"}),
)
