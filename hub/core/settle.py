"""Every receipt finds its delivery, and what it means is written once.

A success counts however late; a failure only for the attempt that is still open. Attempts that a
takeover names without a receipt are outcome-unknown at once, so recovery waits for no lease.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from hub.clock import of_machine
from hub.core import custody, telling
from hub.core.breaker import unreached
from hub.core.call_sheets import close_call_sheets, open_call_sheet
from hub.core.incidents.over import in_step_again
from hub.core.work import Work
from hub.journeys.delivery import (
    TAKEN_BY_PHONE,
    Outcome,
    Policy,
    Receipt,
    Settled,
    Standing,
    State,
    settle,
)
from hub.ledger.session import among, is_sqlite, locking, values
from hub.ledger.tables import Attempt, Delivery
from hub.ledger.write import at, rows, update
from hub.partners import Partner
from schemas.envelope import AckLevel

_OUTCOMES = {
    "delivered": Outcome.TAKEN,
    "try_again": Outcome.TRY_AGAIN,
    "refused": Outcome.REFUSED,
    "unknown": Outcome.OUTCOME_UNKNOWN,
    "not_attempted": Outcome.NOT_ATTEMPTED,
    "expired": Outcome.NOT_ATTEMPTED,
}

_SETTLED = """
update delivery set state = :state, tries = :tries, next_at = :next_at, reason = :reason,
  level_reached = :level_reached, their_reference = :their_reference, who = :who,
  changed_at = :changed_at, version = version + 1 where delivery_id = :delivery_id
