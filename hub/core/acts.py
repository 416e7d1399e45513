"""What a person does takes effect once, against the version they saw, and the ledger answers it.

The desk polls for the answer; `refused` says why in words for the person who clicked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.core import custody
from hub.core.work import Work
from hub.journeys.delivery import DELIVERY
from hub.journeys.machine import Facts, Illegal, Moved, move
from hub.journeys.steps import Heard, Step, steps
from hub.ledger.audit import HUB
from hub.ledger.tables import Act
from hub.ledger.write import rows, run
from hub.wire import Record
from schemas.envelope import AckLevel


class Refused(Exception):
    """The act has no effect, and why."""


@dataclass(frozen=True)
class Deed:
    """An act as it came: who, on what, which version they saw, what they said."""

    act_id: str
    type: str
    subject: str
    who: Mapping[str, Any]
    version: int | None
    reason: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name and role, as journeys show them."""
        return f"{self.who['name']}, {self.who['role'].replace('_', ' ')}"

    def facts(self, work: Work, approver: str = "") -> Facts:
        """For the guards of a journey."""
        return Facts(
            name=self.who["name"],
            role=self.who["role"].replace("_", " "),
            agency=self.who.get("agency") or "",
            at=work.now,
            reason=self.reason,
            approver=approver,
        )


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
    work.audit(
        _case_of(work, deed),
        f"act {outcome}",
        act=deed.type,
        subject=deed.subject,
        who=deed.name,
        why=deed.reason if deed.type != "content.opened" else "",
    )


def _case_of(work: Work, deed: Deed) -> str:
    for sql in (
        "select case_ref from message where message_id = :id",
        "select case_ref from delivery where delivery_id = :id",
    ):
        found = rows(work.conn, sql, id=deed.subject)
        if found:
            return str(found[0].case_ref)
    return HUB


def _heard(work: Work, deed: Deed) -> Heard:
    on = custody.concerned(work, deed.subject)
    if on is None:
        raise Refused("there is no such message")
    partner = deed.body.get("partner") or _party(work, deed, on.receivers)
    return Heard(UUID(deed.act_id), work.now, AckLevel.NONE, partner, (), on.journey, on)


def _party(work: Work, deed: Deed, receivers: tuple[str, ...]) -> str:
    """The receiving partner whose inbox this person serves."""
    for name in receivers:
        partner = work.site.partner(name)
        if partner is not None and partner.agency == deed.who.get("agency"):
            return name
    return receivers[0] if len(receivers) == 1 else ""


def _answered(work: Work, deed: Deed) -> str:
    """Accept, query or refuse what waits in an inbox; or answer a query one was asked."""
    heard = _heard(work, deed)
    answer = deed.body.get("response") or deed.body.get("answer")
    if answer not in ("accepted", "queried", "refused"):
        text = {"name": deed.who["name"], "role": deed.who["role"], "reason": deed.reason}
        return _take(work, deed, steps("handover.answered", text, heard))
    said = {
        "response": answer,
        "by": {"name": deed.who["name"], "role": deed.who["role"].replace("_", " ")},
        "query": deed.body.get("query") or deed.body.get("text"),
        "reason": deed.reason or deed.body.get("text"),
    }
    return _take(work, deed, steps("handover.response", said, heard))


def _withdrawn(work: Work, deed: Deed) -> str:
    said = {"name": deed.who["name"], "role": deed.who["role"], "reason": deed.reason}
    return _take(work, deed, steps("handover.withdrawn", said, _heard(work, deed)))


def _take(work: Work, deed: Deed, found: list[Step]) -> str:
    done = ""
    for one in found:
        taken = custody.take(work, one, deed.act_id, who=deed.name)
        if taken is None:
            raise Refused("nothing waits for an answer here")
        if isinstance(taken, Illegal):
            raise Refused(taken.reason)
        done = taken.why or taken.state.replace("_", " ")
        if one.machine == "handover" and isinstance(taken, Moved):
            _closes(work, deed, taken.state)
    if not found:
        raise Refused("nothing waits for an answer here")
    return done


