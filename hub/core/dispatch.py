"""What may go is handed to edge in the ledger's order, each delivery naming the one it must follow.

In a lane a delivery waits for earlier ones of the same or higher priority until each is closed.
A run is handed out at once: edge sends one only if it delivered its predecessor itself. At most
`window` deliveries of a partner are outstanding, urgent first; `immediate` waits for nothing and
says what it overtook. A partner that is paused gets nothing, one that is down a single probe.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from hub.core.breaker import heard, room
from hub.core.start.catching_up import Hold
from hub.core.work import Work
from hub.ledger.content import addressed, open_rendering, open_sealed
from hub.ledger.read.answered import answered
from hub.ledger.read.lanes import unblocked
from hub.ledger.session import among, values
from hub.ledger.tables import Delivery
from hub.ledger.write import at, rows, update
from hub.partners import Partner
from hub.topics import deliveries, deliveries_now
from hub.wire import Outbound, Record, write

PATIENCE_OF_EDGE = timedelta(seconds=2)
"""Edge does not send when less than this is left of an attempt's lease."""

_BLOCKED = """
select lane, rank, min(lane_no) as lane_no from delivery
where partner = :partner and state in ('needs_person', 'outcome_unknown') and lane_no > 0
group by lane, rank
union all
select lane, rank, min(lane_no) as lane_no from delivery
where partner = :partner and state = 'offered' and lane_no > 0 group by lane, rank
union all
select lane, rank, min(lane_no) as lane_no from delivery
where partner = :partner and state = 'waiting' and attempt > 0 and lane_no > 0 {put_off}
group by lane, rank
"""
"""Where each lane of a partner is blocked first, by rank."""
_PUT_OFF = "and next_at > :now"
_READY = """
select d.* from delivery d
where d.partner = :partner and d.state = 'waiting' and d.mode = 'sent'
  and (d.next_at is null or d.next_at <= :now) {only}
"""


def dispatch(work: Work) -> None:
    """Hands out what may go to the partners that this work touched, after what was heard of them.

    Partners' rows are locked here, in the order of their names, and after every case: two cores
    that lock in one order wait for each other, and never both (`deploy/decisions/order-of-locks.md`).
    """
    for name in sorted(work.partners | work.heard.keys()):
        if told := work.heard.pop(name, None):
            heard(work, name, told)
        partner = work.site.partner(name)
        if partner is not None and name in work.partners and work.hold is not Hold.ALL:
            _to_partner(work, partner)
    work.partners.clear()


def _to_partner(work: Work, partner: Partner) -> None:
    if not _waits(work, partner.partner):
        return
    free = room(work, partner)
    if free <= 0:
        return
    ready = _ready(work, partner.partner, free)
    if not ready:
        return
    runs = _runs(work, ready)
    _read(work, ready)
    keys = work.read_keys(row.case_ref for row in ready)
    answers = answered(work.conn, [_to(row) for row in ready if _caused(work, row)])
    handed: dict[str, tuple[Any, Outbound, dict[str, Any]]] = {}
    for row in ready:
        run = runs[row.lane]
        pressing = row.rank == 0 and row.lane_no
        overtook = ahead_of(work, row.lane, row.lane_no) if pressing else []
        waits, follow = run.before(row.lane_no, row.rank)
        if waits and follow is None:
            continue
        order = _order(work, row, keys.get(row.case_ref), follow, answers.get(_to(row)))
        if order is not None:
            handed[row.delivery_id] = row, order, _handed(work, row, follow, overtook)
            run.add(_Out(row.delivery_id, row.lane_no, row.rank, follow))
    _hand_out(work, handed)


def _hand_out(work: Work, handed: dict[str, tuple[Any, Outbound, dict[str, Any]]]) -> None:
    """Writes down what is handed out, and puts it on the road.

    Without what another core changed since we read it (it arrived after all, somebody closed it):
    edge sends nothing behind one that did not go.
    """
    if update(work.conn, Delivery, _HANDED, [to for *_, to in handed.values()]) < len(handed):
        went = rows(
            work.conn, _WENT + among(work.conn, "delivery_id"), among=values(work.conn, handed)
        )
        handed = {row.delivery_id: handed[row.delivery_id] for row in went}
    for row, order, _ in handed.values():
        work.out.append(order)
        if work.trail is not None:
            envelope, _ = work.said[row.message_id]
            work.trail.handed(order, row, row.attempt + 1, envelope["correlation_id"])


