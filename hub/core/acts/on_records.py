"""What could not go on by itself (stuck, early, uncertain whose, in conflict) goes on as a named person says."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import orjson
from aiokafka import ConsumerRecord

from hub import topics
from hub.core import custody, link, telling
from hub.core.acts.deed import Deed, Refused
from hub.core.acts.on_messages import said_because_of
from hub.core.arrival import Arrival, of_record
from hub.core.derive import derived_message
from hub.core.early import again
from hub.core.parcels import record_parcels
from hub.core.record import record_messages, taken_up
from hub.core.work import Work
from hub.journeys.machine import Facts, Moved
from hub.journeys.steps import Step
from hub.ledger.session import locking
from hub.ledger.tables import APART
from hub.ledger.write import rows, run
from hub.rules.consequences import Consequence
from hub.wire import Foreign, read
from schemas.endings import ConflictEnd

_REFERS = ("contact.recorded", "referral.received")
"""What somebody must decide on."""


def _stuck_retried(work: Work, deed: Deed) -> str:
    found = rows(
        work.conn, "select * from stuck where stuck_id = :id and closed_at is null", id=deed.subject
    )
    if not found:
        raise Refused("it is not stuck any more")
    row = found[0]
    raw = _raw(row)
    try:
        record = read(work.site.keys, row.topic, dict(raw.headers), row.value)
    except Foreign as error:
        raise Refused(f"it cannot be read: {error.reason}") from error
    if row.topic == topics.PARCELS:
        record_parcels(work, [record])
    elif row.topic == topics.IMMEDIATE or row.topic.startswith("flows."):
        before = work.stuck
        record_messages(work, [of_record(record, raw)])
        if work.stuck > before:
            work.stuck = before
            raise Refused("it failed again, in the same way; it is kept")
        if record.parcel is not None:
            record_parcels(work, [record.parcel])
    else:
        raise Refused(f"what {row.topic} carries is past: there is nothing left to try again")
    run(
        work.conn,
        "update stuck set closed_at = :now, closed_why = :why where stuck_id = :id",
        now=work.now,
        why=f"tried again by {deed.name}",
        id=deed.subject,
    )
    rest = "select 1 from stuck where topic = :t and closed_at is null limit 1"
    if not rows(work.conn, rest, t=row.topic):
        for kind in ("stuck", "unknown_version", "foreign"):
            work.recovered(kind, row.topic, f"tried again by {deed.name}")
    return "recorded"


def _raw(row: Any) -> ConsumerRecord:
    headers = tuple((name, value.encode()) for name, value in orjson.loads(row.headers))
    kept = SimpleNamespace(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        headers=headers,
        value=row.value,
    )
    return cast(ConsumerRecord, kept)


def _early_resolved(work: Work, deed: Deed) -> str:
    end = deed.body.get("end") or "proceed"
    early = "select 1 from early where message_id = :id" + locking(work.conn)
    if not rows(work.conn, early, id=deed.subject):
        raise Refused("it does not wait for anything any more")
    work.recovered("early", deed.subject, f"resolved by {deed.name}")
    if end == "keep_waiting":
        run(
            work.conn,
            "update early set since = :now where message_id = :id",
            now=work.now,
            id=deed.subject,
        )
        return "it waits on"
    run(work.conn, "delete from early where message_id = :id", id=deed.subject)
    if end == "proceed":
        taken_up(work, [again(work, deed.subject, None)], "taken without its predecessor")
        return "taken without its predecessor"
    run(
        work.conn,
        "update message set state = 'recorded', none_reason = :why where message_id = :id",
        why=f"set aside by {deed.name}: {deed.reason}",
        id=deed.subject,
    )
    return "set aside"


def _case_matched(work: Work, deed: Deed) -> str:
    found = rows(
        work.conn, "select case_ref, state from message where message_id = :id", id=deed.subject
    )
    if not found or found[0].state != "ambiguous":
        raise Refused("nobody needs to say any more whose it is")
    absorbed = str(found[0].case_ref)
    case = str(deed.body.get("case") or deed.body.get("case_ref") or "")
    own = case in ("", "new")
    why_not = None if own else link.objection(work, absorbed, case)
    if why_not:
        raise Refused(why_not)
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    known = "update message set state = 'recorded' where message_id = :id"
    run(work.conn, known, id=deed.subject)
    if own:
        return "a case of its own"
    record_messages(work, [_linking(work, deed, absorbed, case)])
    return "it belongs to that case now"


def _conflict_cleared(work: Work, deed: Deed) -> str:
    """A person looked at both; what was sent of either is not taken back by that."""
    sql = "select case_ref, partner, state, conflict_of from message where message_id = :id"
    found = rows(work.conn, sql, id=deed.subject)
    if not found or not found[0].conflict_of:
        raise Refused("it is in conflict with nothing")
    row = found[0]
    if row.state == "cleared":
        raise Refused(f"it is cleared already, by {_cleared_by(work, deed.subject)}")
    if row.state not in ("recorded", "conflict"):
        raise Refused(f"it is {row.state}: that comes first")
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    try:
        end = ConflictEnd(str(deed.body.get("end")))
    except ValueError:
        raise Refused("say which of the two stands") from None
    cleared = "update message set state = 'cleared' where message_id = :id"
    run(work.conn, cleared, id=deed.subject)
    first = rows(work.conn, sql, id=row.conflict_of)
    cases = sorted({row.case_ref, *(one.case_ref for one in first)})
    work.open_cases(cases)
    if end is not ConflictEnd.BOTH_STAND:
        second = end is ConflictEnd.SECOND_STANDS
        _stands_no_more(work, deed, row.conflict_of if second else deed.subject)
    for case_ref in cases:
        work.audit(
            case_ref,
            "conflict cleared",
            message=deed.subject,
            first=row.conflict_of,
            end=end.value,
            who=deed.name,
        )
    left = f"select 1 from message where {APART} and state = 'conflict' and partner = :p limit 1"
    if not rows(work.conn, left, p=row.partner):
        for kind in ("conflict", "counter_restarted"):
            work.recovered(kind, row.partner, f"the last was cleared by {deed.name}: {end.label}")
    return f"cleared: {end.label[0].lower()}{end.label[1:]}"


def _stands_no_more(work: Work, deed: Deed, message_id: str) -> None:
    """Nobody need decide on it, or be told that it came: the other one stands in its place.

    What was decided on it already stays, and so does whoever was asked to act on it.
    """
    try:
        old = again(work, message_id, None)
    except LookupError:  # erased: nothing of it is owed
        return
    for one in (old, *said_because_of(work, old)):
        step = Step("referral", UUID(one.message_id), "replaced", Facts(at=work.now))
        if one.type in _REFERS and not isinstance(custody.foreseen(work, step), Moved):
            return
        custody.take(work, step, deed.act_id, who=deed.name)
        telling.replaced(work, one.message_id, deed.act_id, deed.name)


def _cleared_by(work: Work, message_id: str) -> str:
    sql = (
        "select who from act where subject = :id and type = 'conflict.cleared' and outcome = 'done'"
    )
    return next((str(act.who) for act in rows(work.conn, sql, id=message_id)), "somebody")


def _linking(work: Work, deed: Deed, absorbed: str, case: str) -> Arrival:
    by = {
        "name": deed.who["name"],
        "role": deed.who["role"].replace("_", " "),
        "agency": deed.who.get("agency") or "",
    }
    body = {
        "case": absorbed,
        "survivor": link.survivor_of(work, case),
        "ground": "decided_by_person",
        "linked_at": work.now.isoformat(),
        "by": by,
        "reason": deed.reason,
    }
    why = f"matched by {deed.name}"
    said = Consequence("case.linked", deed.act_id, body, (), UUID(deed.subject), why)
    return derived_message(work.now, again(work, deed.subject, None), said)


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "stuck.retried": _stuck_retried,
    "early.resolved": _early_resolved,
    "conflict.cleared": _conflict_cleared,
    "case.matched": _case_matched,
}
