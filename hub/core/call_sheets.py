"""Whoever must be rung stands on a sheet beside the delivery that does not get through, for as long as it does not.

One sheet at most for a delivery, and none for an alert: nobody is rung about a child there, and
what is wrong with its recipient is an incident of its own. When the delivery is settled by other
means, nobody need ring any more: the sheet is withdrawn in the same transaction, says why, and
stays counted.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.core.work import Work
from hub.ids import derived
from hub.journeys.delivery import need_not_ring
from hub.ledger.session import among, values
from hub.ledger.tables import Delivery
from hub.ledger.write import at, rows, run, update
from hub.partners import Partner
from hub.rules.alerts import OPENED, RECOVERED
from schemas.envelope import AckLevel


def open_call_sheet(work: Work, row: Mapping[str, Any], partner: Partner) -> None:
    """A delivery by telephone beside one that does not get through."""
    if row["beside"] is not None or row["transport"] == "call":
        return
    rung = "update delivery set ring_at = null where delivery_id = :id"
    if row["type"] in (OPENED, RECOVERED):
        run(work.conn, rung, id=row["delivery_id"])
        return
    sheet = _sheet(work, row, partner)
    stands = "select state from delivery where delivery_id = :id"
    found = rows(work.conn, stands, id=sheet["delivery_id"])
    if found and found[0].state == "withdrawn":
        _open_again(work, sheet)
        return
    if found or any(made["delivery_id"] == sheet["delivery_id"] for made in work.pending(Delivery)):
        return
    work.add(Delivery, sheet)
    run(work.conn, rung, id=row["delivery_id"])
    run(
        work.conn,
        "update message set planned = planned + 1 where message_id = :id",
        id=row["message_id"],
    )
    _audit(work, "call sheet opened", sheet)


def _open_again(work: Work, sheet: Mapping[str, Any]) -> None:
    """Nobody had to ring any more, and now somebody must: what was delivered has come back."""
    run(
        work.conn,
        "update delivery set state = 'offered', reason = :why, listed_at = :now, changed_at = :now,"
        " version = version + 1 where delivery_id = :id",
        why=sheet["reason"],
        now=work.now,
        id=sheet["delivery_id"],
    )
    _audit(work, "call sheet opened again", sheet)


def close_call_sheets(work: Work, settled: Iterable[Mapping[str, Any]]) -> None:
    """Withdraws the open sheets beside deliveries beside which nobody need ring any more."""
    why = {row["delivery_id"]: need_not_ring(row["state"]) for row in settled}
    withdraw_call_sheets(work, {delivery: reason for delivery, reason in why.items() if reason})


def withdraw_call_sheets(work: Work, why: Mapping[str, str]) -> None:
    """Withdraws the open sheets beside these deliveries; `why` is said of each."""
    if not why:
        return
    closed = []
    for sheet in work.pending(Delivery):
        if sheet["beside"] in why and sheet["state"] == "offered":
            sheet |= {"state": "withdrawn", "reason": why[sheet["beside"]]}
            _audit(work, "call sheet withdrawn", sheet, why=why[sheet["beside"]])
    # Not by state as well: a database that knows no figures would read all that is offered.
    sql = (
        "select delivery_id, beside, case_ref, message_id, partner, state from delivery"
        f" where {among(work.conn, 'beside')} order by delivery_id"
    )
    for row in rows(work.conn, sql, among=values(work.conn, why)):
        if row.state != "offered":
            continue
        reason = why[row.beside]
        closed.append({"delivery_id": row.delivery_id, "reason": reason, "changed_at": work.now})
        _audit(work, "call sheet withdrawn", row._mapping, why=reason)
    update(
        work.conn,
        Delivery,
        "update delivery set state = 'withdrawn', reason = :reason, changed_at = :changed_at,"
        " version = version + 1 where delivery_id = :delivery_id",
        closed,
    )


def _audit(work: Work, did: str, sheet: Mapping[str, Any], **more: str) -> None:
    work.audit(
        sheet["case_ref"],
        did,
        delivery=sheet["delivery_id"],
        beside=sheet["beside"],
        message=sheet["message_id"],
        partner=sheet["partner"],
        **more,
    )


def _sheet(work: Work, row: Mapping[str, Any], partner: Partner) -> dict[str, Any]:
    delivery_id = derived("call", row["delivery_id"])
    return {
        "delivery_id": delivery_id,
        "message_id": row["message_id"],
        "case_ref": row["case_ref"],
        "authority": row["authority"],
        "type": row["type"],
        "partner": partner.partner,
        "team": row["team"],
        "purpose": row["purpose"],
        "transport": "call",
        "mode": "held",
        "lane": f"{partner.partner}|{delivery_id}",
        "lane_no": 0,
        "priority": row["priority"],
        "rank": row["rank"],
        "state": "offered",
        "attempt": 0,
        "tries": 0,
        "next_at": None,
        "not_after": None,
        "due_at": at(row["due_at"]),
        "patience_at": None,
        "ring_at": None,
        "level_needed": AckLevel.RECEIVED.value,
        "level_reached": "none",
        "reason": f"ring {partner.call.who}" if partner.call else f"ring {partner.title}",
        "predecessor": None,
        "overtook": "[]",
        "policy": None,
        "withheld": "[]",
        "rendered": None,
        "reference": delivery_id,
        "address": partner.call.phone if partner.call else None,
        "beside": row["delivery_id"],
        "created_at": work.now,
        "listed_at": work.now,
        "changed_at": work.now,
        "version": 1,
    }