def _closes(work: Work, deed: Deed, state: str) -> None:
    """An answer in the inbox is its receipt as well; a withdrawal takes back what is not there."""
    if state == "withdrawn":
        _deliveries_become(work, deed, "withdrawn", "('waiting', 'offered', 'needs_person')")
    elif state in ("accepted", "queried", "refused", "opened"):
        _deliveries_become(work, deed, "delivered", "('offered')")
        for row in rows(
            work.conn,
            "select journey_id from journey where subject = :id and machine = 'handover'",
            id=deed.subject,
        ):
            work.recovered("overdue", row.journey_id, f"answered by {deed.name}")


def _deliveries_become(work: Work, deed: Deed, state: str, among: str) -> None:
    run(
        work.conn,
        "update delivery set state = :state, who = :who, changed_at = :now, reason = :why,"
        " level_reached = level_needed, version = version + 1 where message_id = :id"
        f" and state in {among} and transport <> 'outbox'",
        state=state,
        who=deed.name,
        now=work.now,
        why=f"{state} by {deed.name}",
        id=deed.subject,
    )


def _opened(work: Work, deed: Deed) -> str:
    if rows(work.conn, "select 1 from parcel where parcel_id = :id", id=deed.subject):
        return "opened"
    heard = _heard(work, deed)
    said = {"name": deed.who["name"], "role": deed.who["role"]}
    for one in steps("content.opened", said, heard):
        taken = custody.take(work, one, deed.act_id, who=deed.name)
        if isinstance(taken, Moved):
            _closes(work, deed, "opened")
    return "opened"


def _delivery(work: Work, deed: Deed) -> dict[str, Any]:
    found = rows(work.conn, "select * from delivery where delivery_id = :id", id=deed.subject)
    if not found:
        raise Refused("there is no such delivery")
    row = dict(found[0]._mapping)
    if deed.version is not None and deed.version and row["version"] != deed.version:
        raise Refused(f"it has changed since you looked: it is now {row['state']}")
    return row


def _moves(work: Work, deed: Deed, event: str, approver: str = "") -> dict[str, Any]:
    row = _delivery(work, deed)
    facts = deed.facts(work, approver)
    pressing = Facts(**{**_plain(facts), "immediate": row["rank"] < 2})
    moved = move(DELIVERY, row["state"], event, pressing)
    if isinstance(moved, Illegal):
        raise Refused(moved.reason)
    run(
        work.conn,
        "update delivery set state = :state, next_at = null, reason = :why, who = :who,"
        " tries = case when :state = 'waiting' then 0 else tries end,"
        " changed_at = :now, version = version + 1 where delivery_id = :id",
        state=moved.state,
        why=deed.reason or f"{event.replace('_', ' ')} by {deed.name}",
        who=deed.name,
        now=work.now,
        id=deed.subject,
    )
    work.partners.add(row["partner"])
    work.recovered("lane_blocked", row["lane"], f"{event} by {deed.name}")
    return row | {"state": moved.state}


def _plain(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in Facts.__slots__}


def _retried(work: Work, deed: Deed) -> str:
    row = _moves(
        work, deed, "released" if _delivery(work, deed)["state"] == "withheld" else "retried"
    )
    if deed.body.get("as_new"):
        fresh = f"{row['delivery_id'][:24]}{deed.act_id[24:]}"
        run(
            work.conn,
            "update delivery set reference = :ref where delivery_id = :id",
            ref=fresh,
            id=row["delivery_id"],
        )
    return "it will be sent again"


def _abandoned(work: Work, deed: Deed) -> str:
    approver = str(deed.body.get("approver") or deed.body.get("approved_by") or "")
    if not approver and deed.who["role"] == "service_manager":
        approver = deed.name
    _moves(work, deed, "abandoned", approver)
    return "given up; the sender still holds it"


