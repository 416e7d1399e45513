"""What a partner cannot take as it is goes out corrected, as a new message in the old one's place.

Routing, disclosure, custody and lanes are decided anew for it. The old one ends where it did not
arrive, and each names the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from hub import ids
from hub.core import custody, telling
from hub.core.acts.deed import Deed, Refused
from hub.core.acts.on_handovers import about
from hub.core.arrival import Arrival
from hub.core.early import again
from hub.core.record import record_messages
from hub.core.work import Work
from hub.journeys.machine import Facts, Illegal
from hub.journeys.steps import Step, steps
from hub.ledger.session import among, locking, values
from hub.ledger.write import rows, run
from schemas.amend import Path, Unamendable, amended, complaints, why_not
from schemas.envelope import Priority, Subject
from schemas.register import HUB, parse, priority_of

_OPEN = "('waiting', 'under_way', 'offered', 'needs_person', 'outcome_unknown', 'withheld')"


def _repaired(work: Work, deed: Deed) -> str:
    old = _stopped(work, deed)
    corrected = _corrected(work, deed, old)
    for one in (old, *said_because_of(work, old)):
        _ends(work, replace(deed, subject=one.message_id), one)
    work.flush()
    record_messages(work, [corrected])
    work.audit(
        old.case_ref,
        "corrected",
        message=old.message_id,
        by=corrected.message_id,
        fields=[".".join(map(str, change["path"])) for change in deed.body["changes"]],
        who=deed.name,
    )
    planned = len(work.planned.get(corrected.message_id, ()))
    to = f"{planned} recipient{'' if planned == 1 else 's'}"
    changed = "; ".join(_named(deed.body["changes"]))
    return f"sent as new, in its place: the corrected one goes to {to}. Changed: {changed}"


def _named(changes: Sequence[dict[str, Any]]) -> list[str]:
    """The places that were changed, each once, as people say them; never what stands there."""
    found = [
        ", ".join(
            f"{part + 1}" if isinstance(part, int) else part.replace("_", " ")
            for part in change["path"]
        )
        for change in changes
    ]
    return list(dict.fromkeys(found))


def _stopped(work: Work, deed: Deed) -> Arrival:
    """The message of the delivery that stopped, if it still is what they saw and may be corrected."""
    sql = "select message_id, case_ref, state, version from delivery where delivery_id = :id"
    found = rows(work.conn, sql, id=deed.subject)
    if not found:
        raise Refused("there is no such delivery")
    work.open_cases([found[0].case_ref])
    row = rows(work.conn, sql + locking(work.conn), id=deed.subject)[0]
    if deed.version and row.version != deed.version:
        raise Refused(f"it has changed since you looked: it is now {row.state}")
    if row.state not in ("needs_person", "outcome_unknown"):
        raise Refused(f"it is {row.state}: only what stopped is corrected here")
    if not deed.sees_content:
        raise Refused("who corrects a message must be one who may read it")
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    try:
        old = again(work, row.message_id, None)
    except LookupError as erased:
        raise Refused(str(erased)) from erased
    if (why := why_not(old.type, old.partner)) is not None:
        raise Refused(why)
    return old


_CONSEQUENCES = ("referral.received", "referral.acknowledged", "referrer.decision_feedback")


def said_because_of(work: Work, old: Arrival) -> list[Arrival]:
    """What the hub itself said because of it, and because of that: it is said anew, so it ends, too.

    A notice that was read stays read; its reader gets another.
    """
    found: dict[str, Arrival] = {}
    causes = [old.message_id]
    while causes:
        sql = (
            f"select message_id, type from message where {among(work.conn, 'causation_id')}"
            " and (partner = :hub or corrects is not null) and case_ref = :case"
            " order by recorded_at"
        )
        named = values(work.conn, causes)
        new = rows(work.conn, sql, among=named, hub=HUB, case=old.case_ref)
        causes = [
            row.message_id
            for row in new
            if row.type in _CONSEQUENCES and row.message_id not in found
        ]
        found |= {message: again(work, message, None) for message in causes}
    return list(found.values())


def _corrected(work: Work, deed: Deed, old: Arrival) -> Arrival:
    """The new message: the old one's words but for the changes, under ids of its own."""
    try:
        changes: list[tuple[Path, Any]] = [
            (tuple(one["path"]), one.get("value")) for one in deed.body["changes"]
        ]
        said = orjson.dumps(amended(old.type, old.fields, changes))
    except Unamendable as error:
        raise Refused(str(error)) from error
    if wrong := complaints(old.type, old.version, said):
        where, why = wrong[0]
        raise Refused(f"{'.'.join(map(str, where)) or 'the message'}: {why}")
    checked = parse(old.type, old.version, said)
    body = checked.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    if parse(old.type, old.version, old.body) == checked:
        raise Refused("nothing in it is different: try it again as it is")
    content = ids.digest(body)
    named = ids.message_id(old.partner, deed.act_id, old.reference, old.part, content)
    before = old.envelope
    envelope = before.model_copy(
        update={
            "message_id": named,
            "recorded_at": work.now,
            "idempotency_key": str(named),
            "causation_id": UUID(old.message_id),
            "corrects": UUID(old.message_id),
            "stream": deed.act_id,
            "priority": _more_pressing(before.priority, priority_of(old.type, checked)),
        }
    )
    return replace(
        old,
        message_id=str(named),
        stream=deed.act_id,
        digest=content,
        envelope=envelope,
        body=body,
        subject=Subject(),
        parcel_id=None,
        case_hint=old.case_ref,
        corrects=old.message_id,
    )


