"""A person is known by an e-mail address and a password that only Argon2 has seen, and holds roles somewhere."""

import secrets
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from pwdlib import PasswordHash
from sqlalchemy import Connection, Engine

from hub.clock import now
from hub.desk.access import Grant, Person, Role
from hub.desk.accounts.tables import GrantRow, PersonRow
from hub.ids import fresh
from hub.ledger.write import insert, rows, run

SHORTEST = 12
"""Characters of a password."""


class NotAdded(Exception):
    """Why somebody could not be added or changed, in words for who tried."""


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


def new_password() -> str:
    """A password to hand over once: four groups, easy to type from a sheet of paper."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def add_person(
    engine: Engine, *, name: str, email: str, grants: Iterable[Grant], password: str | None = None
) -> tuple[str, str]:
    """Adds a person; returns the id and the password (made here where none is given)."""
    chosen = password or new_password()
    address = email.strip().lower()
    held = list(grants)
    if not name.strip() or "@" not in address:
        raise NotAdded("give a name and an e-mail address")
    if not held:
        raise NotAdded(f"give at least one role: {', '.join(Role)}")
    hashed = hash_password(chosen)
    with engine.begin() as conn:
        if rows(conn, "select 1 from person where email = :email", email=address):
            raise NotAdded(f"there is somebody with {address} already")
        person_id = fresh()
        insert(
            conn,
            PersonRow,
            [
                {
                    "person_id": person_id,
                    "email": address,
                    "name": name.strip(),
                    "password": hashed,
                    "active": True,
                    "created_at": now(),
                }
            ],
        )
        give(conn, person_id, held)
    return person_id, chosen


def a_grant(role: str, authority: str = "*", agency: str = "", team: str = "") -> Grant:
    """A role and where it holds, as somebody wrote it; raises `NotAdded`."""
    if role not in set(Role):
        raise NotAdded(f"there is no role “{role}”: choose one of {', '.join(Role)}")
    grant = Grant(Role(role), authority.strip() or "*", agency.strip(), team.strip())
    if grant.role is Role.TEAM_WORKER and not grant.agency:
        raise NotAdded("a team worker belongs to an agency: name it")
    return grant


def hash_password(password: str) -> str:
    """Argon2id; refuses what is too short."""
    if len(password) < SHORTEST:
        raise NotAdded(f"a password has at least {SHORTEST} characters")
    return _hasher().hash(password)


def right(password: str, hashed: str | None) -> bool:
    """Whether the password is theirs; takes as long where nobody has the address."""
    if hashed is None:
        _hasher().verify(password, _nobodys())
        return False
    return _hasher().verify(password, hashed)


@cache
def _nobodys() -> str:
    return _hasher().hash(secrets.token_hex(16))


def give(conn: Connection, person_id: str, grants: Iterable[Grant]) -> None:
    """Sets the roles somebody holds from now on."""
    run(conn, "delete from person_role where person_id = :id", id=person_id)
    held = [
        {
            "person_id": person_id,
            "role": grant.role.value,
            "authority": grant.authority,
            "agency": grant.agency,
            "team": grant.team,
        }
        for grant in dict.fromkeys(grants)
    ]
    insert(conn, GrantRow, held)


def set_active(conn: Connection, person_id: str, active: bool) -> None:
    """Lets somebody in, or ends their sign-ins and lets them in no more."""
    run(conn, "update person set active = :on where person_id = :id", on=active, id=person_id)
    if not active:
        run(conn, "delete from desk_session where person_id = :id", id=person_id)


def set_password(conn: Connection, person_id: str, hashed: str) -> None:
    """A new password; every sign-in under the old one ends."""
    run(conn, "update person set password = :p where person_id = :id", p=hashed, id=person_id)
    run(conn, "delete from desk_session where person_id = :id", id=person_id)


def everybody(conn: Connection) -> list[tuple[Person, bool]]:
    """All people by name, and whether they may sign in."""
    held = _grants(conn)
    sql = "select person_id, name, email, active from person order by name, email"
    return [
        (Person(row.person_id, row.name, row.email, held[row.person_id]), bool(row.active))
        for row in rows(conn, sql)
    ]


def person(conn: Connection, person_id: str) -> Person | None:
    """Somebody who may sign in, with the roles held now."""
    sql = "select person_id, name, email from person where person_id = :id and active = :on"
    found = rows(conn, sql, id=person_id, on=True)
    if not found:
        return None
    row = found[0]
    return Person(row.person_id, row.name, row.email, _grants(conn, person_id)[person_id])


def _grants(conn: Connection, person_id: str | None = None) -> dict[str, tuple[Grant, ...]]:
    held: dict[str, tuple[Grant, ...]] = defaultdict(tuple)
    where, given = ("", {}) if person_id is None else (" where person_id = :id", {"id": person_id})
    sql = f"select person_id, role, authority, agency, team from person_role{where}"
    for row in rows(conn, sql + " order by role, authority, agency, team", **given):
        held[row.person_id] += (Grant(Role(row.role), row.authority, row.agency, row.team),)
    return held
