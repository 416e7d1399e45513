"""Who must get a message, in which rendering and in which lane, is decided once and written down.

Routing and disclosure are decided by the editions in force; a recipient who gets nothing is an
answer too and stands on the message. A lane numbers its deliveries under its row's lock.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from connectors.transports import TRANSPORTS
from hub.core.arrival import Arrival
from hub.core.dispatch import ahead_of
from hub.core.work import Work
from hub.ids import derived
from hub.ledger.content import seal_rendering
from hub.ledger.read.sentences import to_nobody
from hub.ledger.session import among, locking, values
from hub.ledger.tables import Delivery, Lane
from hub.ledger.write import at, insert, rows, run, update
from hub.partners import Directory, Partner, Role
from hub.rules import route
from hub.rules.book import Book
from hub.rules.disclose import Disclosure, Verdict, disclose, names, own
from hub.rules.owner import nobody_acts
from hub.rules.release import decided
from hub.rules.route import Planned
from schemas.envelope import AckLevel, Envelope, For
from schemas.kinds import places
from schemas.register import REGISTER, model_of

UNOWNED = "unowned"
NOT_HELD = ("inbox", "call")
"""Held transports on which nothing waits for what is before it: people see all that waits."""


def plan(work: Work, arrivals: Sequence[Arrival]) -> dict[str, tuple[int, str | None]]:
    """Deliveries of each message: how many, and why none; the rows are gathered in the work."""
    made: dict[str, tuple[int, str | None]] = {}
    planned: list[dict[str, Any]] = []
    for arrival in arrivals:
        routed, own = _routed(work, arrival)
        work.planned[arrival.message_id] = own
        planned += own
        made[arrival.message_id] = (len(own), routed.none)
        if why := _unowned(work, arrival, routed, own):
            said = to_nobody(why, arrival.type, partial(_title, work.site.directory))
            title = REGISTER[arrival.type].title
            work.incident(UNOWNED, arrival.message_id, f"{title}: {said}")
    _stand(work, planned)
    return made


def plan_anew(work: Work, arrival: Arrival) -> bool:
    """Plans a recorded message for whoever the partner files name by now and who has not got it.

    Whether nobody who must act is missing any more.
    """
    routed, own = _routed(work, arrival)
    sql = "select delivery_id, purpose from delivery where message_id = :id"
    has = {row.delivery_id: row.purpose for row in rows(work.conn, sql, id=arrival.message_id)}
    # Who has it for information was not asked to act: it goes there once more, for action.
    for_action = replace(arrival, anew=UNOWNED)
    own = [
        _delivery(work, for_action, one, routed.edition)
        if one.purpose is For.ACTION and has.get(row["delivery_id"]) == For.INFORMATION.value
        else row
        for one, row in zip(routed.planned, own, strict=True)
    ]
    new = [row for row in own if row["delivery_id"] not in has]
    work.planned[arrival.message_id] = own
    _stand(work, new)
    run(
        work.conn,
        "update message set planned = planned + :more,"
        " none_reason = case when planned + :more = 0 then none_reason end where message_id = :id",
        more=len(new),
        id=arrival.message_id,
    )
    return not _unowned(work, arrival, routed, own)


def _routed(work: Work, arrival: Arrival) -> tuple[route.Routed, list[dict[str, Any]]]:
    """Where it goes by the edition in force and its deadline; the deliveries, not yet standing."""
    edition = work.site.book.routing(arrival.envelope.occurred_at)
    there = work.site.directory
    reached = there if arrival.only is None else [there[arrival.only]]
    duty = work.site.book.there(work.now)
    routed = route.route(arrival.type, arrival.envelope, reached, edition, arrival.asker, duty)
    arrival.envelope = timed(work.site.book, there, arrival, routed.planned, work.now)
    told = arrival.envelope.deadline
    arrival.due_at = told.due_at if told else arrival.due_at
    return routed, [_delivery(work, arrival, one, edition.edition) for one in routed.planned]


def _unowned(
    work: Work, arrival: Arrival, routed: route.Routed, own: Sequence[Mapping[str, Any]]
) -> str:
    """Who was to act on it and does not get it; empty where nobody is missing."""
    edition = work.site.book.routing(arrival.envelope.occurred_at)
    way = edition.types.get(arrival.type, route.Way())
    kept_back = {
        row["partner"]: row["reason"]
        for row in own
        if row["state"] == "withheld" and row["purpose"] == For.ACTION.value
    }
    return nobody_acts(arrival.envelope, arrival.fields, way, routed, kept_back)


def _title(directory: Directory, name: str) -> str:
    """As people know it; a recipient that no partner serves is called as its sender called it."""
    known = directory.get(name)
    return known.title if known else name


def sent_on(work: Work, arrival: Arrival, to: Partner) -> str | None:
    """Plans its delivery to a receiver whom a person chose, with a deadline of their own; else why not.

    Nothing is written where it may not be: the person hears it instead.
    """
    edition = work.site.book.routing(arrival.envelope.occurred_at)
    routed = route.sent_on(arrival.type, arrival.envelope, to, edition)
    if routed.none:
        return routed.none
    priority = arrival.envelope.priority
    deadline = work.site.book.due_anew(arrival.type, work.now, priority, to.hours)
    arrival.due_at = deadline.due_at if deadline else None
    own = [_delivery(work, arrival, one, edition.edition) for one in routed.planned]
    kept_back = [row["reason"] for row in own if row["state"] == "withheld"]
    if kept_back:
        return f"the disclosure policy keeps it from {to.title}: {kept_back[0]}"
    work.planned[arrival.message_id] = own
    _stand(work, own)
    run(
        work.conn,
        "update message set planned = planned + :more where message_id = :id",
        more=len(own),
        id=arrival.message_id,
    )
    return None


def _stand(work: Work, planned: list[dict[str, Any]]) -> None:
    _number(work, planned)
    _overtaking(work, planned)
    for row in planned:
        work.add(Delivery, row)
        work.partners.add(row["partner"])


def timed(
    book: Book,
    directory: Directory,
    arrival: Arrival,
    planned: Sequence[Planned],
    now: datetime,
) -> Envelope:
    """With the message's own deadline, else what the clocks say for the first who must act. Pure.

    It travels in the envelope: whoever gets the message reads by when, and by which rule. What is
    over already when the message comes is late at once, so that somebody sees it.
    """
    envelope = arrival.envelope
    must = next((one for one in planned if one.purpose is For.ACTION), None)
    if envelope.deadline is not None or must is None:
        return envelope
    hours = directory[must.partner].hours
    # The door took it before core came to it, by however long core was away.
    taken = min(envelope.recorded_at, now)
    found = book.due(envelope, arrival.fields, taken, hours)
    return envelope.model_copy(update={"deadline": found}) if found else envelope


def _delivery(work: Work, arrival: Arrival, planned: Planned, routing: str) -> dict[str, Any]:
    partner = work.site.directory[planned.partner]
    told = disclosed(work.site.book, arrival, partner)
    transport = TRANSPORTS[partner.transport["kind"]]
    delivery_id = delivery_name(arrival, planned)
    # What is held leaves with whoever fetches it, and has arrived when they say so.
    least = planned.ack.rank <= 1 and transport.mode == "sent"
    needed = AckLevel.TRANSPORT if least else AckLevel.RECEIVED
    row = _row(work, arrival, partner, delivery_id) | {
        "team": planned.recipient.team,
        "purpose": planned.purpose.value,
        "transport": transport.name,
        "mode": transport.mode,
        "state": "offered" if transport.mode == "held" else "waiting",
        "level_needed": min(needed, transport.proves, key=lambda level: level.rank).value,
        "reason": planned.why,
        "policy": decided(told.edition, told.verdict, routing),
        "withheld": orjson.dumps([[w.path, w.kind.value, w.why] for w in told.withheld]).decode(),
        "address": arrival.address,
    }
    if row["mode"] == "sent" and planned.purpose is For.ACTION:
        row["ring_at"] = min(filter(None, (row["patience_at"], row["due_at"])))
    if told.verdict is Verdict.DENY:
        return row | {"state": "withheld", "reason": told.why}
    held = told.verdict is Verdict.REVIEW
    key = work.key(arrival.case_ref)
    if (told.withheld or held) and key is not None:
        row["rendered"] = seal_rendering(key, delivery_id, orjson.dumps(told.body))
    return row | {"state": "needs_person", "reason": told.why} if held else row


def delivery_name(arrival: Arrival, planned: Planned) -> str:
    """The id of a delivery, by message and receiver; one that goes there once more is another."""
    named = (arrival.message_id, planned.partner, planned.recipient.team or "")
    return derived("delivery", *named, *filter(None, [arrival.anew]))


def disclosed(book: Book, arrival: Arrival, partner: Partner) -> Disclosure:
    """This recipient's rendering under the policy in force. Pure."""
    policy = book.policy(arrival.envelope.occurred_at)
    known = own(policy, arrival.type, arrival.fields)
    told = known.told or arrival.told or arrival.partner == partner.partner
    return disclose(
        policy,
        places(model_of(arrival.type, arrival.version)),
        arrival.fields,
        arrival.envelope.labels,
        Role(partner.role),
        replace(known, told=told, names=names(partner.agency, partner.title)),
    )