def _more_pressing(one: Priority, other: Priority) -> Priority:
    return min(one, other, key=lambda priority: priority.rank)


def _ends(work: Work, deed: Deed, old: Arrival) -> None:
    """Nobody need accept the old one, and where it did not arrive it is not sent any more."""
    heard = about(work, deed)
    said = {
        "name": deed.who["name"],
        "role": deed.who["role"].replace("_", " "),
        "agency": deed.who.get("agency") or "",
        "reason": deed.reason,
    }
    found = steps("handover.withdrawn", said, heard)
    if old.type == "strategy.requested":
        facts = Facts(**said, at=work.now)
        subject = UUID(old.message_id)
        found += [Step("strategy", subject, event, facts) for event in ("cancelled", "closed")]
        found.append(Step("reconvening", subject, "called_off", facts))
    if old.type in ("contact.recorded", "referral.received"):
        found.append(Step("referral", UUID(old.message_id), "replaced", Facts(at=work.now)))
    for one in found:
        taken = custody.take(work, one, deed.act_id, who=deed.name, on=heard.on)
        if isinstance(taken, Illegal):
            raise Refused(f"it cannot be replaced any more: {taken.reason}")
    telling.replaced(work, old.message_id, deed.act_id, deed.name)
    _sent_no_more(
        work, old.message_id, deed.name, "corrected", "a corrected one was sent in its place"
    )


def _sent_no_more(work: Work, message_id: str, who: str, done: str, why: str) -> None:
    """Whatever of it has not arrived ends, and nobody is rung for it."""
    open_now = f"message_id = :id and state in {_OPEN}"
    sql = f"select delivery_id, partner from delivery where {open_now}"
    for row in rows(work.conn, sql, id=message_id):
        work.partners.add(row.partner)
        work.recovered("content_missing", row.delivery_id, f"{done} by {who}")
    run(
        work.conn,
        "update delivery set state = 'withdrawn', reason = :why, who = :who, next_at = null,"
        f" changed_at = :now, version = version + 1 where {open_now}",
        why=why,
        who=who,
        now=work.now,
        id=message_id,
    )


_NOT_OWED = "nobody is owed it: it is no notice, or it got through"
_NOT_TOLD = {
    "made": "it is on its way to them",
    # Whom the disclosure policy keeps it from does not hear it by telephone.
    "kept_back": "it is kept back: until it is released, nobody tells them",
    "told": "they have been told already",
    "exempt": "a named person decided that they are not told",
}


def _told(work: Work, deed: Deed) -> str:
    """Somebody told the referrer, whom the notice does not reach."""
    name, role = deed.body.get("told"), deed.body.get("told_role")
    if not name or not role:
        raise Refused("name and role of who was told are needed")
    work.open_cases([deed.case_ref(work)])
    who = f"{name}, {role}, told by {deed.name}"
    facts = Facts(name=str(name), role=str(role), at=work.now)
    if not telling.in_person(work, deed.subject, deed.act_id, who, facts):
        raise Refused(_NOT_TOLD.get(telling.stands(work, deed.subject), _NOT_OWED))
    _sent_no_more(
        work, deed.subject, deed.name, "told in person", "the referrer was told in person"
    )
    return f"told: {name}, {role}"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "delivery.repaired": _repaired,
    "notice.told": _told,
}
