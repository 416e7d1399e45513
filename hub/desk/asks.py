"""A page shows only the buttons of what its reader may do with a message, as custody stands now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.frame import Visit
from hub.desk.whose import handover_facts
from hub.journeys.steps import EACH_AGENCY
from hub.ledger.read.handovers import Handover, receivers
from hub.rules.route import takes


@dataclass(frozen=True, slots=True)
class Taker:
    """A receiver to whom it may be sent on."""

    partner: str
    title: str
    own: bool


@dataclass(frozen=True, slots=True)
class Asks:
    """The custody on which each may be done; None where it may not."""

    answer: Handover | None = None
    reply: Handover | None = None
    withdraw: Handover | None = None
    finish: Handover | None = None
    pass_on: Handover | None = None
    pass_to: Sequence[Taker] = ()
    recall: Handover | None = None
    place: Handover | None = None
    place_with: Sequence[Taker] = ()
    """To whom what was refused may be sent on."""


def asks(visit: Visit, conn: Connection, message_id: str, journeys: Iterable[Handover]) -> Asks:
    """What this reader may do with a message; the first custody that allows it, for each."""
    own = [one for one in journeys if one.machine == "handover" and one.message_id == message_id]
    to = receivers(conn, [message_id])[message_id] if len(own) == 1 else []

    def first(action: Action, ready: Iterable[Handover]) -> Handover | None:
        for one in ready:
            if visit.may(action, handover_facts(visit.desk.directory, one, to)):
                return one
        return None

    held = [one for one in own if one.held]
    under_offer = [one for one in own if not one.held and not one.ended]
    passing = first(Action.REASSIGN, held)
    found = takers(visit, passing) if passing else []
    refused = first(Action.PLACE, (one for one in under_offer if one.state == "refused"))
    return Asks(
        answer=first(Action.ANSWER, under_offer),
        reply=first(Action.REPLY, (one for one in under_offer if one.state == "queried")),
        withdraw=first(Action.WITHDRAW, (one for one in under_offer if not one.passed_on)),
        finish=first(Action.FINISH, held),
        pass_on=passing if found else None,
        pass_to=found,
        recall=first(Action.RECALL, (one for one in under_offer if one.out)),
        place=refused,
        place_with=[one for one in takers(visit, refused) if not one.own] if refused else (),
    )


def takers(visit: Visit, one: Handover) -> list[Taker]:
    """Whom it may be sent on to, the team that has it first."""
    directory = visit.desk.directory
    sender = directory.get(one.sender)
    found = [
        Taker(partner.partner, partner.title, partner.partner == one.receiver)
        for partner in directory
        if takes(partner, one.type, one.authority, sender)
        and (one.type not in EACH_AGENCY or partner.partner == one.receiver)
    ]
    return sorted(found, key=lambda taker: (not taker.own, taker.title))