def _row(work: Work, arrival: Arrival, partner: Partner, delivery_id: str) -> dict[str, Any]:
    envelope = arrival.envelope
    return {
        "delivery_id": delivery_id,
        "message_id": arrival.message_id,
        "case_ref": arrival.case_ref,
        "authority": envelope.authority,
        "type": arrival.type,
        "partner": partner.partner,
        "team": None,
        "purpose": For.ACTION.value,
        "transport": "",
        "mode": "",
        "lane": lane_of(partner, arrival.case_ref, delivery_id, arrival.lane),
        "lane_no": 0,
        "priority": envelope.priority.value,
        "rank": arrival.rank,
        "state": "",
        "attempt": 0,
        "tries": 0,
        "next_at": None,
        "not_after": None,
        "due_at": arrival.due_at,
        "patience_at": work.now + partner.patience.of(envelope.priority),
        "ring_at": None,
        "level_needed": "",
        "level_reached": "none",
        "reason": "",
        "predecessor": None,
        "overtook": "[]",
        "policy": None,
        "withheld": "[]",
        "rendered": None,
        "reference": delivery_id,
        "address": None,
        "beside": None,
        "created_at": work.now,
        "listed_at": work.now,
        "changed_at": work.now,
        "version": 1,
    }


def lane_of(partner: Partner, case_ref: str, delivery_id: str, own: str = "") -> str:
    """Which deliveries keep order among themselves; a lane of one where no order is asked for.

    `own` is what a message keeps order with instead of its case, whatever order is asked for.
    """
    kind = partner.transport["kind"]
    if kind in NOT_HELD or (partner.order == "none" and not own):
        return f"{partner.partner}|{delivery_id}"
    if partner.order == "partner":
        return partner.partner
    return f"{partner.partner}|{own or case_ref}"


