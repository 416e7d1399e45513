"""Whatever reference somebody has in hand leads to the message or the case it stands for."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch
from hub.ledger.write import rows


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a reference leads to."""

    message_id: str
    case_ref: str
    authority: str
    type: str
    partner: str
    reference: str
    priority: str
    recorded_at: datetime


_HITS = """
select m.message_id, m.case_ref, m.authority, m.type, m.partner, m.reference, m.priority,
  m.recorded_at from message m
"""
_WAYS = (
    "where m.message_id = :text",
    "where m.case_ref = :text",
    "where m.reference = :text",
    "where m.message_id in (select message_id from delivery where delivery_id = :text)",
    "where m.message_id in (select message_id from delivery where reference = :text)",
    "where m.message_id in (select message_id from delivery where their_reference = :text)",
    "where m.parcel_id = :text",
    "where m.reference like :start escape '!'",
)


def find(conn: Connection, text: str, most: int = 50) -> list[Hit]:
    """Messages by their id, case, reference (ours, the sender's, the receiver's), or its beginning."""
    wanted = text.strip()
    if not wanted:
        return []
    start = wanted.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    for way in _WAYS:
        named = {"start": start} if ":start" in way else {"text": wanted}
        sql = f"{_HITS} {way} order by m.recorded_at limit :most"
        if found := fetch(conn, Hit, sql, most=most, **named):
            return found
    return []


def is_case(conn: Connection, text: str) -> bool:
    """Whether this is a case's own reference."""
    return bool(rows(conn, "select 1 from case_file where case_ref = :text", text=text.strip()))
