"""What a person may see of what stands in the ledger is decided in one place, for pages and programs alike."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from hub.desk.access import Action, Facts, Grant
from hub.desk.desk import Desk
from hub.desk.frame import Visit, nothing_here
from hub.desk.whose import facts, is_own, sees_all
from hub.ledger.read.failed import Failed, Unread, parcel
from hub.ledger.read.handovers import Receiver
from hub.ledger.read.journey import (
    Said,
    Way,
    case_messages,
    message_way,
    outline,
    still_open,
    way_of,
)
from hub.ledger.read.mark import Mark


def seen(visit: Visit, way: Way) -> tuple[Way, int]:
    """What of a way this person may see, and how many recipients they may not."""
    directory = visit.desk.directory
    messages = [
        one for one in way.messages if visit.may(Action.SEE, message_facts(visit.desk, way, one))
    ]
    ids = {one.message_id for one in messages}
    whole = {one.message_id for one in messages if sees_all(visit.person, one.authority)}
    own = {
        one.message_id for one in messages if is_own(directory, visit.person, one.partner)
    } | whole
    deliveries = [
        one
        for one in way.deliveries
        if one.message_id in ids
        and (one.message_id in whole or is_own(directory, visit.person, one.partner, one.team))
    ]
    kept = {one.delivery_id for one in deliveries}
    acted = {one.message_id for one in deliveries if one.purpose == "action"}
    journeys = [
        one
        for one in way.journeys
        if one.message_id in own
        or (one.receiver and is_own(directory, visit.person, one.receiver, one.team))
        or (one.alone and one.message_id in acted)
    ]
    named = {one.journey_id for one in journeys}
    hidden = sum(1 for one in way.deliveries if one.message_id in ids) - len(deliveries)
    return (
        replace(
            way,
            messages=tuple(messages),
            deliveries=tuple(deliveries),
            tries=tuple(one for one in way.tries if one.delivery_id in kept),
            journeys=tuple(journeys),
            steps=tuple(one for one in way.steps if one.journey_id in named),
            again=tuple(one for one in way.again if one.message_id in ids),
            noted=tuple(one for one in way.noted if one.message_id in ids),
            acts=tuple(
                one
                for one in way.acts
                if one.subject in whole or one.subject in kept or one.subject in own
            ),
        ),
        hidden,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a case, as this person may see it: the newest, or what came before a mark.

    `next`: where what came earlier begins; `open_too`: with them are older ones on which somebody
    must still act.
    """

    way: Way
    hidden: int
    next: Mark | None
    open_too: bool


def part_of_case(visit: Visit, conn: Connection, case_ref: str, before: Mark | None = None) -> Part:
    """At most fifty messages, and with the newest all that is open; refuses the page where nothing is seen."""
    kept: list[Said] = []
    mark = before
    for _ in range(_LOOKS):
        some = case_messages(conn, case_ref, mark, PART)
        visible = {one.message_id for one in seen(visit, outline(conn, some))[0].messages}
        mine = [one for one in some if one.message_id in visible][: PART - len(kept)]
        kept += mine
        full = len(kept) == PART
        last = mine[-1] if full else some[-1] if len(some) == PART else None
        mark = Mark(last.recorded_at, last.message_id) if last else None
        if mark is None or full:
            break
    more: list[Said] = []
    if before is None and mark is not None:
        known = {one.message_id for one in kept}
        more = [one for one in still_open(conn, case_ref, PART) if one.message_id not in known]
    way, hidden = seen(visit, way_of(conn, [*more, *reversed(kept)]))
    if not way.messages:
        raise nothing_here()
    return Part(way, hidden, mark, len(way.messages) > len(kept))


PART = 50
"""Messages of a case on one page."""
_LOOKS = 40
"""Pages of a case that are gone through for one of theirs, where most of it is not for them to see."""


def message_facts(desk: Desk, way: Way, said: Said) -> Facts:
    """What access to a message turns on."""
    to = [Receiver(d.partner, d.team) for d in way.deliveries if d.message_id == said.message_id]
    return facts(
        desk.directory,
        said.authority,
        receivers=to,
        senders=[said.partner],
        priority=said.priority,
    )


def openable(visit: Visit, message_id: str) -> tuple[Way, Said, Grant]:
    """A message whose content this person may open, and by which grant; refuses the page otherwise."""
    with visit.desk.ledger.connect() as conn:
        way = message_way(conn, message_id)
    if way is None:
        raise nothing_here()
    said = next(one for one in way.messages if one.message_id == message_id)
    known = message_facts(visit.desk, way, said)
    if not visit.may(Action.SEE, known):
        raise nothing_here()
    return way, said, visit.must(Action.OPEN_CONTENT, known)


def delivery_facts(visit: Visit, one: Failed) -> Facts:
    """What access to a delivery that stopped turns on."""
    return facts(visit.desk.directory, one.authority, priority=one.priority)


def parcel_facts(visit: Visit, one: Unread) -> Facts:
    """A parcel belongs to the authorities that its partner serves."""
    partner = visit.desk.directory.get(one.partner)
    served = partner.authorities if partner else ()
    own = [a for a in served if visit.authorities is None or a in visit.authorities]
    return Facts(own[0] if own else served[0] if served else None)


def parcel_of(visit: Visit, parcel_id: str) -> Unread:
    """One that nobody could read, or that a person corrected; refuses the page where there is none."""
    with visit.desk.ledger.connect() as conn:
        found = parcel(conn, parcel_id)
    if found is None or (found.state == "accepted" and found.corrects is None):
        raise nothing_here()
    return found


def served(visit: Visit) -> list[str] | None:
    """Whose parcels are read for them: partners that serve an authority of theirs; None is all."""
    own = visit.authorities
    if own is None:
        return None
    return [one.partner for one in visit.desk.directory if not set(own).isdisjoint(one.authorities)]
