"""A strategy discussion is advised on by the joint-visit rules, and a departure from the advice can be seen.

Advice and nothing more: whatever it says, the message flows and the decision stands.
"""

from hub.clock import london
from hub.core.arrival import Arrival
from hub.core.work import Work
from hub.ledger.read.advice import ADVISED, DEPARTED
from hub.rules.joint_visits import deviates, evaluate, known_of, mode_of, not_known_of


def advise(work: Work, arrival: Arrival) -> None:
    """Evaluates the edition in force when it was asked for or held; again with every message."""
    if arrival.type not in ("strategy.requested", "strategy.record"):
        return
    protocol = work.site.book.joint_visits(arrival.envelope.occurred_at)
    day = london(arrival.envelope.occurred_at).date()
    known = known_of(arrival.fields, day, protocol)
    advised = evaluate(protocol, known, not_known_of(arrival.fields))
    basis = {
        "message": arrival.message_id,
        "advice": advised.advice.value,
        "clause": advised.clause or "none matched",
        "edition": advised.edition,
    }
    meeting = "a meeting comes first" if advised.meeting else ""
    may = "; ".join(f"{clause}: {', '.join(missing)}" for clause, missing in advised.open)
    work.audit(arrival.case_ref, ADVISED, **basis, meeting=meeting, not_known=may)
    decision = arrival.fields.get("decision") or {}
    mode = mode_of(str(decision.get("decision")))
    if mode is not None and deviates(advised, mode):
        why = str(decision.get("deviation") or "no reason given")
        work.audit(arrival.case_ref, DEPARTED, **basis, decided=mode, why=why)