def _by_phone(work: Work, deed: Deed) -> str:
    taken_by = deed.body.get("name") or deed.body.get("taken_by")
    role = deed.body.get("role") or deed.body.get("taken_role")
    if not taken_by or not role:
        raise Refused("name and role of who took the call are needed")
    row = _moves(work, deed, "taken_by_phone")
    who = f"{taken_by}, {role}, by phone"
    targets = [row["delivery_id"], *([row["beside"]] if row["beside"] else [])]
    for target in targets:
        run(
            work.conn,
            "update delivery set state = 'delivered', who = :who, level_reached = 'received',"
            " changed_at = :now, version = version + 1 where delivery_id = :id"
            " and state not in ('withdrawn', 'expired', 'abandoned')",
            who=who,
            now=work.now,
            id=target,
        )
    on = custody.concerned(work, row["message_id"])
    if on is not None:
        heard = Heard(UUID(deed.act_id), work.now, AckLevel.NONE, row["partner"], (), None, on)
        accepts = deed.body.get("accepts", True)
        said = {"taken_by": taken_by, "taken_role": role, "accepts": accepts}
        for one in steps("delivery.taken_by_phone", said, heard):
            custody.take(work, one, deed.act_id, who=who)
    return f"taken by {who}"


def _paused(work: Work, deed: Deed) -> str:
    run(
        work.conn,
        "update partner_state set paused_at = :now, paused_by = :who, paused_why = :why,"
        " version = version + 1 where partner = :p",
        now=work.now,
        who=deed.name,
        why=deed.reason,
        p=deed.subject,
    )
    return "paused: nothing is sent until it is resumed, and nothing is lost"


def _resumed(work: Work, deed: Deed) -> str:
    run(
        work.conn,
        "update partner_state set paused_at = null, paused_by = null, paused_why = null,"
        " failures = 0, next_probe_at = null, version = version + 1 where partner = :p",
        p=deed.subject,
    )
    work.partners.add(deed.subject)
    return "resumed"


def _parcel_closed(work: Work, deed: Deed) -> str:
    closed = run(
        work.conn,
        "update parcel set state = 'closed', closed_at = :now, closed_why = :why, sealed = null"
        " where parcel_id = :id and state = 'unreadable'",
        now=work.now,
        why=f"{deed.reason} ({deed.name})",
        id=deed.subject,
    )
    if not closed.rowcount:
        raise Refused("it is closed already, or was read")
    return "closed"


def _parcel_claimed(work: Work, deed: Deed) -> str:
    claimed = run(
        work.conn,
        "update parcel set claimed_by = :who where parcel_id = :id and claimed_by is null",
        who=deed.name,
        id=deed.subject,
    )
    if not claimed.rowcount:
        raise Refused("somebody looks after it already")
    return "you look after it now"


def _early_resolved(work: Work, deed: Deed) -> str:
    gone = run(work.conn, "delete from early where message_id = :id", id=deed.subject)
    if not gone.rowcount:
        raise Refused("it does not wait for anything any more")
    run(
        work.conn,
        "update message set state = 'recorded', none_reason = :why where message_id = :id",
        why=f"resolved by {deed.name}: {deed.reason}",
        id=deed.subject,
    )
    work.recovered("early", deed.subject, f"resolved by {deed.name}")
    return "resolved"


_EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "handover.answered": _answered,
    "handover.response": _answered,
    "handover.withdrawn": _withdrawn,
    "content.opened": _opened,
    "delivery.retried": _retried,
    "delivery.abandoned": _abandoned,
    "delivery.taken_by_phone": _by_phone,
    "partner.paused": _paused,
    "partner.resumed": _resumed,
    "parcel.closed": _parcel_closed,
    "parcel.claimed": _parcel_claimed,
    "early.resolved": _early_resolved,
}
