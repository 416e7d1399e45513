"""What is wrong is said in the same words at the desk, in an alert and wherever else it is told."""

KINDS = {
    "partner_down": "{partner} does not answer",
    "lane_blocked": "A delivery to {partner} holds up later ones about the same child",
    "stopped": "Deliveries to {partner} stopped, and a person must decide",
    "misdirected_ack": "{partner} acknowledged another message than the one it was sent",
    "unknown_receipt": "{partner} sent a receipt for something it was never sent",
    "unknown_partner": "A receipt names a partner that has no file",
    "overdue": "Nobody has accepted a message in time",
    "unowned": "Nobody gets a message that somebody must act on",
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
    "another_kafka": "Kafka is another one than before",
    "retention": "Records were gone before they were read",
    "unknown_version": "A message is of a version that this hub does not know",
    "silent": "{subject} has gone silent",
    "behind": "Reading {subject} is behind",
    "queue_old": "What waits for {partner} is older than its patience",
    "nothing_received": "Nothing comes from {partner}, and something was due",
    "disk": "The disk of {subject} is nearly full",
    "certificate": "{subject} comes to its end",
    "heartbeat_unheard": "The monitor outside the hub does not take its calls",
}
"""Each kind of incident, as a sentence about `{partner}`, about `{subject}` or about the hub."""

ENDS = {
    "misdirected_ack": "Closes by itself when {partner} acknowledges what it is sent next",
    "unknown_receipt": "Closes by itself after a day without another",
    "unknown_partner": "Closes by itself after a day without another",
    "two_of_one_name": "Closes by itself after a day without another",
    "foreign": "Closing it sets aside what was kept of it",
    "unowned": "Closes by itself when core starts with partner files that name somebody for it. Close it"
    " where a named person acts on it all the same",
    "stuck": "Closing it sets aside what was kept of it",
    "unknown_version": "Closing it sets aside what was kept of it",
    "silent": "Closes by itself when it speaks. Close it where it was taken away on purpose",
    "certificate": "Closes by itself when a newer one is in use, or an authority is taken out that"
    " nobody needs",
}
"""What closes an incident beside a person, where it is no wonder that nobody thinks of it."""

AT_THE_DESK = ("overdue",)
"""Kinds that are nobody's alert: the team hears of them at the desk and by call sheets."""

_CERTIFICATES = {
    "listen": "Our certificate where {partner} connects to us",
    "send": "Our certificate towards {partner}",
    "push": "Our certificate towards {partner}",
    "door": "The certificate of the HTTP door",
    "desk": "The certificate of the desk",
    "kafka": "Our certificate for Kafka",
    "ledger": "Our certificate for PostgreSQL",
}
"""By the beginning of what it is used for."""

_AUTHORITIES = {
    "door": "An authority that the HTTP door trusts",
    "desk": "An authority that the desk trusts",
    "kafka": "An authority that we trust for Kafka",
    "ledger": "An authority that we trust for PostgreSQL",
}
"""By the beginning of what it is used for; any other is a partner's."""


def titled(kind: str, partner: str, subject: str) -> str:
    """What is wrong, in words; `partner` is the title of the partner that it is about, if any."""
    words = KINDS.get(kind, kind.replace("_", " ").capitalize())
    about = _certificate(subject) if kind == "certificate" else subject.partition("|")[0]
    said = words.format(partner=partner, subject=about.format(partner=partner))
    return said[:1].upper() + said[1:]


def _certificate(subject: str) -> str:
    """Whose certificate an incident is about: `owner|use`, e.g. `st-elsewhere|send theirs`."""
    owner, _, use = subject.partition("|")
    words = use.split()
    if "theirs" in words:
        return "The certificate of PostgreSQL" if owner == "hub" else "The certificate of {partner}"
    trusted = "trusted" in words
    any_other = "An authority that we trust for {partner}" if trusted else "A certificate"
    known = (_AUTHORITIES if trusted else _CERTIFICATES).items()
    return next((said for name, said in known if use.startswith(name)), any_other)
