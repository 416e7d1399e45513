"""Deliveries that stopped for one cause are tried again together, as they stood when somebody asked for it.

What stops later is not among them. Core works them off in pieces (`redrive`), and where a person
says stop, what waits by then stays here.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from hub.core.acts.deed import Deed, Refused
from hub.core.work import Work
from hub.ledger.read.redrives import still_waiting
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
        "select total, done, refused, ended_at, stopped_by from redrive where redrive_id = :id"
        + locking(work.conn),
        id=deed.subject,
    )
    if not found:
        raise Refused("there is no such thing")
    row: Any = found[0]
    if row.stopped_by is not None:
        raise Refused(f"{row.stopped_by} has stopped it already")
    waiting = still_waiting(work.conn, deed.subject)
    if row.ended_at is not None and not waiting:
        raise Refused("nothing is left to stop: all of it has gone out")
    # What waits is taken back piece by piece, as it was put there (`redrive`); then it has ended.
    run(
        work.conn,
        "update redrive set ended_at = :ended, stopped_by = :who, stopped_why = :why"
        " where redrive_id = :id",
        ended=None if waiting else work.now,
        who=deed.name,
        why=deed.reason,
        id=deed.subject,
    )
    left = row.total - row.done - row.refused
    return f"stopped: {left + waiting} do not go out; what has gone out is not called back"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "redrive.started": _started,
    "redrive.stopped": _stopped,
}