def _waits(work: Work, partner: str) -> bool:
    """Whether anything does: what was planned just now need not be looked for."""
    planned = (row for rows in work.planned.values() for row in rows)
    if any(row["state"] == "waiting" and row["partner"] == partner for row in planned):
        return True
    some = "select 1 from delivery where partner = :p and state = 'waiting' limit 1"
    return bool(rows(work.conn, some, p=partner))


def _ready(work: Work, partner: str, most: int) -> list[Any]:
    """What may go now, by its lane and its time: urgent first, at most so many."""
    repeats = work.hold is not Hold.REPEATS
    blocked = _BLOCKED.format(put_off=_PUT_OFF if repeats else "")
    only = "" if repeats else "and d.attempt = 0"
    named = {"partner": partner, "now": work.machine}
    sql = unblocked(work.conn, blocked, _READY.format(only=only), **named)
    order = "order by d.rank, d.lane_no, d.created_at limit :most"
    return rows(work.conn, f"{sql} {order}", **named, most=most)


def _last(before: list["_Out"], rank: int) -> str | None:
    """The one behind which all of these are sent; None where no single one waits for the others.

    Edge waits for one predecessor. Where an urgent one went past a routine one, neither waits for
    the other, and what must come after both stays here until one of them is settled.
    """
    if not before or all(out.rank == rank for out in before):
        # Not the one that was handed out last: it may be an older one's second attempt.
        return max(before, key=lambda out: out.lane_no).delivery_id if before else None
    follows = {out.delivery_id: out.follows for out in before}
    for last in reversed(before):
        chain, at_last = set(), last.delivery_id
        while at_last in follows and at_last not in chain:
            chain.add(at_last)
            at_last = follows[at_last] or ""
        if len(chain) == len(before):
            return last.delivery_id
    return None


def ahead_of(work: Work, lane: str, lane_no: int) -> list[str]:
    """Everything in the lane that came before and is not settled: what an immediate one overtakes."""
    sql = (
        "select delivery_id from delivery where lane = :lane and lane_no < :no and state in"
        " ('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown') order by lane_no"
    )
    return [out.delivery_id for out in rows(work.conn, sql, lane=lane, no=lane_no)]


class _Out(NamedTuple):
    """A delivery of a lane that is under way."""

    delivery_id: str
    lane_no: int
    rank: int
    follows: str | None


class _Run:
    """What is under way in one lane."""

    def __init__(self) -> None:
        self._outs: list[_Out] = []
        self._ranks: set[int] = set()
        self._top: _Out | None = None

    def add(self, out: _Out) -> None:
        """One more is under way."""
        self._outs.append(out)
        self._ranks.add(out.rank)
        if self._top is None or self._top.lane_no < out.lane_no:
            self._top = out

    def before(self, lane_no: int, rank: int) -> tuple[bool, str | None]:
        """Whether any of it goes before this one, and which one this one is sent behind."""
        if not rank or self._top is None:
            return False, None
        if self._ranks == {rank} and self._top.lane_no < lane_no:
            # By far the most: a look at all of a long run for each of it would cost its square.
            return True, self._top.delivery_id
        found = [out for out in self._outs if out.lane_no < lane_no and out.rank <= rank]
        return bool(found), _last(found, rank)


_HANDED = """
update delivery set state = 'under_way', attempt = :attempt, handed_at = :handed_at,
  handed_by = :handed_by, not_after = :not_after, predecessor = :predecessor,
  overtook = :overtook, changed_at = :handed_at, next_at = null, version = version + 1
 where delivery_id = :delivery_id and state = 'waiting'
"""
_WENT = "select delivery_id from delivery where state = 'under_way' and "


