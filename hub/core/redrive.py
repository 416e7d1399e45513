"""What is tried again in bulk goes piece by piece, each delivery as an act of who asked for it.

A piece and its count are one transaction: a core that dies begins anew where the last one ended.
Where a person says stop, what waits and was not handed to edge since is taken back the same way.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from hub.core.acts.deed import Deed
from hub.core.acts.effect import carry_out
from hub.core.whole import whole
from hub.core.work import Work
from hub.ids import fresh
from hub.ledger.read.redrives import WAITING
from hub.ledger.read.stopped import CALLED_OFF
from hub.ledger.session import among, is_sqlite, locking, values
from hub.ledger.tables import Delivery, RedriveItem
from hub.ledger.write import rows, run, update

PIECE = 50
"""Deliveries of one transaction: it stays as short as any other, and what is urgent gets between."""

_ITEMS = """
select i.delivery_id, i.seen, d.case_ref from redrive_item i
join delivery d on d.delivery_id = i.delivery_id
where i.redrive_id = :id and i.outcome is null order by i.place limit :most
"""
_ANSWERED = (
    "update redrive_item set outcome = :outcome, answer = :answer"
    " where redrive_id = :redrive_id and delivery_id = :delivery_id"
)
_STANDS = (
    "update delivery set state = :state, reason = :reason, who = :who, changed_at = :changed_at,"
    " next_at = null, version = version + 1 where delivery_id = :delivery_id"
)


def redrive(work: Work) -> None:
    """The next piece of the oldest that is not through; another core's is passed over."""
    mine = "" if is_sqlite(work.conn) else " for update skip locked"
    sql = "select * from redrive where ended_at is null order by started_at limit 1"
    for row in rows(work.conn, sql + mine):
        piece = _piece if row.stopped_by is None else _taken_back
        piece(work, row._mapping)


def _piece(work: Work, one: Mapping[str, Any]) -> None:
    items = rows(work.conn, _ITEMS, id=one["redrive_id"], most=PIECE)
    work.open_cases(item.case_ref for item in items)
    answered = [_again(work, one, item) for item in items]
    update(work.conn, RedriveItem, _ANSWERED, answered)
    done = sum(item["outcome"] == "done" for item in answered)
    run(
        work.conn,
        "update redrive set done = done + :done, refused = refused + :refused, ended_at = :ended"
        " where redrive_id = :id",
        done=done,
        refused=len(answered) - done,
        ended=work.now if len(items) < PIECE else None,
        id=one["redrive_id"],
    )


def _taken_back(work: Work, one: Mapping[str, Any]) -> None:
    """They stand stopped again, as they did; whoever hands one out first has it."""
    found = rows(work.conn, f"{WAITING} limit :most", id=one["redrive_id"], most=PIECE)
    work.open_cases(row.case_ref for row in found)
    names = values(work.conn, [row.delivery_id for row in found])
    mine = f"{WAITING} and {among(work.conn, 'd.delivery_id')}" + locking(work.conn)
    kept = rows(work.conn, mine, id=one["redrive_id"], among=names) if found else []
    why = f"{CALLED_OFF} {one['stopped_by']} before it went out again: {one['stopped_why']}."
    back = []
    for row in kept:
        state = "outcome_unknown" if row.last == "unknown" else "needs_person"
        about = {"delivery": row.delivery_id, "message": row.message_id, "partner": row.partner}
        work.audit(row.case_ref, f"delivery {state}", **about, by=one["stopped_by"])
        back.append(
            {
                "state": state,
                "reason": f"{why} It had stopped because: {one['cause']}",
                "who": one["stopped_by"],
                "changed_at": work.now,
                "delivery_id": row.delivery_id,
            }
        )
    update(work.conn, Delivery, _STANDS, back)
    answered = [
        {
            "outcome": "taken_back",
            "answer": why,
            "redrive_id": one["redrive_id"],
            "delivery_id": row.delivery_id,
        }
        for row in kept
    ]
    update(work.conn, RedriveItem, _ANSWERED, answered)
    run(
        work.conn,
        "update redrive set done = done - :back, ended_at = :ended where redrive_id = :id",
        back=len(kept),
        ended=work.now if len(found) < PIECE else None,
        id=one["redrive_id"],
    )


def _again(work: Work, one: Mapping[str, Any], item: Any) -> dict[str, Any]:
    body = {"reason": one["reason"], "as_new": False}
    who = orjson.loads(one["by"])
    deed = Deed(fresh(), "delivery.retried", item.delivery_id, who, item.seen, one["reason"], body)
    answers: list[tuple[str, str]] = []
    error = whole(work, partial(_carried_out, work, deed, one["redrive_id"], answers))
    outcome, answer = answers[0] if not error else ("refused", f"it failed: {type(error).__name__}")
    return {
        "redrive_id": one["redrive_id"],
        "delivery_id": item.delivery_id,
        "outcome": outcome,
        "answer": answer,
    }


def _carried_out(work: Work, deed: Deed, redrive_id: str, answers: list[tuple[str, str]]) -> None:
    answers.append(carry_out(work, deed, redrive=redrive_id))
