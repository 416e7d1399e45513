"""An incident's kind is a sentence's beginning, and leads to the page where something can be done."""

from typing import Protocol

from hub.desk.shown.words import capital, count
from hub.incident_words import ENDS, titled
from hub.ledger.read.incidents import Wrong


class Titles(Protocol):
    """Who knows what people call a partner."""

    def title(self, partner: str | None) -> str: ...


_OF_A_PARTNER = (
    "partner_down",
    "misdirected_ack",
    "unknown_receipt",
    "counter_restarted",
    "queue_old",
    "nothing_received",
)


def incident_title(one: Wrong, desk: Titles) -> str:
    """What is wrong, in words."""
    return titled(one.kind, desk.title(one.subject.partition("|")[0]), one.subject)


def incident_link(one: Wrong) -> str:
    """Where to go with it; empty where there is nothing to press."""
    if one.kind in _OF_A_PARTNER:
        return f"/partners/{one.subject.partition('|')[0]}"
    if one.kind == "certificate" and not one.subject.startswith("hub|"):
        return f"/partners/{one.subject.partition('|')[0]}"
    if one.kind == "overdue" and one.subject.count(":"):
        return f"/message/{one.subject.split(':')[1]}"
    if one.kind in ("early", "not_linked", "unowned"):
        return f"/message/{one.subject}"
    if one.kind == "stopped":
        return f"/failed/{one.about}"
    if one.kind in ("lane_blocked", "unreadable", "stuck", "foreign", "conflict"):
        return "/failed"
    return ""


def incident_end(one: Wrong, desk: Titles) -> str:
    """What closes it beside a person; empty where only a person does, or nobody need think of it."""
    return ENDS.get(one.kind, "").format(partner=desk.title(one.subject))


def incident_cause(one: Wrong) -> str:
    """Why, without the names that machines use."""
    cause = one.cause.partition(": ")[2] if one.kind == "lane_blocked" else one.cause
    return capital(cause or one.cause)


def incident_count(one: Wrong) -> str:
    """How much of it there is: of what stopped how many stand so, of anything else how often it was seen."""
    if one.kind == "stopped":
        was = "" if one.closed_at is None else " at the last look"
        return f"{count(one.count, 'delivery', 'deliveries')} stopped{was}"
    return f"seen {count(one.count, 'time')}"