def _runs(work: Work, ready: Sequence[Any]) -> dict[str, _Run]:
    """What is already under way in each lane, in its order.

    Where all of it is of one rank, and what is ready comes after it and is of that rank too, its
    last one stands for the whole: a full window is not read again for each that follows it.
    """
    runs: dict[str, _Run] = defaultdict(_Run)
    asked: dict[str, list[Any]] = defaultdict(list)
    for row in ready:
        if row.lane_no:
            asked[row.lane].append(row)
    if not asked:
        return runs
    among_lanes = among(work.conn, "lane")
    last = _LAST.format(among=among_lanes)
    mixed = []
    for row in rows(work.conn, last, among=values(work.conn, sorted(asked))):
        plain = row.least == row.most
        if plain and all(r.rank == row.rank and r.lane_no > row.lane_no for r in asked[row.lane]):
            runs[row.lane].add(_Out(row.delivery_id, row.lane_no, row.rank, None))
        else:
            mixed.append(row.lane)
    if mixed:
        for row in rows(
            work.conn, _ALL.format(among=among_lanes), among=values(work.conn, sorted(mixed))
        ):
            runs[row.lane].add(_Out(row.delivery_id, row.lane_no, row.rank, row.predecessor))
    return runs


_LAST = """
select d.lane, d.delivery_id, d.lane_no, d.rank, run.least, run.most
from (select lane, max(lane_no) as last, min(rank) as least, max(rank) as most from delivery
      where {among} and state = 'under_way' group by lane) run
join delivery d on d.lane = run.lane and d.state = 'under_way' and d.lane_no = run.last
"""
_ALL = """
select delivery_id, lane, lane_no, rank, predecessor from delivery
where {among} and state = 'under_way' order by lane_no
"""


def _read(work: Work, ready: list[Any]) -> None:
    """Opens the content of what is to be handed out, where this work did not record it itself."""
    wanted = sorted({row.message_id for row in ready} - work.said.keys())
    if not wanted:
        return
    sql = "select c.message_id, c.case_ref, c.sealed from content c where " + among(
        work.conn, "c.message_id"
    )
    found = rows(work.conn, sql, among=values(work.conn, wanted))
    keys = work.read_keys(row.case_ref for row in found)
    for row in found:
        if row.case_ref in keys:
            envelope, body = open_sealed(keys[row.case_ref], row.message_id, row.sealed)
            work.said[row.message_id] = (envelope, orjson.dumps(body))


def _to(row: Any) -> tuple[str, str]:
    return row.message_id, row.partner


def _caused(work: Work, row: Any) -> bool:
    """Whether it may answer something: by far the most of what is handed out does not."""
    envelope, _ = work.said.get(row.message_id, ({}, b""))
    return bool(envelope.get("causation_id"))


def _order(
    work: Work, row: Any, key: bytes | None, follow: str | None, answers: str | None
) -> Outbound | None:
    """The order to edge; none where its content is gone."""
    if row.message_id not in work.said or key is None:
        work.incident("content_missing", row.delivery_id, "its content was erased")
        return None
    envelope, rendered = work.said[row.message_id]
    if row.rendered is not None:
        rendered = open_rendering(key, row.delivery_id, row.rendered)
    attempt = row.attempt + 1
    topic = (deliveries_now if row.rank == 0 else deliveries)(row.partner)
    meta = {
        "delivery_id": row.delivery_id,
        "attempt": attempt,
        "message_id": row.message_id,
        "lane": row.lane,
        "predecessor": follow,
        "not_after": (_lease_ends(work) - PATIENCE_OF_EDGE).isoformat(),
        "priority": row.priority,
        "reference": row.reference,
        "address": row.address,
        "answers": answers,
        "envelope": addressed(envelope, row.case_ref, row.policy, at(row.due_at)),
    }
    record = Record(
        "order",
        f"{row.delivery_id}:{attempt}",
        meta,
        rendered,
        {"priority": row.priority, "partner": row.partner},
    )
    return write(work.site.keys, topic, row.lane, record)


def _handed(work: Work, row: Any, follow: str | None, overtook: list[str]) -> dict[str, Any]:
    return {
        "delivery_id": row.delivery_id,
        "attempt": row.attempt + 1,
        "handed_at": work.now,
        "handed_by": work.site.settings.instance,
        "not_after": _lease_ends(work),
        "predecessor": follow,
        "overtook": orjson.dumps(overtook).decode(),
    }


def _lease_ends(work: Work) -> datetime:
    return work.machine + timedelta(seconds=work.site.settings.lease)
