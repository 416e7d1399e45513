"""A message takes effect once: stored sealed, moved along its journey, planned, and chained in the audit.

A batch is recorded whole. If that fails, each message is recorded alone under a savepoint, and the
one that fails again is kept as *stuck* while the rest commits. A message seen before has no
effect; the same reference with other content is a conflict that a person sees.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from hub.core import custody, early, telling
from hub.core.answers import passed_on
from hub.core.arrival import Arrival
from hub.core.belongs import waits_for
from hub.core.derive import derive
from hub.core.identify import identify
from hub.core.joint_advice import advise
from hub.core.link import link
from hub.core.plan import plan
from hub.core.stuck import keep
from hub.core.watch import watch
from hub.core.whole import whole
from hub.core.work import Work
from hub.ledger.audit import HUB
from hub.ledger.content import seal_content
from hub.ledger.session import among, values
from hub.ledger.tables import Content, Message, Repeat
from hub.ledger.write import at, rows, update
from hub.rules.route import authorised
from schemas.completeness import completeness, is_scored
from schemas.register import UnknownType, UnknownVersion, model_of

MANY_IN_A_ROW = 3
"""Conflicts after which a counter was restarted rather than a reference used twice by mistake."""


def record_messages(work: Work, arrivals: Sequence[Arrival]) -> None:
    """Records a batch; what cannot be recorded even alone is kept as stuck."""
    if not arrivals:
        return
    error = whole(work, lambda: _record(work, arrivals))
    if error is None:
        return
    if len(arrivals) == 1:
        keep(work, arrivals[0], error)
        return
    for arrival in arrivals:
        record_messages(work, [arrival])


def _record(work: Work, arrivals: Sequence[Arrival]) -> None:
    new = _first_time(work, arrivals)
    if not new:
        return
    identify(work, new)
    for arrival in new:
        _standing(work, arrival)
    early.park(work, [arrival for arrival in new if arrival.state == "early"])
    moving = [a for a in new if a.state in ("recorded", "ambiguous", "conflict")]
    planned = plan(work, moving)
    for arrival in new:
        count, none = planned.get(arrival.message_id, (0, f"it is {arrival.state}"))
        work.add(Message, _row(work, arrival, count, none))
        if work.trail is not None:
            work.trail.recorded(arrival, count)
        _content(work, arrival)
        work.audit(
            arrival.case_ref,
            "recorded",
            message=arrival.message_id,
            type=arrival.type,
            sender=arrival.partner,
            state=arrival.state,
            deliveries=count,
            editions=work.site.book.digest,
            none=none or "",
        )
    work.flush_rows()
    apply(work, moving)
    woken = early.wake(work, new)
    if woken:
        taken_up(work, woken)


def record_own(work: Work, arrivals: Sequence[Arrival]) -> None:
    """Records what the hub says of itself; a failure is its caller's, because no record came."""
    work.flush()
    _record(work, arrivals)


def apply(work: Work, arrivals: Sequence[Arrival]) -> None:
    """Journeys, watched lists and what the hub itself derives from these messages."""
    for arrival in arrivals:
        custody.step(work, arrival)
        telling.begun(work, arrival)
        telling.heard_later(work, arrival)
        watch(work, arrival)
        advise(work, arrival)
        if arrival.type == "case.linked":
            link(work, arrival)
    derived = [
        made for arrival in arrivals for made in (*derive(work, arrival), *passed_on(work, arrival))
    ]
    if derived:
        record_own(work, derived)


def taken_up(work: Work, woken: list[Arrival], why: str = "no longer early") -> None:
    """Messages that waited are planned and applied as if they came now."""
    planned = plan(work, woken)
    changed = []
    for arrival in woken:
        count, none = planned[arrival.message_id]
        changed.append({"message_id": arrival.message_id, "planned": count, "none_reason": none})
        work.audit(arrival.case_ref, why, message=arrival.message_id)
    update(
        work.conn,
        Message,
        "update message set state = 'recorded', planned = :planned, none_reason = :none_reason"
        " where message_id = :message_id",
        changed,
    )
    work.flush()
    apply(work, woken)


