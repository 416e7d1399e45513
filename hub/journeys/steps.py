"""Which message moves which journey is one table: a type and what its body says, to machine and event.

Custody (the handover machine) begins with every message that a named person must accept. Its
subject is that message's id; where each agency accepts for itself, each has its own (`party`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.journeys.machine import Facts
from schemas.envelope import AckLevel

EACH_AGENCY = frozenset({"strategy.requested", "strategy.record"})
"""Types that each receiving agency accepts for itself; every other has one owner."""

_CONTACT = {
    "NEW_REFERRAL": "passed_on",
    "CP_ENQUIRY": "passed_on",
    "EXISTING_REFERRAL": "routed_to_open_case",
    "NFA": "advice_given",
    "ADVICE": "advice_given",
}
_ACTION = {
    "passed_as_referral": "passed_on",
    "no_further_action": "advice_given",
    "information_or_advice": "advice_given",
    "to_other_agency": "signposted",
}
_OUTCOME = {"assessment": "assessing", "strategy": "strategy", "early_help": "early_help"}


_NOTHING = Facts()


@dataclass(frozen=True, slots=True)
class Concerned:
    """The message that another one answers or acts on, as the ledger knows it.

    `journey` is the subject of the referral or strategy discussion it belongs to; `receivers` are
    the partners it was planned for, for action; `asked_by` whose query is being answered.
    """

    message_id: UUID
    type: str
    ack: AckLevel
    journey: UUID | None = None
    receivers: tuple[str, ...] = ()
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """Facts around a message just recorded.

    `partner` is who speaks, or whose inbox the acting person serves; `receivers` as in
    `Concerned`; `journey` the referral or request it names, resolved; `on` what it answers.
    """

    message_id: UUID
    at: datetime
    ack: AckLevel
    partner: str = ""
    receivers: tuple[str, ...] = ()
    journey: UUID | None = None
    on: Concerned | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One event for one journey. The caller adds to `facts` what only the ledger knows: `holder`,
    `lacks`, `awaited`. A journey that is not there yet begins at its machine's initial state, but
    where it `only_moves`. `due` is by when it is owed from now on, where the message says so."""

    machine: str
    subject: UUID
    event: str
    facts: Facts = _NOTHING
    party: str = ""
    due: datetime | None = None
    only_moves: bool = False


def steps(type: str, body: Mapping[str, Any], heard: Heard) -> list[Step]:
    """Every journey that this message moves, in order. Pure; `body` is plain JSON."""
    found = custody_begins(type, heard)
    if type in _BY_TYPE:
        found = [*_BY_TYPE[type](body, heard), *found]
    return found


def settled(state: str, message: Concerned, partner: str) -> list[Step]:
    """What a delivery's new state means for custody: reached, or it must be rung."""
    event = {
        "delivered": "delivered",
        "needs_person": "undeliverable",
        "outcome_unknown": "undeliverable",
        "expired": "undeliverable",
        "abandoned": "undeliverable",
    }.get(state)
    return _on_custody(message, partner, event, Facts()) if event else []


def custody_begins(type: str, heard: Heard) -> list[Step]:
    """Custody of a message that a named person must accept: one, or one for each agency."""
    if heard.ack.rank < AckLevel.ACCEPTED.rank or not heard.receivers:
        return []
    parties = sorted(set(heard.receivers)) if type in EACH_AGENCY else [""]
    return [Step("handover", heard.message_id, "sent", party=party) for party in parties]


def _on_custody(message: Concerned, partner: str, event: str, facts: Facts) -> list[Step]:
    if message.ack.rank < AckLevel.ACCEPTED.rank:
        return []
    party = partner if message.type in EACH_AGENCY else ""
    return [Step("handover", message.message_id, event, facts, party)]


