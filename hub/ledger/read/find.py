"""Whatever reference somebody has in hand leads to the message or the case it stands for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch
from hub.ledger.session import among, values
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
    "where {among}",
    "where m.reference like :start escape '!'",
)


def find(conn: Connection, text: str, most: int = 50) -> list[Hit]:
    """Messages by their id, case, reference (ours, the sender's, the receiver's), or its beginning."""
    wanted = text.strip()
    if not wanted:
        return []
    start = wanted.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    for way in _WAYS:
        named: dict[str, Any] = {"start": start} if ":start" in way else {"text": wanted}
        if "{among}" in way:
            named = {"among": values(conn, _in_parcel(conn, wanted))}
            way = way.format(among=among(conn, "m.message_id"))
        sql = f"{_HITS} {way} order by m.recorded_at limit :most"
        if found := fetch(conn, Hit, sql, most=most, **named):
            return found
    return []


def _in_parcel(conn: Connection, parcel_id: str) -> list[str]:
    """The messages that a parcel brought, each for the first time or again."""
    found = rows(conn, "select messages from parcel where parcel_id = :id", id=parcel_id)
    return [str(name) for row in found for name in orjson.loads(row.messages)]


def is_case(conn: Connection, text: str) -> bool:
    """Whether this is a case's own reference."""
    return bool(rows(conn, "select 1 from case_file where case_ref = :text", text=text.strip()))
