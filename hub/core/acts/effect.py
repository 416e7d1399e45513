"""What a person does takes effect once, against the version they saw, and the ledger answers it.

The desk polls for the answer; `refused` says why in words for the person who clicked.
"""

from collections.abc import Callable

from hub.core.acts import (
    on_bytes,
    on_custody,
    on_deliveries,
    on_handovers,
    on_incidents,
    on_messages,
    on_parcels,
    on_partners,
    on_reading,
    on_records,
    on_redrives,
)
from hub.core.acts.deed import Deed, Refused
from hub.core.work import Work
from hub.ledger.content import seal_words
from hub.ledger.tables import Act
from hub.ledger.write import rows
from hub.wire import Record

_EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    **on_handovers.EFFECTS,
    **on_custody.EFFECTS,
    **on_deliveries.EFFECTS,
    **on_parcels.EFFECTS,
    **on_bytes.EFFECTS,
    **on_partners.EFFECTS,
    **on_incidents.EFFECTS,
    **on_messages.EFFECTS,
    **on_records.EFFECTS,
    **on_reading.EFFECTS,
    **on_redrives.EFFECTS,
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