def _contact(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    event = _CONTACT.get(str(body.get("outcome"))) or _ACTION.get(str(body.get("action")))
    facts = _facts(body.get("decided_by"), heard, body.get("outcome_because") or "")
    begun = Step("referral", heard.message_id, "recorded")
    return [begun, Step("referral", heard.message_id, event, facts)] if event else [begun]


def _referral(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    return [Step("referral", heard.message_id, "referred", Facts(at=heard.at))]


def _acknowledging(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    return _notice("acknowledging", heard)


def _decision(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    facts = _facts(body.get("decided_by"), heard, body.get("reason") or "")
    if body.get("stage", "final") != "final":
        return _on_journey("referral", "looked_at", heard, facts)
    outcome = _OUTCOME.get(str(body.get("outcome")))
    return [
        step
        for event in ("decided", outcome)
        if event
        for step in _on_journey("referral", event, heard, facts)
    ]


def _feeding_back(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    nothing_further = body.get("outcome") in ("nfa", "advice")
    return _notice("nfa_feeding_back" if nothing_further else "feeding_back", heard)


def _notice(event: str, heard: Heard) -> list[Step]:
    """A notice tells nobody by being made: the referral goes on once it got through."""
    facts = Facts(at=heard.at)
    begun = Step("notice", heard.message_id, "made", facts)
    return [*_on_journey("referral", event, heard, facts), begun]


_TOLD_OF = {
    "acknowledging": "acknowledged",
    "feeding_back": "fed_back",
    "nfa_feeding_back": "nfa_fed_back",
}


def told_of(referral: UUID, made: str, at: datetime, stands: bool) -> Step | None:
    """What it means for its referral that a notice got through; `made` is by which event it was made.

    Where what it tells of no longer `stands`, because somebody has decided anew since, the
    referral stays where that put it.
    """
    event = _TOLD_OF.get(made)
    if event == "nfa_fed_back" and not stands:
        event = "fed_back"
    return Step("referral", referral, event, Facts(at=at)) if event else None


def _requested(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    facts = _facts(body.get("requested_by"), heard, body.get("why") or "")
    return [Step("strategy", heard.message_id, "requested", facts)]


def _record(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    subject = heard.journey or heard.message_id
    quorum = body.get("quorum") or {}
    decision = body.get("decision") or {}
    held = "held" if quorum.get("met") else "held_inquorate"
    facts = _facts(body.get("chair"), heard, quorum.get("went_on_because") or "")
    decided = _facts(body.get("chair"), heard, decision.get("reason") or "")
    return [
        Step("strategy", subject, held, facts),
        Step("strategy", subject, str(decision.get("decision")), decided),
        _reconvening(body, subject, facts),
    ]


def _reconvening(body: Mapping[str, Any], subject: UUID, facts: Facts) -> Step:
    """By when the discussion is to be held again, or that an earlier day was kept."""
    by = (body.get("quorum") or {}).get("reconvene_by") or body.get("next_discussion_at")
    if by is None:
        return Step("reconvening", subject, "held_again", facts, only_moves=True)
    return Step("reconvening", subject, "agreed_by", facts, due=datetime.fromisoformat(by))


def _response(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    if heard.on is None:
        return []
    response = str(body.get("response"))
    reason = body.get("query") or body.get("reason") or body.get("refusal") or ""
    to = body.get("reassigned_to") or body.get("escalated_to") or {}
    facts = _facts(body.get("by"), heard, reason, to.get("team") or to.get("name") or "")
    if response == "reassigned":
        # A receiver's own system speaks for its people: it knows who of them holds what.
        facts = replace(facts, manages=heard.partner in heard.on.receivers)
    named = bool(facts.name.strip() and facts.role.strip())
    if response == "accepted" and not named:
        return _on_custody(heard.on, heard.partner, "delivered", facts)
    found = _on_custody(heard.on, heard.partner, response, facts)
    return found + _for_discussion(heard.on, response, facts)


def _for_discussion(on: Concerned, response: str, facts: Facts) -> list[Step]:
    """What an agency's answer makes of the discussion that it is about."""
    event = _STRATEGY_ANSWERS.get((on.type, response))
    return [Step("strategy", on.journey, event, facts)] if event and on.journey else []


_STRATEGY_ANSWERS = {
    ("strategy.requested", "accepted"): "convened",
    ("strategy.requested", "refused"): "declined",
    ("strategy.requested", "escalated"): "escalated",
    ("strategy.record", "accepted"): "confirmed",
}


def _opened(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    """Only a receiver's reading opens it; the sender may read their own words unnoticed."""
    if heard.on is None or heard.partner not in heard.on.receivers:
        return []
    return _on_custody(heard.on, heard.partner, "opened", _actor(body, heard))


def _withdrawn(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    if heard.on is None:
        return []
    return [
        step
        for partner in (heard.on.receivers if heard.on.type in EACH_AGENCY else ("",))
        for step in _on_custody(heard.on, partner, "withdrawn", _actor(body, heard))
    ]


def _answered(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    if heard.on is None:
        return []
    return _on_custody(heard.on, heard.on.asked_by, "answered", _actor(body, heard))


def _started(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    facts = _managing(body, heard)
    return _on_custody(heard.on, heard.partner, "started", facts) if heard.on else []


def _completed(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    facts = _managing(body, heard)
    return _on_custody(heard.on, heard.partner, "completed", facts) if heard.on else []


def _reassigned(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    facts = replace(_managing(body, heard), to=str(body.get("to") or ""))
    return _on_custody(heard.on, heard.partner, "reassigned", facts) if heard.on else []


def _kept(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    return _on_custody(heard.on, heard.partner, "kept", _managing(body, heard)) if heard.on else []


def _recalled(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    facts = _managing(body, heard)
    return _on_custody(heard.on, heard.partner, "recalled", facts) if heard.on else []


def _rerouted(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    if heard.on is None:
        return []
    facts = replace(_managing(body, heard), to=str(body.get("to") or ""))
    return [
        step
        for event in ("rerouted", "sent")
        for step in _on_custody(heard.on, heard.partner, event, facts)
    ]


def _managing(body: Mapping[str, Any], heard: Heard) -> Facts:
    manages, took_call = bool(body.get("manages")), bool(body.get("took_call"))
    return replace(_actor(body, heard), manages=manages, took_call=took_call)


def _by_phone(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    if heard.on is None:
        return []
    taker = {"name": body.get("taken_by"), "role": body.get("taken_role")}
    facts = _facts(taker, heard, body.get("reason") or "")
    if not body.get("accepts"):
        return _on_custody(heard.on, heard.partner, "delivered", facts)
    found = _on_custody(heard.on, heard.partner, "taken_by_phone", facts)
    return found + _for_discussion(heard.on, "accepted", facts)


def _collected(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    return _on_custody(heard.on, heard.partner, "delivered", Facts()) if heard.on else []


def _receipt(body: Mapping[str, Any], heard: Heard) -> list[Step]:
    """Being read opens it; what else a receipt proves reaches custody once it is settled."""
    if heard.on is None or body.get("result") != "read":
        return []
    return _on_custody(heard.on, heard.partner, "opened", Facts(at=heard.at))


_BY_TYPE = {
    "contact.recorded": _contact,
    "referral.received": _referral,
    "referral.acknowledged": _acknowledging,
    "referral.decision": _decision,
    "referrer.decision_feedback": _feeding_back,
    "strategy.requested": _requested,
    "strategy.record": _record,
    "handover.response": _response,
    "content.opened": _opened,
    "handover.withdrawn": _withdrawn,
    "handover.answered": _answered,
    "handover.started": _started,
    "handover.completed": _completed,
    "handover.reassigned": _reassigned,
    "handover.kept": _kept,
    "handover.recalled": _recalled,
    "handover.rerouted": _rerouted,
    "delivery.taken_by_phone": _by_phone,
    "delivery.collected": _collected,
    "delivery.receipt": _receipt,
}


def _on_journey(machine: str, event: str, heard: Heard, facts: Facts) -> list[Step]:
    return [Step(machine, heard.journey, event, facts)] if heard.journey else []


def _facts(worker: Any, heard: Heard, reason: str = "", to: str = "") -> Facts:
    person = worker if isinstance(worker, Mapping) else {}
    return Facts(
        name=str(person.get("name") or ""),
        role=str(person.get("role") or ""),
        agency=str(person.get("agency") or heard.partner),
        at=heard.at,
        reason=str(reason),
        to=to,
    )


def _actor(body: Mapping[str, Any], heard: Heard) -> Facts:
    return _facts(body, heard, str(body.get("reason") or ""))
