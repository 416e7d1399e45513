"""A sign-in ends in time, guessing gets slower, and nobody learns whether an address is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from hub.desk.access import Grant, Role
from hub.desk.accounts import people
from hub.desk.accounts.open import open_people
from hub.desk.accounts.sessions import FREE, Limits, NotIn, SignedIn, lock, sign_in, sign_out, whose
from hub.ledger.write import rows

KEY = b"k" * 32
WORD = "correct-horse-battery"
LIMITS = Limits(8, 30)


@pytest.mark.parametrize(
    ("began", "seen", "seconds", "idle"),
    [(0, 0, 1800, True), (0, 600, 2400, True), (-8 * 3600 + 60, 0, 60, False), (0, -1900, 0, True)],
)
def test_what_ends_first_is_what_is_left(began: int, seen: int, seconds: int, idle: bool) -> None:
    found = LIMITS.left(began, seen, 0)
    assert (found.seconds, found.idle) == (seconds, idle)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = open_people(f"sqlite:///{tmp_path / 'people.db'}")
    people.add_person(
        found,
        name="J. Ahmed",
        email=" J.Ahmed@Example.org ",
        grants=[Grant(Role.DUTY_MANAGER, "383")],
        password=WORD,
    )
    yield found
    found.dispose()


def enter(engine: Engine, now: float, password: str = WORD) -> SignedIn | NotIn:
    return sign_in(engine, KEY, "j.ahmed@example.org", password, now)


def test_a_session_ends_after_its_hours_and_its_idle_minutes(engine: Engine) -> None:
    found = enter(engine, 0.0)
    assert isinstance(found, SignedIn)
    moment = 0.0
    while moment < 8 * 3600 - 60:
        moment += 25 * 60
        expected = moment < 8 * 3600
        assert (whose(engine, found.cookie, moment, LIMITS) is not None) is expected
    again = enter(engine, 0.0)
    assert isinstance(again, SignedIn)
    assert whose(engine, again.cookie, 29 * 60, LIMITS, used=False) is not None
    assert whose(engine, again.cookie, 31 * 60, LIMITS) is None
    assert whose(engine, again.cookie, 1.0, LIMITS) is None, "an ended session stays ended"


def test_the_cookie_itself_is_nowhere_in_the_database(engine: Engine) -> None:
    found = enter(engine, 0.0)
    assert isinstance(found, SignedIn)
    with engine.connect() as conn:
        kept = rows(conn, "select * from desk_session")[0]
        hashed = rows(conn, "select password from person")[0].password
    assert found.cookie not in str(kept)
    assert hashed.startswith("$argon2id$")


def test_signing_out_and_being_closed_end_a_session(engine: Engine) -> None:
    one, two = enter(engine, 0.0), enter(engine, 0.0)
    assert isinstance(one, SignedIn)
    assert isinstance(two, SignedIn)
    sign_out(engine, one.cookie)
    assert whose(engine, one.cookie, 1.0, LIMITS) is None
    with engine.begin() as conn:
        people.set_active(conn, two.person.person_id, False)
    assert whose(engine, two.cookie, 1.0, LIMITS) is None
    assert isinstance(enter(engine, 2.0), NotIn)


def test_guessing_locks_the_address_for_longer_each_time(engine: Engine) -> None:
    moment, waits = 0.0, []
    for _ in range(FREE + 3):
        found = enter(engine, moment, "wrong-password")
        assert isinstance(found, NotIn)
        waits.append(found.wait)
        moment += found.wait + 1
    assert waits[: FREE - 1] == [0.0] * (FREE - 1)
    assert waits[FREE - 1 :] == [30.0, 60.0, 120.0, 240.0]
    locked = enter(engine, moment - 2)
    assert isinstance(locked, NotIn), "the right password does not open a locked address"
    assert isinstance(enter(engine, moment), SignedIn)
    assert enter(engine, moment + 1, "wrong-password") == NotIn(0.0), "success forgets failures"


def test_an_unknown_address_is_answered_and_locked_like_a_known_one(engine: Engine) -> None:
    known = [enter(engine, 0.0, "wrong-password") for _ in range(FREE)]
    unknown = [sign_in(engine, KEY, "nobody@example.org", "wrong", 0.0) for _ in range(FREE)]
    assert known == unknown
    with engine.connect() as conn:
        marks = [row.token for row in rows(conn, "select token from sign_in_failure")]
    assert all("@" not in mark for mark in marks)


@given(st.integers(0, 200))
def test_a_lock_never_shrinks_and_never_lasts_for_ever(count: int) -> None:
    assert lock(count) <= lock(count + 1) <= 3600
    assert (lock(count) > 0) is (count >= FREE)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"email": "j.ahmed@example.org"}, "already"),
        ({"email": "nowhere"}, "e-mail address"),
        ({"grants": []}, "role"),
        ({"password": "short"}, "12 characters"),
    ],
)
def test_who_cannot_be_added_is_told_why(
    engine: Engine, changes: dict[str, object], why: str
) -> None:
    given: dict[str, object] = {
        "name": "B. Faraday",
        "email": "b@example.org",
        "grants": [Grant(Role.EDT)],
    }
    with pytest.raises(people.NotAdded, match=why):
        people.add_person(engine, **(given | changes))  # type: ignore[arg-type]


def test_a_made_password_lets_in(engine: Engine) -> None:
    _, made = people.add_person(
        engine, name="B. Faraday", email="b@example.org", grants=[Grant(Role.EDT)]
    )
    assert isinstance(sign_in(engine, KEY, "b@example.org", made, 0.0), SignedIn)


@pytest.mark.postgres
def test_people_live_on_postgresql_as_well(postgres_database: str) -> None:
    for _ in range(2):
        engine = open_people(postgres_database)
        engine.dispose()
    engine = open_people(postgres_database)
    people.add_person(
        engine, name="J. Ahmed", email="j@example.org", grants=[Grant(Role.EDT)], password=WORD
    )
    found = sign_in(engine, KEY, "j@example.org", WORD, 0.0)
    assert isinstance(found, SignedIn)
    assert whose(engine, found.cookie, 60.0, LIMITS) is not None
    engine.dispose()
