"""Whoever sent what a person must accept is told the answer in their own system, under their own reference.

The same whether a partner's system answered, a person at the desk, or somebody who took a call.
Only an answer that counts is passed on; one that does not, and why, is in the case's audit chain.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub.core.arrival import Arrival
from hub.core.derive import derived_message
from hub.core.early import again
from hub.core.work import Work
from hub.ledger.read.answered import asker
from hub.ledger.write import rows
from hub.rules.consequences import NoConsequence, answer
from schemas.codes import Refusal
from schemas.labels import Restriction
from schemas.register import HUB

_TYPE = "handover.response"


def passed_on(work: Work, arrival: Arrival) -> list[Arrival]:
    """A recorded answer as the hub's own word to whom it answers."""
    if arrival.type != _TYPE or arrival.partner == HUB or arrival.answered is None:
        return []
    if arrival.unheeded:
        _not_said(work, arrival.case_ref, arrival.unheeded, arrival.message_id)
        return []
    labels = arrival.envelope.labels
    return tell(work, arrival.answered, arrival.message_id, arrival.fields, labels)


def tell(
    work: Work,
    answered: str,
    cause: str,
    body: Mapping[str, Any],
    labels: tuple[Restriction, ...] = (),
) -> list[Arrival]:
    """The message for the sender of `answered`; `cause` is the answer, or the act that gave it.

    `labels` restrict the answer itself, beside those of what it answers.
    """
    by = asker(work.conn, answered)
    try:
        asked = again(work, answered, None)
    except LookupError as erased:
        case = rows(work.conn, "select case_ref from message where message_id = :id", id=answered)
        _not_said(work, case[0].case_ref, str(erased), cause)
        return []
    said = answer(UUID(cause), UUID(answered), body, by.reference, asked.envelope.sender)
    if isinstance(said, NoConsequence):
        _not_said(work, asked.case_ref, said.why, cause)
        return []
    made = derived_message(work.now, asked, replace(said, labels=labels))
    made.asker = by.partner
    return [made]


def spoken(
    work: Work, response: str, by: Mapping[str, str], asks: str = "", reason: str = ""
) -> dict[str, Any]:
    """What a person said at the desk or on the telephone, as the body of an answer."""
    said: dict[str, Any] = {"response": response, "at": work.now.isoformat(), "by": by}
    if response == "queried":
        return said | {"query": asks or reason}
    if response == "refused":
        known = reason in {one.value for one in Refusal}
        said["refusal"] = reason if known else Refusal.OTHER.value
    return said | {"reason": reason} if reason else said


def _not_said(work: Work, case_ref: str, why: str, cause: str) -> None:
    work.audit(case_ref, "not said", type=_TYPE, why=why, cause=cause)
