"""Deliveries that stopped for one cause are tried again together, as they stood when somebody asked for it.

What stops later is not among them. Core works them off in pieces (`redrive`), and stops where a
person says so.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from hub.core.acts.deed import Deed, Refused
from hub.core.work import Work
from hub.ledger.session import among, locking, values
from hub.ledger.tables import Redrive
from hub.ledger.write import insert, rows, run

MOST = 10_000
"""Deliveries that one of them takes: more would keep the ledger from everybody for a second."""

_CHOSEN = """
insert into redrive_item (redrive_id, delivery_id, place, seen, authority, answer)
select :redrive, delivery_id, row_number() over (order by rank, lane, lane_no, created_at),
  version, authority, ''
from (select * from delivery
  where state = :state and state in ('needs_person', 'outcome_unknown') and partner = :partner
    and changed_at <= :as_of {which}
  order by rank, lane, lane_no, created_at limit :most) chosen
"""
_NOT_REVIEWED = "and not (attempt = 0 and coalesce(policy, '') like '%: review;%')"
"""A disclosure is released one by one, by who read it."""


def _started(work: Work, deed: Deed) -> str:
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    body = deed.body
    which, named = _NOT_REVIEWED, {}
    limits = {"reason": body.get("causes"), "delivery_id": body.get("deliveries")}
    limits |= {"authority": body.get("authorities")}
    for column, only in limits.items():
        if only is not None:
            which += f" and {among(work.conn, column, column)}"
            named[column] = values(work.conn, only)
    total = run(
        work.conn,
        _CHOSEN.format(which=which),
        redrive=deed.subject,
        partner=str(body["partner"]),
        state=str(body.get("state") or "needs_person"),
        as_of=datetime.fromisoformat(body["as_of"]),
        most=MOST,
        **named,
    ).rowcount
    if not total:
        raise Refused("none of them stands as you saw it any more: load the page again")
    authorities = body.get("authorities")
    row = {
        "redrive_id": deed.subject,
        "partner": str(body["partner"]),
        "cause": str(body.get("cause") or ""),
        "reason": deed.reason,
        "authority": "*" if authorities is None else ",".join(sorted(authorities)),
        "person_id": str(deed.who["person_id"]),
        "who": deed.name,
        "by": orjson.dumps(dict(deed.who)).decode(),
        "started_at": work.now,
        "total": total,
    }
    insert(work.conn, Redrive, [row | {"done": 0, "refused": 0}])
    return f"{total} will be tried again, in the order of their lanes"


def _stopped(work: Work, deed: Deed) -> str:
    found = rows(
        work.conn,
        "select total, done, refused, ended_at from redrive where redrive_id = :id"
        + locking(work.conn),
        id=deed.subject,
    )
    if not found:
        raise Refused("there is no such thing")
    row: Any = found[0]
    if row.ended_at is not None:
        raise Refused("it had ended already: nothing was left to stop")
    run(
        work.conn,
        "update redrive set ended_at = :now, stopped_by = :who, stopped_why = :why"
        " where redrive_id = :id",
        now=work.now,
        who=deed.name,
        why=deed.reason,
        id=deed.subject,
    )
    left = row.total - row.done - row.refused
    return f"stopped: {left} stay as they are, what was sent again is not called back"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "redrive.started": _started,
    "redrive.stopped": _stopped,
}
