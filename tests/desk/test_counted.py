"""What a page says of a day equals the whole count, of this moment or of the one it names, and no page waits for it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from hub.clock import london, now
from hub.desk.counted import Counted, Counts
from hub.ledger.migrate import migrate
from hub.ledger.read.day import Day, days
from hub.ledger.read.fetch import reading
from hub.ledger.read.partners import Figures
from hub.ledger.session import open_ledger
from tests.kit.desk import Sitting, engine_that_is_away, text
from tests.kit.histories import AUTHORITIES, Chance, account, known, waits, went
from tests.kit.seed import POLICE

DAY = timedelta(hours=24)
SLOW = -1.0
"""A limit that no count keeps: each is held."""


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Engine]:
    migrate(ledger_url)
    engine = open_ledger(ledger_url)
    known(engine)
    yield engine
    engine.dispose()


def whole(engine: Engine, at: Counted) -> None:
    """The count is what counting row by row comes to, at its instant, in the ledger as it is."""
    with engine.connect() as conn:
        assert at.partners == Figures(waits(conn, at.at), went(conn, at.at))
        assert at.day(None) == account(conn, at.at - DAY)
        for one in AUTHORITIES:
            assert at.day([one]) == account(conn, at.at - DAY, (one,))


@pytest.mark.parametrize("seed", range(3))
def test_a_quick_count_is_of_this_moment(ledger: Engine, seed: int) -> None:
    counts, chance = Counts(reading(ledger), quick=60.0), Chance(ledger, now(), seed)
    for _ in range(3):
        chance.comes(20)
        chance.changes(15)
        moment = now()
        found = counts.latest(moment)
        assert found.at == moment
        whole(ledger, found)


@pytest.mark.parametrize("seed", range(3))
def test_a_held_count_is_of_the_moment_that_it_names(ledger: Engine, seed: int) -> None:
    counts, chance = Counts(reading(ledger), quick=SLOW), Chance(ledger, now(), seed)
    chance.comes(20)
    first = counts.latest(now())
    whole(ledger, first)
    for _ in range(3):
        chance.changes(15)
        assert counts.latest(now()) is first, "a page waited for a count"
        counts.again()
        held = counts.latest(now())
        assert held.at > first.at
        whole(ledger, held)
        first = held


def test_all_of_it_is_counted_at_one_moment(
    ledger: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, moment = Chance(ledger, now(), 5, hours=20), now()
    chance.comes(20)
    with ledger.connect() as conn:
        before = Figures(waits(conn, moment), went(conn, moment))

    def meanwhile(conn: Connection, since: datetime) -> dict[str, Day]:
        found = days(conn, since)
        chance.comes(5)
        chance.changes(10)
        return found

    monkeypatch.setattr("hub.desk.counted.days", meanwhile)
    assert Counts(reading(ledger)).latest(moment).partners == before


def test_what_is_held_is_shown_while_the_ledger_is_away(ledger: Engine) -> None:
    counts = Counts(reading(ledger), quick=SLOW)
    first = counts.latest(now())
    counts._ledger = engine_that_is_away()
    assert counts.latest(now()) is first
    with suppress(OperationalError):
        counts.again()
    assert counts.latest(now()) is first


def test_news_are_what_comes_to_something_else(ledger: Engine) -> None:
    counts, chance = Counts(reading(ledger), quick=SLOW), Chance(ledger, now(), 7, hours=20)
    chance.comes(20)
    counts.latest(now())
    counts.again()
    assert counts.news == 0, "the same again is no news, or pages would ask for ever"
    chance.comes(1)
    counts.again()
    assert counts.news == 1


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_who_asks_has_the_next_one_made_and_nobody_else(ledger: Engine) -> None:
    counts = Counts(reading(ledger), quick=SLOW)
    counts.start()
    until(lambda: counts._last is not None)
    first = counts.latest(now())
    Chance(ledger, now(), 3, hours=20).comes(5)
    until(lambda: counts.latest(now()) is not first)
    # What was asked for while it was counted is counted once more; then there is quiet.
    time.sleep(2.5)
    last = counts._last
    time.sleep(1.5)
    assert counts._last is last
    counts.stop()
    assert counts._thread is not None
    assert not counts._thread.is_alive()


def test_it_is_not_ended_by_a_ledger_that_does_not_answer(ledger: Engine) -> None:
    counts = Counts(engine_that_is_away(), quick=SLOW)
    counts.start()
    time.sleep(0.2)
    assert counts._last is None
    counts._ledger = reading(ledger)
    counts._asked.set()
    until(lambda: counts._last is not None)
    counts.stop()


@pytest.mark.parametrize("page", ["/", "/partners", f"/partners/{POLICE}"])
async def test_a_page_names_the_moment_of_a_held_count(sitting: Sitting, page: str) -> None:
    async with sitting.as_("manager") as client:
        assert "Last 24 h as of" not in text(await client.get("/"))
        sitting.desk.counts._quick = SLOW
        at = sitting.desk.counts.latest(now()).at
        shown = text(await client.get(page))
    assert f" as of {london(at):%H:%M:%S}" in shown


async def test_no_page_holds_a_connection_while_it_is_counted(sitting: Sitting) -> None:
    """Pages that each hold one and wait for another would wait for each other."""
    held: list[int] = []
    counts = sitting.desk.counts
    latest = counts.latest

    def asked(moment: object) -> Counted:
        held.append(sitting.desk.ledger.pool.checkedout())  # type: ignore[attr-defined]
        return latest(now())

    counts.latest = asked  # type: ignore[method-assign,assignment]
    async with sitting.as_("manager") as client:
        for page in ("/", "/partners", f"/partners/{POLICE}"):
            assert (await client.get(page)).status_code == 200
    assert held == [0, 0, 0]


async def test_an_open_page_hears_of_a_newer_count(sitting: Sitting) -> None:
    live, counts, heard = sitting.desk.live, sitting.desk.counts, list[float]()

    async def listen() -> None:
        async for _ in live.changes():
            heard.append(time.monotonic())

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.2)
    counts.news += 1
    await asyncio.sleep(0.2)
    await live.stop()
    await task
    assert len(heard) == 2