"""

_WANTED = (
    "select delivery_id, message_id, case_ref, authority, type, partner, team, lane, rank, priority,"
    " state, attempt, tries, level_needed, level_reached, due_at, patience_at, handed_at, mode,"
    " transport, reason, their_reference, who, beside, reference, purpose, lane_no,"
    " (select ack_expected from message m where m.message_id = delivery.message_id) as ack_expected"
    " from delivery where "
)


def settle_receipts(
    work: Work, partner: str, edge: str, receipts: Sequence[dict[str, Any]]
) -> None:
    """All receipts of one record, in their order."""
    open_all(work, receipts)
    named = [receipt["delivery_id"] for receipt in receipts]
    found = _deliveries(work, named, locking(work.conn))
    work.open_cases(row["case_ref"] for row in found.values())
    custody.load(work, found.values())
    touched: dict[str, dict[str, Any]] = {}
    known = [receipt for receipt in receipts if receipt["delivery_id"] in found]
    for receipt in receipts:
        row = found.get(receipt["delivery_id"])
        if row is None:
            work.incident("unknown_receipt", partner, "a receipt names a delivery we do not have")
            continue
        if _one(work, row, receipt, edge):
            touched[row["delivery_id"]] = row
    update(work.conn, Delivery, _SETTLED, [_columns(work, row) for row in touched.values()])
    arrived = [row for row in touched.values() if not telling.came_back(work, row)]
    close_call_sheets(work, arrived)
    if work.site.partner(partner) is not None:
        work.heard.setdefault(partner, []).extend(known)
    work.partners.add(partner)


def open_all(work: Work, receipts: Iterable[dict[str, Any]]) -> None:
    """Locks the cases that these are about, before anything of them is read: it may be changing.

    Several records' at once, or they would be locked out of order. SQLite has one writer.
    """
    if is_sqlite(work.conn):
        return
    sql = "select distinct case_ref from delivery where " + among(work.conn, "delivery_id")
    named = values(work.conn, dict.fromkeys(receipt["delivery_id"] for receipt in receipts))
    work.open_cases(row.case_ref for row in rows(work.conn, sql, among=named))


def settle_takeover(work: Work, meta: dict[str, Any]) -> None:
    """What an edge that is gone had committed and never answered for."""
    found = _deliveries(work, [delivery for delivery, _ in meta["attempts"]])
    lost = [
        _told(delivery, attempt, "unknown", "the edge that had it is gone", work) | {"ours": True}
        for delivery, attempt in meta["attempts"]
        if delivery in found
        and found[delivery]["state"] == State.UNDER_WAY
        and found[delivery]["attempt"] == attempt
    ]
    if lost:
        settle_receipts(work, meta["partner"], meta["edge"], lost)


def settle_leases(work: Work) -> None:
    """Attempts that no edge answered for within their lease: outcome unknown."""
    sql = (
        "select delivery_id, attempt, partner from delivery"
        " where state = 'under_way' and not_after < :now"
    )
    late = rows(work.conn, sql, now=work.leases_end)
    for partner in sorted({row.partner for row in late}):
        lost = [
            _told(
                row.delivery_id, row.attempt, "unknown", "no edge answered within the lease", work
            )
            | {"lease": True}
            for row in late
            if row.partner == partner
        ]
        settle_receipts(work, partner, "lease", lost)


def _told(delivery: str, attempt: int, outcome: str, why: str, work: Work) -> dict[str, Any]:
    return {
        "delivery_id": delivery,
        "attempt": attempt,
        "outcome": outcome,
        "level": "none",
        "at": work.now.isoformat(),
        "detail": why,
    }


def _deliveries(work: Work, ids: Iterable[str], lock: str = "") -> dict[str, dict[str, Any]]:
    sql = _WANTED + among(work.conn, "delivery_id") + lock
    found = rows(work.conn, sql, among=values(work.conn, dict.fromkeys(ids)))
    return {row.delivery_id: dict(row._mapping) for row in found}


def _one(work: Work, row: dict[str, Any], told: dict[str, Any], edge: str) -> bool:
    partner = work.site.partner(row["partner"])
    if partner is None:
        work.incident("unknown_partner", row["partner"], "a receipt of a partner without a file")
        return False
    level = AckLevel(told.get("level", "none"))
    receipt = Receipt(
        told["attempt"],
        _OUTCOMES[told["outcome"]],
        level,
        told.get("retry_after"),
        told.get("detail") or "",
        told.get("ours", False),
        reached=not unreached(told),
    )
    standing = Standing(
        row["state"],
        row["attempt"],
        row["tries"],
        AckLevel(row["level_needed"]),
        at(row["due_at"]),
        at(row["patience_at"]),
        rung=row["reason"].startswith(TAKEN_BY_PHONE),
    )
    settled = settle(standing, receipt, Policy.of(partner), work.now, random.random())
    who = told.get("who")
    named = f"{who['name']}, {who['role']}" if who else None
    handed_out = settled.state is State.OFFERED and receipt.outcome is Outcome.TAKEN
    if receipt.outcome is not Outcome.NOT_ATTEMPTED and not handed_out:
        work.add(Attempt, _attempt(work, row, told, edge, named))
    if told.get("misdirected"):
        why = "an acknowledgement named another message; the connection was dropped"
        work.incident("misdirected_ack", row["partner"], why)
    elif receipt.outcome is Outcome.TAKEN and receipt.attempt == row["attempt"]:
        in_step_again(work, row["partner"], row["handed_at"])
    before = (row["level_reached"], row["their_reference"], row["who"])
    if level.rank > AckLevel(row["level_reached"]).rank:
        row["level_reached"] = level.value
        if handed_out:
            _handed_out(work, row)
    row["their_reference"] = told.get("their_reference") or row["their_reference"]
    row["who"] = named or row["who"]
    if settled.changed:
        _becomes(work, row, settled, partner, told)
    telling.settled(work, row)
    if work.trail is not None:
        work.trail.settled(work.conn, row, told)
    return settled.changed or before != (row["level_reached"], row["their_reference"], row["who"])


def _handed_out(work: Work, row: dict[str, Any]) -> None:
    """Its content has left, whoever has it: on record the first time, though it is not delivered."""
    work.audit(
        row["case_ref"],
        "delivery handed out",
        delivery=row["delivery_id"],
        message=row["message_id"],
        partner=row["partner"],
    )


def _becomes(
    work: Work, row: dict[str, Any], settled: Settled, partner: Partner, told: dict[str, Any]
) -> None:
    before = row["state"]
    row |= {
        "state": settled.state.value,
        "tries": settled.tries,
        "next_at": of_machine(settled.next_at) if settled.next_at else None,
        "reason": settled.needs or told.get("detail") or "",
    }
    if settled.state is State.WAITING and told["outcome"] in ("not_attempted", "expired"):
        row["next_at"] = None
    if before == settled.state.value and settled.state is not State.DELIVERED:
        return
    if settled.state is not State.WAITING or told["outcome"] not in ("not_attempted", "expired"):
        work.audit(
            row["case_ref"],
            f"delivery {settled.state.value}",
            delivery=row["delivery_id"],
            message=row["message_id"],
            partner=row["partner"],
            attempt=told["attempt"],
            outcome=told["outcome"],
            level=told.get("level", "none"),
            by=row["who"] or "",
        )
    if before == settled.state.value:
        return
    if settled.state is State.DELIVERED:
        custody.delivered(work, row)
    elif settled.state in (State.NEEDS_PERSON, State.OUTCOME_UNKNOWN):
        custody.undeliverable(work, row)
    if settled.call_sheet:
        open_call_sheet(work, row, partner)


def _columns(work: Work, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "delivery_id": row["delivery_id"],
        "state": row["state"],
        "tries": row["tries"],
        "next_at": at(row.get("next_at")),
        "reason": row["reason"],
        "level_reached": row["level_reached"],
        "their_reference": row["their_reference"],
        "who": row["who"],
        "changed_at": work.now,
    }


def _attempt(
    work: Work, row: dict[str, Any], told: dict[str, Any], edge: str, named: str | None
) -> dict[str, Any]:
    return {
        "delivery_id": row["delivery_id"],
        "attempt": told["attempt"],
        "handed_at": at(row["handed_at"]),
        "settled_at": work.now,
        "outcome": told["outcome"],
        "level": told.get("level", "none"),
        "code": told.get("code") or "",
        "detail": told.get("detail") or "",
        "edge": edge,
        "who": named,
    }
