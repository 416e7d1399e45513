"""Whom a hospital feed is kept for follows from the cases that the other services opened.

Edge is told keyed tokens only, on a compacted topic; the feed itself never makes a child watched.
"""

from hub.core.arrival import Arrival
from hub.core.work import Work
from hub.ids import token
from hub.ledger.tables import Watched
from hub.ledger.write import rows
from hub.partners import Partner
from hub.seal import Keyring
from hub.topics import WATCHED
from hub.wire import Outbound, Record, write

OPENS = (
    "contact.recorded",
    "referral.received",
    "police.notification",
    "strategy.requested",
    "edt.handover",
)
"""Types that open a case: whoever they are about is watched from then on."""


def watch(work: Work, arrival: Arrival) -> None:
    """Adds the child of an opening message to every filtered feed of its authority."""
    number = arrival.subject.nhs_number
    if arrival.type not in OPENS or not number:
        return
    for partner in work.site.directory:
        if partner.filtered and arrival.envelope.authority in partner.authorities:
            add(work, partner, number, arrival.case_ref)


def add(work: Work, partner: Partner, nhs_number: str, because: str) -> None:
    """One number on one partner's list; told to edge if it is new there."""
    made = token(work.site.keys.watch(partner.partner), "nhs", nhs_number)
    known = rows(
        work.conn,
        "select 1 from watched where partner = :p and token = :t",
        p=partner.partner,
        t=made,
    )
    if known or any(row["token"] == made for row in work.pending(Watched)):
        return
    work.add(Watched, {"partner": partner.partner, "token": made, "because": because})
    work.out.append(told(work.site.keys, partner.partner, made))


def told(keys: Keyring, partner: str, made: str) -> Outbound:
    """A token of one partner's list, as edge reads it."""
    record = Record("watched", made, {"partner": partner, "token": made}, b"", {"partner": partner})
    return write(keys, WATCHED, f"{partner}.{made}", record)
