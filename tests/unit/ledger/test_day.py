"""A day's account and each partner's traffic are what counting row by row comes to, whatever stands in the ledger."""

from datetime import datetime, timedelta

import pytest

from hub.clock import now
from hub.ledger.migrate import migrate
from hub.ledger.read.day import Day, day, days, together
from hub.ledger.read.partners import Figures, figures, standings
from hub.ledger.read.queues import Queue, queues
from hub.ledger.session import open_ledger
from tests.kit.histories import AUTHORITIES, PARTNERS, Chance, account, known, queued, waits, went


@pytest.mark.parametrize("seed", range(4))
def test_each_term_is_as_counted_row_by_row(ledger_url: str, seed: int) -> None:
    migrate(ledger_url)
    engine, moment = open_ledger(ledger_url), now()
    since = moment - timedelta(hours=24)
    chance = Chance(engine, moment, seed)
    known(engine)
    for _ in range(3):
        chance.comes(40)
        chance.changes(25)
        with engine.connect() as conn:
            assert day(conn, since) == account(conn, since)
            assert figures(conn, moment) == Figures(waits(conn, moment), went(conn, moment))
            told = {n: _some(q) for n, q in queues(conn, moment).items() if any(q.waited)}
            assert told == {name: one for name, one in queued(conn, moment).items() if any(one[0])}
            for one in AUTHORITIES:
                assert day(conn, since, [one]) == account(conn, since, (one,))
            assert day(conn, since, AUTHORITIES[:2]) == account(conn, since, AUTHORITIES[:2])
            assert together(days(conn, since).values()) == account(conn, since)
    engine.dispose()


def _some(one: Queue) -> tuple[list[int], list[datetime | None]]:
    return list(one.waited), list(one.oldest)


def test_of_nothing_is_an_account_that_balances(ledger_url: str) -> None:
    migrate(ledger_url)
    engine = open_ledger(ledger_url)
    with engine.connect() as conn:
        assert day(conn, now()) == Day()
        assert day(conn, now(), []) == Day()
        assert Day().balanced
    engine.dispose()


def test_a_standing_has_what_was_counted_before(ledger_url: str) -> None:
    migrate(ledger_url)
    engine, moment = open_ledger(ledger_url), now()
    chance = Chance(engine, moment, 1)
    chance.comes(20)
    known(engine)
    with engine.connect() as conn:
        counted = figures(conn, moment)
        before = standings(conn, moment, PARTNERS)
    chance.comes(20)
    with engine.connect() as conn:
        then = standings(conn, moment, PARTNERS, counted)
        assert then == before
        assert standings(conn, moment, PARTNERS) != then
    engine.dispose()
