"""What is tried again in bulk goes piece by piece, each delivery as an act of who asked for it.

A piece and its count are one transaction: a core that dies begins anew where the last one ended.
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
from hub.ledger.session import is_sqlite
from hub.ledger.tables import RedriveItem
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


def redrive(work: Work) -> None:
    """The next piece of the oldest that is not through; another core's is passed over."""
    mine = "" if is_sqlite(work.conn) else " for update skip locked"
    sql = "select * from redrive where ended_at is null order by started_at limit 1"
    for row in rows(work.conn, sql + mine):
        _piece(work, row._mapping)


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