def _overtaking(work: Work, planned: list[dict[str, Any]]) -> None:
    """An immediate one that is held is listed first at once; one that is sent says so when it goes."""
    for row in planned:
        if row["mode"] != "held" or row["rank"] or not row["lane_no"]:
            continue
        beside = [*work.pending(Delivery), *planned]
        unwritten = [
            one["delivery_id"]
            for one in beside
            if one["lane"] == row["lane"] and 0 < one["lane_no"] < row["lane_no"]
        ]
        ahead = ahead_of(work, row["lane"], row["lane_no"]) + unwritten
        row["overtook"] = orjson.dumps(list(dict.fromkeys(ahead))).decode()


def _number(work: Work, planned: list[dict[str, Any]]) -> None:
    lanes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in planned:
        if not row["lane"].endswith(row["delivery_id"]):
            lanes[row["lane"]].append(row)
    if not lanes:
        return
    stand = _lanes(work, sorted(lanes))
    if new := lanes.keys() - {row.lane for row in stand}:
        made = [
            {"lane": n, "partner": lanes[n][0]["partner"], "last_no": 0, "last_at": work.now}
            for n in sorted(new)
        ]
        insert(work.conn, Lane, made, new_only=True)
        # Read anew: another core may have made one and numbered in it meanwhile.
        stand = _lanes(work, sorted(lanes))
    moved = []
    for lane, last_no, last_at in stand:
        # Of two cores the one that numbers later may have begun earlier; age must not turn the order.
        moment = max(work.now, at(last_at) or work.now)
        for number, row in enumerate(lanes[lane], last_no + 1):
            row |= {"lane_no": number, "created_at": moment, "listed_at": moment}
        moved.append({"lane": lane, "last_no": last_no + len(lanes[lane]), "last_at": moment})
    sql = "update lane set last_no = :last_no, last_at = :last_at where lane = :lane"
    update(work.conn, Lane, sql, moved)


def _lanes(work: Work, names: list[str]) -> list[Any]:
    """Those that stand, locked."""
    sql = f"select lane, last_no, last_at from lane where {among(work.conn, 'lane')} order by lane"
    return rows(work.conn, sql + locking(work.conn), among=values(work.conn, names))
