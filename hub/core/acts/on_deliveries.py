"""A person sends again, releases, gives up, rings, pauses: each against what the delivery is by then."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from hub.core import custody, telling
from hub.core.acts.deed import Deed, Refused
from hub.core.answers import spoken, tell
from hub.core.call_sheets import close_call_sheets
from hub.core.record import record_messages
from hub.core.work import Work
from hub.ids import derived
from hub.journeys.delivery import DELIVERY, TAKEN_BY_PHONE
from hub.journeys.machine import Facts, Illegal, Moved, move
from hub.journeys.steps import Heard, settled, steps
from hub.ledger.session import locking
from hub.ledger.write import rows, run
from hub.rules.release import awaits_review, let_go
from schemas.envelope import AckLevel


def _delivery(work: Work, deed: Deed, seen: bool = True) -> dict[str, Any]:
    """The delivery as it is now; with `seen`, only if it still is what they saw."""
    case = rows(work.conn, "select case_ref from delivery where delivery_id = :id", id=deed.subject)
    if not case:
        raise Refused("there is no such delivery")
    # The case's lock first, as whoever settles receipts takes it, so that neither waits for the other.
    work.open_cases([case[0].case_ref])
    row = _row(work, deed.subject)
    if seen and deed.version is not None and deed.version and row["version"] != deed.version:
        raise Refused(f"it has changed since you looked: it is now {row['state']}")
    return row


def _row(work: Work, delivery_id: str) -> dict[str, Any]:
    # Its own lock as well: who hands it out meanwhile holds no case.
    sql = "select * from delivery where delivery_id = :id" + locking(work.conn)
    [found] = rows(work.conn, sql, id=delivery_id)
    return dict(found._mapping)


def _moves(work: Work, deed: Deed, event: str, approver: str = "", who: str = "") -> dict[str, Any]:
    row = _delivery(work, deed)
    facts = deed.facts(work, approver)
    pressing = Facts(**{**_plain(facts), "immediate": row["rank"] < 2})
    moved = move(DELIVERY, row["state"], event, pressing)
    if isinstance(moved, Illegal):
        raise Refused(moved.reason)
    # Nobody serves a held delivery that waits: it is offered where people or systems look.
    state = "offered" if moved.state == "waiting" and row["mode"] == "held" else moved.state
    why = deed.reason or f"{event.replace('_', ' ')} by {deed.name}"
    return _becomes(work, row, state, why, who or deed.name)


def _becomes(work: Work, row: Mapping[str, Any], state: str, why: str, who: str) -> dict[str, Any]:
    """What a person made of a delivery; its lane goes on, and nobody rings beside it in vain."""
    again = state in ("waiting", "offered")
    run(
        work.conn,
        "update delivery set state = :state, next_at = null, reason = :why, who = :who,"
        " tries = :tries, level_reached = :level,"
        " changed_at = :now, version = version + 1 where delivery_id = :id",
        state=state,
        tries=0 if again else row["tries"],
        level=AckLevel.RECEIVED.value if state == "delivered" else row["level_reached"],
        why=why,
        who=who,
        now=work.now,
        id=row["delivery_id"],
    )
    if state == "delivered":
        work.audit(
            row["case_ref"],
            "delivery delivered",
            delivery=row["delivery_id"],
            message=row["message_id"],
            partner=row["partner"],
            by=who,
        )
    work.partners.add(row["partner"])
    work.recovered("content_missing", row["delivery_id"], why)
    made = dict(row) | {"state": state}
    close_call_sheets(work, [made])
    return made


def _plain(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in Facts.__slots__}


def _retried(work: Work, deed: Deed) -> str:
    row = _delivery(work, deed)
    if row["state"] == "withheld" or _reviewing(row):
        return _released(work, deed, row)
    _moves(work, deed, "retried")
    if deed.body.get("as_new"):
        fresh = derived("reference", row["delivery_id"], deed.act_id)
        run(
            work.conn,
            "update delivery set reference = :ref where delivery_id = :id",
            ref=fresh,
            id=row["delivery_id"],
        )
    return "it will be sent again"


def _reviewing(row: Mapping[str, Any]) -> bool:
    """Whether its disclosure waits for a second person, and never went out."""
    held = row["state"] == "needs_person" and row["attempt"] == 0
    return held and awaits_review(row["policy"])


def _reviewed(work: Work, deed: Deed) -> str:
    row = _delivery(work, deed)
    if not _reviewing(row) and row["state"] != "withheld":
        raise Refused("its disclosure does not wait for anybody")
    if deed.body.get("review") == "released":
        return _released(work, deed, row)
    _moves(work, deed, "withheld")
    telling.done(work, row, "kept_back", deed.act_id, deed.name, deed.facts(work))
    return "withheld: this recipient does not get it"


def _released(work: Work, deed: Deed, row: Mapping[str, Any]) -> str:
    """What was held goes out in the rendering that the policy made, never whole."""
    if not deed.sees_content:
        raise Refused("who releases a disclosure must be one who may read it")
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    if row["rendered"] is None:
        raise Refused(f"the policy lets nothing of it go to them: {row['reason']}")
    _moves(work, deed, "released" if row["state"] == "withheld" else "retried")
    run(
        work.conn,
        "update delivery set policy = :decision where delivery_id = :id",
        decision=let_go(row["policy"]),
        id=row["delivery_id"],
    )
    telling.done(work, row, "let_go", deed.act_id, deed.name, deed.facts(work))
    return "released: it will be sent as the policy renders it"


def _abandoned(work: Work, deed: Deed) -> str:
    approver = str(deed.body.get("approver") or deed.body.get("approved_by") or "")
    if not approver and deed.who["role"] == "service_manager":
        approver = deed.name
    row = _moves(work, deed, "abandoned", approver)
    telling.done(work, row, "given_up", deed.act_id, deed.name, deed.facts(work))
    about = custody.concerned(work, row["message_id"])
    if about is not None and row["purpose"] == "action":
        for one in settled("abandoned", about, row["partner"]):
            custody.take(work, one, deed.act_id, who=deed.name)
    return "given up; the sender still holds it"


def _by_phone(work: Work, deed: Deed) -> str:
    taken_by = deed.body.get("name") or deed.body.get("taken_by")
    role = deed.body.get("role") or deed.body.get("taken_role")
    if not taken_by or not role:
        raise Refused("name and role of who took the call are needed")
    who = f"{taken_by}, {role}, by phone"
    row = _rung(work, deed, who)
    taker = Facts(name=str(taken_by), role=str(role), at=work.now, reason=deed.reason)
    telling.done(work, row, "rung", deed.act_id, who, taker)
    on = custody.concerned(work, row["message_id"])
    if on is not None:
        heard = Heard(UUID(deed.act_id), work.now, AckLevel.NONE, row["partner"], (), None, on)
        accepts = deed.body.get("accepts", True)
        said = {"taken_by": taken_by, "taken_role": role, "accepts": accepts}
        for one in steps("delivery.taken_by_phone", said, heard):
            taken = custody.take(work, one, deed.act_id, who=who)
            if accepts and isinstance(taken, Moved):
                partner = work.site.partner(row["partner"])
                by = {"name": taken_by, "role": role, "agency": partner.agency if partner else ""}
                body = spoken(work, "accepted", by, reason=TAKEN_BY_PHONE)
                work.flush()
                record_messages(work, tell(work, row["message_id"], deed.act_id, body))
    return f"taken by {who}"


def _rung(work: Work, deed: Deed, who: str) -> dict[str, Any]:
    """The call reached them, and with it what the sheet stands beside, if nothing else had."""
    row = _delivery(work, deed, seen=False)
    if row["transport"] == "call" and row["state"] == "withdrawn":
        # It got through while they rang: who took the call holds the matter all the same.
        return row
    row = _moves(work, deed, "taken_by_phone", who=who)
    if row["beside"] is None:
        return row
    beside = _row(work, row["beside"])
    moved = move(DELIVERY, beside["state"], "taken_by_phone", deed.facts(work))
    if beside["state"] != "delivered" and not isinstance(moved, Illegal):
        _becomes(work, beside, moved.state, f"{TAKEN_BY_PHONE}: {who}", who)
    return row


def _paused(work: Work, deed: Deed) -> str:
    state = _as_seen(work, deed)
    if state.paused_at is not None:
        raise Refused(f"it is paused already, by {state.paused_by}: {state.paused_why}")
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


def _as_seen(work: Work, deed: Deed) -> Any:
    """The partner's state, if nobody paused or resumed it since they looked."""
    # Of two who press at once, the second waits here and hears who was first.
    sql = "select * from partner_state where partner = :p" + locking(work.conn)
    found = rows(work.conn, sql, p=deed.subject)
    if not found:
        raise Refused("there is no such partner")
    if deed.version and deed.version != found[0].version:
        by = f"paused by {found[0].paused_by}" if found[0].paused_at else "resumed"
        raise Refused(f"it was {by} since you looked")
    return found[0]


def _resumed(work: Work, deed: Deed) -> str:
    state = _as_seen(work, deed)
    if state.paused_at is None and not state.failures:
        raise Refused("it is not paused")
    run(
        work.conn,
        "update partner_state set paused_at = null, paused_by = null, paused_why = null,"
        " failures = 0, next_probe_at = null, version = version + 1 where partner = :p",
        p=deed.subject,
    )
    work.partners.add(deed.subject)
    return "resumed"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "delivery.retried": _retried,
    "delivery.abandoned": _abandoned,
    "delivery.taken_by_phone": _by_phone,
    "disclosure.reviewed": _reviewed,
    "partner.paused": _paused,
    "partner.resumed": _resumed,
}
