"""Whatever reference somebody has in hand leads to the messages or the case it stands for."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection

from hub.ledger.read.begins import ids_from
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
_EXACT = (
    "m.message_id = :text",
    "m.case_ref = :text",
    "m.reference = :text",
    "m.message_id in (select message_id from delivery where delivery_id = :text)",
    "m.message_id in (select message_id from delivery where reference = :text)",
    "m.message_id in (select message_id from delivery where their_reference = :text)",
)
_BEGINS = {
    True: "m.reference >= :text and m.reference < :end",
    False: "m.reference ~>=~ :text and m.reference ~<~ :end",
}
"""A beginning, byte by byte, as the index has references on SQLite and on PostgreSQL."""
_LAST = "\U0010ffff"
_IDS = (
    "select message_id from message where message_id between :low and :high limit :most",
    "select message_id from message where case_ref between :low and :high limit :most",
    "select message_id from delivery where delivery_id between :low and :high limit :most",
)


def find(conn: Connection, text: str, most: int = 200) -> list[Hit]:
    """Messages by their id, case, parcel, delivery, or a reference (ours, the sender's, the receiver's).

    Where nothing is called just so: what begins so, of ids and of senders' references.
    """
    wanted = text.strip()
    if not wanted:
        return []
    # Most references are in capitals, and few people write them so.
    written = dict.fromkeys((wanted, wanted.upper()))
    for one in written:
        if found := _exact(conn, one, most):
            return found
    begun = next((hits for one in written if (hits := _references(conn, one, most))), [])
    known = {hit.message_id for hit in begun}
    ids = [one for one in _ids(conn, wanted, most) if one not in known]
    return [*begun, *_those(conn, ids[: most - len(begun)])]


def _exact(conn: Connection, wanted: str, most: int) -> list[Hit]:
    for way in _EXACT:
        sql = f"{_HITS} where {way} order by m.recorded_at desc limit :most"
        if found := fetch(conn, Hit, sql, text=wanted, most=most):
            return found
    return []


def _references(conn: Connection, wanted: str, most: int) -> list[Hit]:
    # Not in order: what begins with something may be a whole ledger.
    sql = f"{_HITS} where {_BEGINS[is_sqlite(conn)]} limit :most"
    return fetch(conn, Hit, sql, text=wanted, end=wanted + _LAST, most=most)


def _ids(conn: Connection, wanted: str, most: int) -> list[str]:
    """The messages of what an id begins: of themselves, of their case, of a delivery, of a parcel."""
    within = ids_from(wanted)
    if within is None:
        return []
    found = [row.message_id for sql in _IDS for row in rows(conn, sql, most=most, **within)]
    sql = "select messages from parcel where parcel_id between :low and :high limit :most"
    for row in rows(conn, sql, most=most, **within):
        # Each that it brought, for the first time or again.
        found += map(str, orjson.loads(row.messages))
    return list(dict.fromkeys(found))


def _those(conn: Connection, ids: list[str]) -> list[Hit]:
    if not ids:
        return []
    sql = f"{_HITS} where {among(conn, 'm.message_id')} order by m.recorded_at desc"
    return fetch(conn, Hit, sql, among=values(conn, ids))


def case_of(conn: Connection, text: str) -> str | None:
    """The case whose reference this is; else the only one whose reference begins so."""
    within = ids_from(text) or {"low": text.strip(), "high": text.strip()}
    sql = "select case_ref from case_file where case_ref between :low and :high limit 2"
    found = [str(row.case_ref) for row in rows(conn, sql, **within)]
    return found[0] if len(found) == 1 else None
