"""A program acts for one person by a token that is told once, kept as a hash, and ended at any moment."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from hub.desk.access import Person
from hub.desk.accounts.people import NotAdded, person
from hub.desk.accounts.sessions import SEEN_EVERY
from hub.desk.accounts.tables import ApiTokenRow
from hub.ids import fresh
from hub.ledger.write import insert, rows, run

PREFIX = "fdh_"
"""So that a token is known for one where somebody finds it."""


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of somebody, without its secret; times in seconds of the system's clock."""

    token_id: str
    person_id: str
    label: str
    made: float
    used: float | None
    ended: float | None


def make_token(conn: Connection, person_id: str, label: str, now: float) -> str:
    """A new token for somebody who may sign in; what is returned is told once. Raises `NotAdded`."""
    called = label.strip()
    if not called:
        raise NotAdded("say what the token is for: it is shown beside it")
    if person(conn, person_id) is None:
        raise NotAdded("they may not sign in, so no program may act for them: let them in first")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = {
        "token_id": fresh(),
        "hash": _hash(secret),
        "person_id": person_id,
        "label": called[:120],
        "made": now,
        "used": None,
        "ended": None,
    }
    insert(conn, ApiTokenRow, [row])
    return secret


def end_token(conn: Connection, token_id: str, now: float) -> None:
    """It opens nothing any more."""
    sql = "update api_token set ended = :now where token_id = :id and ended is null"
    run(conn, sql, now=now, id=token_id)


def end_tokens(conn: Connection, person_id: str, now: float) -> None:
    """None of theirs opens anything any more."""
    sql = "update api_token set ended = :now where person_id = :id and ended is null"
    run(conn, sql, now=now, id=person_id)


def tokens(conn: Connection) -> dict[str, list[ApiToken]]:
    """Those that are not ended, by person, newest first."""
    sql = (
        "select token_id, person_id, label, made, used, ended from api_token"
        " where ended is null order by made desc"
    )
    found: dict[str, list[ApiToken]] = {}
    for row in rows(conn, sql):
        found.setdefault(row.person_id, []).append(ApiToken(*row))
    return found


def bearer(engine: Engine, shown: str, now: float) -> Person | None:
    """Whose token this is, with the roles held now; None where it opens nothing."""
    if not shown.startswith(PREFIX):
        return None
    mark = _hash(shown)
    sql = "select token_id, person_id, used from api_token where hash = :h and ended is null"
    with engine.connect().execution_options(reading=True) as conn:
        found = rows(conn, sql, h=mark)
        who = person(conn, found[0].person_id) if found else None
    if who is None:
        return None
    if found[0].used is None or now - found[0].used >= SEEN_EVERY:
        with engine.begin() as conn:
            noted = "update api_token set used = :now where token_id = :id"
            run(conn, noted, now=now, id=found[0].token_id)
    return who


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
