"""How a case stands is said in words for every state of every journey, and with it what is still owed."""

from datetime import datetime
from typing import Protocol

from hub.journeys.reconvening import RECONVENING
from hub.ledger.read.sentences import Deadline, Held, Name, Parts, handover

_STATES = {
    "referral": {
        "contact_recorded": "Nobody has decided what becomes of the contact, ",
        "referral": "Nobody has decided on the referral, ",
        "acknowledged": "The notice that it arrived has gone to the referrer; nobody has decided on it, ",
        "reopened": "Opened again: somebody must decide, ",
        "decided": "Decided, ",
        "nfa_fed_back": "Nothing further is done, and the notice of it has gone to the referrer, ",
        "early_help": "Goes to early help, ",
        "assessing": "Being assessed, ",
        "strategy": "Goes to a strategy discussion, ",
        "s47": "A section 47 enquiry is under way, ",
        "icpc": "Goes to a child protection conference, ",
        "no_icpc": "No child protection conference, ",
        "cp_plan": "A child protection plan, ",
        "cin_plan": "A child in need plan, ",
        "authorised": "The assessment is authorised, ",
        "notices_pending": "Assessed; notices are still owed, ",
        "completed": "Assessed, and whoever must know was told, ",
        "advice_given": "Ended with advice, ",
        "routed_to_open_case": "Went to the worker of the open case, ",
        "signposted": "Sent to another agency, ",
        "passed_on": "Passed on as a referral of its own, ",
        "replaced": "A corrected one stands in its place, ",
        "closed": "Closed, ",
        "new_referral": "A new referral came after it, ",
    },
    # What is proved, and no more: a letter that was sent is not one that was read.
    "notice": {
        "made": "The notice to the referrer is on its way: they have not been told, ",
        "kept_back": "The notice to the referrer is kept back: they have not been told, ",
        "undeliverable": "The notice does not reach the referrer: they have not been told, ",
        "sent": "The notice to the referrer was sent; nobody knows that it was read, ",
        "received": "The notice is with the referrer: their system has it, ",
        "told": "The referrer was told by a person, ",
        "exempt": "The referrer is not told: a named person decided so, ",
        "replaced": "Another notice to the referrer stands in its place, ",
    },
    "strategy": {
        "requested": "The discussion has been asked for, and not been held, ",
        "convening": "The discussion is being convened, and has not been held, ",
        "quorate": "Enough are coming; the discussion has not been held, ",
        "not_quorate": "Too few are coming; the discussion has not been held, ",
        "declined": "An agency has declined; the discussion has not been held, ",
        "escalated": "The discussion was asked for higher up, and has not been held, ",
        "cancelled": "The discussion was cancelled, ",
        "held": "The discussion was held; its decision is not recorded, ",
        "held_inquorate": "The discussion was held without all who were needed, ",
        "recorded": "The discussion decided on no section 47 enquiry, ",
        "confirmed": "The record of the discussion is confirmed by each agency, ",
        "unconfirmed": "The record of the discussion is not confirmed, ",
        "s47_joint": "Section 47 enquiry, by social care and police together, ",
        "s47_csc": "Section 47 enquiry, by social care alone, ",
        "s47_police": "Section 47 enquiry, by the police alone, ",
        "csc_contact_with_family_paused": "Social care speaks to nobody in the family for now, ",
        "visit_proposed": "A joint visit is proposed, ",
        "both_accepted": "Both agencies come to the visit, ",
        "one_agency_unavailable": "One agency cannot come to the visit, ",
        "visiting": "The visit is under way, ",
        "child_seen": "The child was seen, ",
        "not_seen": "The child was not seen, ",
        "urgent_review": "The child was not seen: an urgent review, ",
        "closed": "Closed, ",
    },
    "reconvening": {
        "agreed": "The discussion is to be held again, ",
        "to_reconvene": "The discussion is to be held again by ",
        "reconvened": "The discussion was held again, ",
        "called_off": "The discussion need not be held again, ",
    },
}

# Core is upgraded before the desk (deploy/runbook/upgrade.md).
_NEWER = "A newer hub knows how it stands, "


class Journey(Held, Protocol):
    """What a sentence about any journey needs."""

    @property
    def machine(self) -> str: ...
    @property
    def due_at(self) -> datetime | None: ...


def stands(one: Journey, name: Name) -> Parts:
    """Where a journey stands, since when, and who must act."""
    if one.machine == "handover":
        return handover(one, name)
    words = _STATES.get(one.machine, {}).get(one.state, _NEWER)
    if one.machine == "reconvening" and one.state in RECONVENING.owed and one.due_at:
        return (words, Deadline(one.due_at))
    return (words, one.changed_at)
