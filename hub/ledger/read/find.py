"""Whatever reference somebody has in hand leads to the messages or the case it stands for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch
from hub.ledger.session import among, is_sqlite, values
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
    "m.message_id = :text",
    "m.case_ref = :text",
    "m.reference = :text",
    "m.message_id in (select message_id from delivery where delivery_id = :text)",
    "m.message_id in (select message_id from delivery where reference = :text)",
    "m.message_id in (select message_id from delivery where their_reference = :text)",
    "{among}",
    "{begins}",
)
_BEGINS = {
    True: "m.reference >= :text and m.reference < :end",
    False: "m.reference ~>=~ :text and m.reference ~<~ :end",
}
"""A beginning, byte by byte, as the index has references on SQLite and on PostgreSQL."""
_LAST = "\U0010ffff"


def find(conn: Connection, text: str, most: int = 200) -> list[Hit]:
    """Messages by their id, case, reference (ours, the sender's, the receiver's), or its beginning."""
    wanted = text.strip()
    if not wanted:
        return []
    # Most references are in capitals, and few people write them so.
    written = dict.fromkeys((wanted, wanted.upper()))
    return next((found for one in written if (found := _find(conn, one, most))), [])


def _find(conn: Connection, wanted: str, most: int) -> list[Hit]:
    for way in _WAYS:
        named: dict[str, Any] = {"text": wanted}
        if way == "{among}":
            named = {"among": values(conn, _in_parcel(conn, wanted))}
        if way == "{begins}":
            named["end"] = wanted + _LAST
        where = way.format(among=among(conn, "m.message_id"), begins=_BEGINS[is_sqlite(conn)])
        # What a case has is little; what begins with something may be a whole ledger.
        order = "" if way == "{begins}" else "order by m.recorded_at desc"
        sql = f"{_HITS} where {where} {order} limit :most"
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
