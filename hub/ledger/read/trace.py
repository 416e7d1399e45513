"""A message's or a case's whole journey is one value, found by whatever reference somebody has."""

from dataclasses import dataclass

from sqlalchemy import Connection

from hub.ledger.audit import verify
from hub.ledger.read.find import Hit, case_of, find
from hub.ledger.read.handovers import Handover
from hub.ledger.read.journey import Way, case_way, message_way
from hub.ledger.read.sentences import Name
from hub.ledger.read.timeline import Event, timeline
from hub.ledger.session import among, values
from hub.ledger.write import rows
from hub.telemetry.traces import place


@dataclass(frozen=True, slots=True)
class Trace:
    """A journey: what it is of, who has what, all that happened, and whether the audit holds."""

    of: str
    authority: str
    case_ref: str
    custody: tuple[Handover, ...]
    events: tuple[Event, ...]
    entries: int
    broken: str | None
    watched: tuple[str, ...]
    """Ids under which a collector of traces has it, where traces are told."""
    cut: bool = False
    """Whether older messages are left out."""


@dataclass(frozen=True, slots=True)
class Several:
    """A reference that leads to several messages."""

    hits: tuple[Hit, ...]


def trace(conn: Connection, text: str, name: Name) -> Trace | Several | None:
    """The journey under a reference; None where there is nothing under it."""
    wanted = text.strip()
    hits = find(conn, wanted)
    case = case_of(conn, wanted)
    if case and all(hit.case_ref == case for hit in hits):
        way = case_way(conn, case)
        return _trace(conn, f"Case {case}", case, way, name) if way else None
    if len(hits) > 1:
        return Several(tuple(hits))
    if not hits:
        return None
    hit = hits[0]
    way = message_way(conn, hit.message_id)
    of = f"{hit.type} {hit.reference} ({hit.message_id})"
    return _trace(conn, of, hit.case_ref, way, name) if way else None


def _trace(conn: Connection, of: str, case_ref: str, way: Way, name: Name) -> Trace:
    broken = next(verify(conn, [case_ref]), None)
    head = rows(conn, "select audit_seq from case_file where case_ref = :ref", ref=case_ref)
    return Trace(
        of,
        way.messages[0].authority,
        case_ref,
        way.journeys,
        tuple(timeline(way, name, words=None)),
        head[0].audit_seq if head else 0,
        f"entry {broken.seq}: {broken.why}" if broken else None,
        _watched(conn, [one.message_id for one in way.messages]),
        way.cut,
    )


def _watched(conn: Connection, messages: list[str]) -> tuple[str, ...]:
    sql = f"select distinct correlation_id from message where {among(conn, 'message_id')}"
    found = rows(conn, sql + " order by correlation_id", among=values(conn, messages))
    return tuple(place(row.correlation_id).trace_id for row in found)