def _first_time(work: Work, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those not seen before; repeats are noted, conflicts marked."""
    known, same = _stands(work, arrivals)
    new: list[Arrival] = []
    for arrival in arrivals:
        if arrival.message_id in known:
            parcel = arrival.parcel_id or f"derived:{arrival.message_id}"
            row = {"parcel_id": parcel, "message_id": arrival.message_id, "seen_at": work.now}
            if known[arrival.message_id] != parcel:
                work.add(Repeat, row)
                if work.trail is not None:
                    work.trail.repeated(arrival)
            continue
        known[arrival.message_id] = arrival.parcel_id or ""
        spot = (arrival.partner, arrival.stream, arrival.reference, arrival.part)
        before = same.get(spot)
        if before is not None and before[0] != arrival.message_id:
            _conflict(work, arrival, before)
        same[spot] = (arrival.message_id, work.now)
        new.append(arrival)
    return new


def _stands(
    work: Work, arrivals: Sequence[Arrival]
) -> tuple[dict[str, str], dict[tuple[str, str, str, str], tuple[str, Any]]]:
    """Message ids that stand (with the parcel they came in), and the last under each reference."""
    known: dict[str, str] = {}
    same: dict[tuple[str, str, str, str], tuple[str, Any]] = {}
    groups: dict[tuple[str, str], set[str]] = {}
    for arrival in arrivals:
        groups.setdefault((arrival.partner, arrival.stream), set()).add(arrival.reference)
    for (partner, stream), references in sorted(groups.items()):
        sql = (
            "select message_id, parcel_id, reference, part, recorded_at from message"
            " where partner = :partner and stream = :stream and "
            + among(work.conn, "reference")
            + " order by recorded_at"
        )
        found = rows(
            work.conn,
            sql,
            partner=partner,
            stream=stream,
            among=values(work.conn, references),
        )
        for row in found:
            known[row.message_id] = row.parcel_id or ""
            spot = (partner, stream, row.reference, row.part)
            same[spot] = (row.message_id, at(row.recorded_at))
    return known, same


def _conflict(work: Work, arrival: Arrival, before: tuple[str, Any]) -> None:
    partner = work.site.partner(arrival.partner)
    window = partner.reuse_window if partner else timedelta(hours=24)
    if before[1] is not None and work.now - before[1] > window:
        return
    arrival.conflict_of = before[0]
    cause = "a reference was used again with other content"
    count = work.incident("conflict", arrival.partner, cause)
    if count >= MANY_IN_A_ROW:
        work.incident("counter_restarted", arrival.partner, "many references used again in a row")
    elif arrival.rank:
        arrival.state = "conflict"


def _standing(work: Work, arrival: Arrival) -> None:
    """What it is shared for, and whether it must wait for what it answers or for an upgrade."""
    edition = work.site.book.routing(arrival.envelope.occurred_at)
    arrival.envelope = authorised(arrival.type, arrival.envelope, edition)
    try:
        model_of(arrival.type, arrival.version)
    except (UnknownType, UnknownVersion):
        arrival.state = "parked"
        work.incident("unknown_version", arrival.type, f"version {arrival.version} is not known")
        return
    if arrival.answers and arrival.answered is None:
        arrival.state, arrival.waits_for = "early", arrival.answers
        return
    if arrival.case_ref != HUB:  # which is nobody's child
        arrival.envelope = arrival.envelope.at(arrival.case_ref)
    if arrival.answered:
        link = {"causation_id": UUID(arrival.answered)}
        arrival.envelope = arrival.envelope.model_copy(update=link)
    if arrival.state == "recorded" and (named := waits_for(work, arrival)):
        arrival.state, arrival.waits_for = "early", named


def _completeness(arrival: Arrival) -> str | None:
    """How complete a contact or a referral is; it is recorded and never keeps one from flowing."""
    if arrival.state == "parked":
        return None
    model = model_of(arrival.type, arrival.version)
    if not is_scored(model):
        return None
    found = completeness(model.model_validate_json(arrival.body))
    return None if found is None else orjson.dumps(found.told).decode()


def _row(work: Work, arrival: Arrival, planned: int, none: str | None) -> dict[str, Any]:
    envelope = arrival.envelope
    cause = envelope.causation_id
    return {
        "message_id": arrival.message_id,
        "parcel_id": arrival.parcel_id,
        "type": arrival.type,
        "version": arrival.version,
        "partner": arrival.partner,
        "authority": envelope.authority,
        "stream": arrival.stream,
        "reference": arrival.reference,
        "part": arrival.part,
        "digest": arrival.digest,
        "completeness": _completeness(arrival),
        "case_ref": arrival.case_ref,
        "correlation_id": str(envelope.correlation_id),
        "causation_id": str(cause) if cause else None,
        "answers": arrival.answered or arrival.replies_to,
        "priority": envelope.priority.value,
        "ack_expected": envelope.ack_expected.value,
        "occurred_at": envelope.occurred_at,
        "recorded_at": work.now,
        "due_at": arrival.due_at,
        "state": arrival.state,
        "planned": planned,
        "none_reason": none if not planned else None,
        "conflict_of": arrival.conflict_of,
        "corrects": arrival.corrects,
        "test": envelope.test,
        "labels": orjson.dumps([label.value for label in envelope.labels]).decode(),
        "doubts": orjson.dumps([doubt.value for doubt in envelope.doubts]).decode(),
    }


def _content(work: Work, arrival: Arrival) -> None:
    key = work.key(arrival.case_ref)
    if key is None:
        raise ValueError(f"case {arrival.case_ref} was erased: nothing can be added to it")
    envelope = arrival.envelope.model_dump(mode="json", by_alias=True, exclude_none=True)
    sealed = seal_content(key, arrival.message_id, envelope, arrival.body)
    row = {"message_id": arrival.message_id, "case_ref": arrival.case_ref, "sealed": sealed}
    work.add(Content, row)
    work.said[arrival.message_id] = (envelope, arrival.body)
