"""A later message of a case belongs to the referral or discussion that it names, and never to another.

Teams decide by the number that stands in what they were sent: the referrer's own, or the number of
the contact from which the referral grew. Source: the hub's domain pages 6.3 and 8.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from hub.core.arrival import Arrival
from hub.core.work import Work
from hub.journeys import MACHINES
from hub.journeys.reconvening import RECONVENING
from hub.ledger.content import open_content
from hub.ledger.session import among, values
from hub.ledger.write import rows

_MACHINE = {"referral.received": "referral", "strategy.requested": "strategy"}
_NAMED_IN = {
    "referral.acknowledged": ("referral.received", "reference"),
    "referral.decision": ("referral.received", "referral_reference"),
    "referrer.decision_feedback": ("referral.received", "referral_reference"),
    "strategy.record": ("strategy.requested", "request_reference"),
}
"""What a message is about, and where it names which one. The referral, not the contact before it."""
_BEFORE = ("contact.recorded", "referral.received", "strategy.requested")
"""What one may have grown from: the contact, or the words that were corrected since."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A journey of the case, and by which messages and numbers it is known."""

    subject: str
    state: str
    messages: tuple[str, ...]
    numbers: frozenset[str]
    owner: tuple[str, str]
    """Whose number for it that is: two of one owner are the same matter, said again."""

    def is_called(self, name: str) -> bool:
        return name in self.messages or _plain(name) in self.numbers


def journey_subject(work: Work, arrival: Arrival) -> UUID | None:
    """The referral or strategy discussion that this message is about; None where nobody knows it.

    Where it names none, the only one that is open is meant.
    """
    if arrival.type not in _NAMED_IN:
        return None
    begins, _ = _NAMED_IN[arrival.type]
    machine = _MACHINE[begins]
    # What it answers is the surer name: no person has typed it.
    names = [arrival.replies_to, arrival.answered, _named(arrival)]
    found = list(_begun(work, machine, begins, arrival.case_ref))
    for name in filter(None, names):
        if one := _only([one for one in found if one.is_called(name)]):
            return UUID(one.subject)
    if _named(arrival):
        return None
    still = [one.subject for one in found if one.state not in MACHINES[machine].final]
    if not found and machine == "strategy":
        still = _to_reconvene(work, arrival.case_ref)
    return UUID(still[0]) if len(still) == 1 else None


def _to_reconvene(work: Work, case_ref: str) -> list[str]:
    """Discussions that nobody asked for here, and that are to be held again."""
    sql = "select subject, machine, state from journey where case_ref = :case"
    return [
        row.subject
        for row in rows(work.conn, sql, case=case_ref)
        if row.machine == RECONVENING.name and row.state in RECONVENING.owed
    ]


def waits_for(work: Work, arrival: Arrival) -> str | None:
    """The reference that a decision names, where no referral of its case is known by it yet."""
    if arrival.type != "referral.decision" or journey_subject(work, arrival) is not None:
        return None
    return _named(arrival) or None


def _named(arrival: Arrival) -> str:
    return str(arrival.fields.get(_NAMED_IN[arrival.type][1]) or "")


def _only(found: list[_Begun]) -> _Begun | None:
    """The last of those that stand, unless they are different ones under one number."""
    stand = [one for one in found if one.state != "replaced"] or found
    return stand[0] if len({one.owner for one in stand}) == 1 else None


def _begun(work: Work, machine: str, begins: str, case_ref: str) -> Iterator[_Begun]:
    """All of this kind in the case, the last one first."""
    # The case has few journeys; of a machine there are all that ever were.
    sql = (
        "select j.subject, j.state, j.machine from journey j"
        " join message m on m.message_id = j.subject where j.case_ref = :case and m.type = :type"
        " order by j.opened_at desc, j.subject"
    )
    found = rows(work.conn, sql, case=case_ref, type=begins)
    for row in (one for one in found if one.machine == machine):
        grown = list(_grown_from(work, row.subject))
        messages = [one.message_id for one in grown]
        sent = f"select reference from delivery where {among(work.conn, 'message_id')}"
        own = _own_number(work, row.subject)
        numbers = [own, *(one.reference for one in grown)]
        numbers += [
            one.reference for one in rows(work.conn, sent, among=values(work.conn, messages))
        ]
        yield _Begun(
            row.subject,
            row.state,
            tuple(messages),
            frozenset(_plain(one) for one in numbers if one),
            (grown[-1].partner, own or row.subject),
        )


def _grown_from(work: Work, message_id: str) -> Iterator[Any]:
    """The message itself, and those from which it came."""
    sql = (
        "select message_id, partner, reference, causation_id from message"
        f" where message_id = :id and type in {_BEFORE}"
    )
    named: str | None = message_id
    while named and (found := rows(work.conn, sql, id=named)):
        yield found[0]
        named = found[0].causation_id


def _own_number(work: Work, message_id: str) -> str:
    """The number in its own words, which is the one that its receivers see."""
    if message_id in work.said:
        body = orjson.loads(work.said[message_id][1])
    else:
        try:
            _, body = open_content(work.conn, work.site.keys, message_id)
        except LookupError:  # erased
            return ""
    return str(body.get("reference") or "")


def _plain(name: str) -> str:
    return name.strip().casefold()
