"""Whoever gets an answer is told what it answers by the name they know it under: their own, else ours."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.ledger.session import among, values
from hub.ledger.write import rows
from schemas.register import HUB


class Asker(NamedTuple):
    """Who sent a message, and under which reference of theirs."""

    partner: str
    reference: str


def asker(conn: Connection, message_id: str) -> Asker:
    """The partner that sent it; behind what the hub derived, the one that sent what it came from."""
    sql = "select partner, reference, stream from message where message_id = :id"
    [row] = rows(conn, sql, id=message_id)
    while row.partner == HUB and (cause := rows(conn, sql, id=row.stream)):
        [row] = cause
    return Asker(row.partner, row.reference)


def answered(conn: Connection, to: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """For answers and the partners they go to: what each answers, where the partner can know it."""
    if not to:
        return {}
    names = values(conn, dict.fromkeys(message for message, _ in to))
    sql = "select message_id, answers from message where answers is not null and "
    asked = {
        row.message_id: row.answers
        for row in rows(conn, sql + among(conn, "message_id"), among=names)
    }
    known = {
        (message, partner): _name(conn, asked[message], partner)
        for message, partner in to
        if message in asked
    }
    return {one: name for one, name in known.items() if name is not None}


def _name(conn: Connection, asked: str, partner: str) -> str | None:
    by = asker(conn, asked)
    if by.partner == partner:
        return by.reference
    ours = (
        "select reference from delivery where message_id = :id and partner = :p"
        " and transport <> 'call' order by created_at desc limit 1"
    )
    return next((str(row.reference) for row in rows(conn, ours, id=asked, p=partner)), None)
