"""What has a reference and is no message is found by it, too: bytes that nobody could read, an incident."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.desk.access import Action
from hub.desk.frame import Visit
from hub.desk.shown.incident_words import incident_cause, incident_title
from hub.desk.shown.words import capital
from hub.desk.sight import parcel_facts, served
from hub.ledger.read.failed import Unread, parcels_from
from hub.ledger.read.incidents import Wrong, incidents_from


@dataclass(frozen=True, slots=True)
class Beside:
    """A parcel or an incident, as this reader may see it."""

    kind: str
    """parcel, incident"""
    id: str
    title: str
    at: datetime
    says: str
    link: str = ""
    """Its page; none of an incident that is over"""


def beside(visit: Visit, conn: Connection, references: Collection[str]) -> list[Beside]:
    """What these references lead to apart from messages, for who watches what comes and goes."""
    if not visit.may(Action.SEE_ROAD):
        return []
    found = (one for text in sorted(references) for one in _of(visit, conn, text))
    return list({one.id: one for one in found}.values())


def _of(visit: Visit, conn: Connection, text: str) -> Iterator[Beside]:
    whose = served(visit)
    partners = [one.partner for one in visit.desk.directory] if whose is None else whose
    for parcel in parcels_from(conn, text, partners):
        if visit.may(Action.SEE_ROAD, parcel_facts(visit, parcel)):
            yield _parcel(visit, parcel)
    for wrong in incidents_from(conn, text):
        yield _incident(visit, wrong)


def _parcel(visit: Visit, one: Unread) -> Beside:
    says = {
        "unreadable": f"Nobody could read it: {one.reason or 'no reason was given'}",
        "accepted": "It was read as a person corrected it",
    }.get(one.state, f"Closed: {one.closed_why or 'no reason was given'}")
    title = f"{one.reference or 'Parcel'} from {visit.desk.title(one.partner)}"
    return Beside("parcel", one.parcel_id, title, one.received_at, says, f"/parcel/{one.parcel_id}")


def _incident(visit: Visit, one: Wrong) -> Beside:
    over = f". Closed: {one.closed_why or 'it went away'}" if one.closed_at else ""
    says = incident_cause(one) + over
    title = capital(incident_title(one, visit.desk))
    return Beside(
        "incident", one.incident_id, title, one.first_seen, says, f"/incidents/{one.incident_id}"
    )
