"""An incident's kind is a sentence's beginning, and leads to the page where something can be done."""

from hub.desk.desk import Desk
from hub.desk.words import capital
from hub.ledger.read.incidents import Wrong

_KINDS = {
    "partner_down": "{partner} does not answer",
    "lane_blocked": "A delivery to {partner} holds up later ones about the same child",
    "misdirected_ack": "{partner} acknowledged another message than the one it was sent",
    "unknown_receipt": "{partner} sent a receipt for something it was never sent",
    "unknown_partner": "A receipt names a partner that has no file",
    "overdue": "Nobody has accepted a message in time",
    "early": "A message waits for one that has not come",
    "foreign": "Somebody else writes where only this hub writes, or its words were damaged",
    "not_linked": "Two cases could not be joined",
    "unread": "What lay unread at a start was not read in time",
    "two_of_one_name": "Two processes run under one name",
    "parked": "What was parked for an upgrade could not be taken up",
    "due_failed": "What falls due by itself could not be done",
    "content_missing": "Content is missing for a delivery",
    "counter_restarted": "{partner} uses references again: its counter may have restarted",
    "conflict": "{partner} sent other content under the same reference",
    "unreadable": "{partner} sends what nobody can read",
    "stuck": "Records are stuck",
    "configuration": "Roles have read different partner files",
    "restored": "An older copy of the ledger was put back",
    "retention": "Records were gone before they were read",
    "unknown_version": "A message is of a version that this hub does not know",
    "silent": "A role has gone silent",
    "behind": "Reading is behind",
    "certificate": "A certificate comes to its end",
}

_ENDS = {
    "misdirected_ack": "Closes by itself when {partner} acknowledges what it is sent next",
    "unknown_receipt": "Closes by itself after a day without another",
    "unknown_partner": "Closes by itself after a day without another",
    "two_of_one_name": "Closes by itself after a day without another",
    "foreign": "Closing it sets aside what was kept of it",
    "certificate": "Closes by itself when a newer one is in use",
}

_CERTIFICATES = {
    "listen": "Our certificate where {partner} connects to us",
    "send": "Our certificate towards {partner}",
    "push": "Our certificate towards {partner}",
    "theirs": "The certificate of {partner}",
    "door": "The certificate of the HTTP door",
    "desk": "The certificate of the desk",
    "kafka": "Our certificate for Kafka",
}
"""By the beginning of what it is used for; `theirs` by its end."""


def incident_title(one: Wrong, desk: Desk) -> str:
    """What is wrong, in words."""
    partner = one.subject.partition("|")[0]
    words = _KINDS.get(one.kind, one.kind.replace("_", " ").capitalize())
    if one.kind == "certificate":
        words = _certificate(one.subject) + " comes to its end"
    return words.format(partner=desk.title(partner))


def incident_link(one: Wrong) -> str:
    """Where to go with it; empty where there is nothing to press."""
    if one.kind in ("partner_down", "misdirected_ack", "unknown_receipt", "counter_restarted"):
        return f"/partners/{one.subject.partition('|')[0]}"
    if one.kind == "certificate" and not one.subject.startswith("hub|"):
        return f"/partners/{one.subject.partition('|')[0]}"
    if one.kind == "overdue" and one.subject.count(":"):
        return f"/message/{one.subject.split(':')[1]}"
    if one.kind in ("early", "not_linked"):
        return f"/message/{one.subject}"
    if one.kind in ("lane_blocked", "unreadable", "stuck", "foreign", "conflict"):
        return "/failed"
    return ""


def incident_end(one: Wrong, desk: Desk) -> str:
    """What closes it beside a person; empty where only a person does, or nobody need think of it."""
    return _ENDS.get(one.kind, "").format(partner=desk.title(one.subject))


def _certificate(subject: str) -> str:
    """Whose certificate an incident is about: `owner|use`, e.g. `st-elsewhere|send theirs`."""
    use = subject.partition("|")[2]
    if use.endswith(" theirs"):
        return _CERTIFICATES["theirs"]
    found = [words for name, words in _CERTIFICATES.items() if use.startswith(name)]
    return found[0] if found else "A certificate"


def incident_cause(one: Wrong) -> str:
    """Why, without the names that machines use."""
    cause = one.cause.partition(": ")[2] if one.kind == "lane_blocked" else one.cause
    return capital(cause or one.cause)
