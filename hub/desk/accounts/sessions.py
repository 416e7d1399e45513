"""A sign-in ends after its hours, or its idle minutes, and guessing gets slower with every failure.

Times are plain seconds of the system's clock: a shifted civil clock must not end or prolong one.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Engine

from hub.desk.access import Person
from hub.desk.accounts.people import person, right
from hub.desk.accounts.tables import FailureRow, SessionRow
from hub.ids import token
from hub.ledger.write import insert, rows, run

FREE = 5
"""Failures in a row before an address is locked."""
FIRST_LOCK = 30.0
LONGEST_LOCK = 3600.0
FORGET = 24 * 3600.0
SEEN_EVERY = 20.0
"""Seconds between notes that a session was used, so that reading pages seldom writes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a sign-in lasts, in seconds."""

    hours: float = 8.0
    idle_minutes: float = 30.0

    def over(self, began: float, seen: float, now: float) -> bool:
        """Whether it has ended."""
        return now >= began + self.hours * 3600 or now >= seen + self.idle_minutes * 60

    def left(self, began: float, seen: float, now: float) -> "Left":
        """How long until it ends."""
        hours, idle = began + self.hours * 3600 - now, seen + self.idle_minutes * 60 - now
        return Left(max(0.0, min(hours, idle)), idle <= hours)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a sign-in in seconds, and whether using it puts its end off."""

    seconds: float
    idle: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookie's secret, told once."""

    cookie: str
    person: Person


@dataclass(frozen=True, slots=True)
class NotIn:
    """Not signed in, and how long to wait where the address is locked. Never says which was wrong."""

    wait: float = 0.0


def lock(count: int) -> float:
    """Seconds that an address is locked after so many failures in a row; doubles each time. Pure."""
    if count < FREE:
        return 0.0
    return min(FIRST_LOCK * 2.0 ** min(count - FREE, 16), LONGEST_LOCK)


def sign_in(engine: Engine, key: bytes, email: str, password: str, now: float) -> SignedIn | NotIn:
    """Checks address and password; counts failures; a locked address is not even tried."""
    address = email.strip().lower()
    mark = token(key, "sign-in", address)
    with engine.begin() as conn:
        failed = rows(
            conn, "select count, last, until from sign_in_failure where token = :t", t=mark
        )
        if failed and failed[0].until > now:
            return NotIn(failed[0].until - now)
        sql = "select person_id, password from person where email = :e and active = :on"
        found = rows(conn, sql, e=address, on=True)
        # Counted before the slow check: many guesses at once must not slip past the lock.
        count = 1 + (failed[0].count if failed and now - failed[0].last < FORGET else 0)
        run(conn, "delete from sign_in_failure where token = :t", t=mark)
        until = now + lock(count)
        row = {"token": mark, "count": count, "last": now, "until": until}
        insert(conn, FailureRow, [row], new_only=True)
    if not right(password, found[0].password if found else None):
        return NotIn(max(0.0, until - now))
    cookie = secrets.token_urlsafe(32)
    with engine.begin() as conn:
        run(conn, "delete from sign_in_failure where token = :t", t=mark)
        who = person(conn, found[0].person_id)
        if who is None:
            return NotIn()
        session = {"session": _hash(cookie), "person_id": who.person_id, "began": now, "seen": now}
        insert(conn, SessionRow, [session])
    return SignedIn(cookie, who)


def whose(
    engine: Engine, cookie: str, now: float, limits: Limits, *, used: bool = True
) -> Person | None:
    """Who holds this cookie; None once the sign-in ended. `used`: a person acted, not a timer."""
    mark = _hash(cookie)
    with engine.connect().execution_options(reading=True) as conn:
        found = rows(
            conn, "select person_id, began, seen from desk_session where session = :s", s=mark
        )
        who = person(conn, found[0].person_id) if found else None
    if not found:
        return None
    if who is None or limits.over(found[0].began, found[0].seen, now):
        sign_out(engine, cookie)
        return None
    if used and now - found[0].seen >= SEEN_EVERY:
        with engine.begin() as conn:
            run(conn, "update desk_session set seen = :n where session = :s", n=now, s=mark)
    return who


def left(engine: Engine, cookie: str, now: float, limits: Limits) -> Left:
    """How long this sign-in goes on where nobody uses it."""
    with engine.connect().execution_options(reading=True) as conn:
        sql = "select began, seen from desk_session where session = :s"
        found = rows(conn, sql, s=_hash(cookie))
    return limits.left(found[0].began, found[0].seen, now) if found else Left(0.0, True)


def sign_out(engine: Engine, cookie: str) -> None:
    """Ends a sign-in."""
    with engine.begin() as conn:
        run(conn, "delete from desk_session where session = :s", s=_hash(cookie))


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
