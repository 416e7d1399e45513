"""What a person does takes effect once, against the version they saw, and the ledger answers it.

The desk polls for the answer; `refused` says why in words for the person who clicked.
"""

from collections.abc import Callable

from hub.core import (
    acts_on_bytes,
    acts_on_custody,
    acts_on_deliveries,
    acts_on_handovers,
    acts_on_incidents,
    acts_on_messages,
    acts_on_parcels,
    acts_on_partners,
    acts_on_reading,
    acts_on_records,
    acts_on_redrives,
)
from hub.core.deed import Deed, Refused
from hub.core.work import Work
from hub.ledger.content import seal_words
from hub.ledger.tables import Act
from hub.ledger.write import rows
from hub.wire import Record

_EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    **acts_on_handovers.EFFECTS,
    **acts_on_custody.EFFECTS,
    **acts_on_deliveries.EFFECTS,
    **acts_on_parcels.EFFECTS,
    **acts_on_bytes.EFFECTS,
    **acts_on_partners.EFFECTS,
    **acts_on_incidents.EFFECTS,
    **acts_on_messages.EFFECTS,
    **acts_on_records.EFFECTS,
    **acts_on_reading.EFFECTS,
    **acts_on_redrives.EFFECTS,
}


def record_act(work: Work, record: Record) -> None:
    """One act, once."""
    if rows(work.conn, "select 1 from act where act_id = :id", id=record.id):
        return
    meta = record.meta
    body = meta.get("body") or {}
    deed = Deed(
        record.id,
        record.kind,
        meta["subject"],
        meta["who"],
        meta.get("version"),
        meta.get("reason") or body.get("reason") or "",
        body,
    )
    carry_out(work, deed)


def carry_out(work: Work, deed: Deed, **facts: str) -> tuple[str, str]:
    """Has its effect and writes down what came of it: done or refused, and the answer.

    `facts` stand in the audit beside it.
    """
    effect = _EFFECTS.get(deed.type)
    try:
        if effect is None:
            raise Refused(f"this hub knows no act {deed.type}")
        answer, outcome = effect(work, deed), "done"
    except Refused as error:
        answer, outcome = str(error), "refused"
    work.add(
        Act,
        {
            "act_id": deed.act_id,
            "type": deed.type,
            "subject": deed.subject,
            "person_id": str(deed.who["person_id"]),
            "who": deed.name,
            "at": work.now,
            "outcome": outcome,
            "answer": answer,
        },
    )
    case_ref = deed.case_ref(work)
    words = deed.reason if deed.type != "content.opened" else ""
    key = work.key(case_ref) if words else None
    work.audit(
        case_ref,
        f"act {outcome}",
        act=deed.type,
        subject=deed.subject,
        who=deed.name,
        why=seal_words(key, deed.subject, words) if key else "",
        **facts,
    )
    return outcome, answer
