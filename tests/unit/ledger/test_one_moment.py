"""Whoever asks about the whole ledger sees one moment of it, however long the answer takes."""

import time
from pathlib import Path

import pytest

from hub.ledger.session import at_one_moment, open_ledger
from hub.ledger.write import rows
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival

COUNT = "select count(*) as n from message"


def test_what_comes_meanwhile_is_not_seen(ledger_url: str, tmp_path: Path) -> None:
    bench = Bench(ledger_url, tmp_path)
    with at_one_moment(bench.engine) as conn:
        assert rows(conn, COUNT)[0].n == 0
        bench.record(an_arrival("health.attendance", an_attendance(1)))
        assert rows(conn, COUNT)[0].n == 0
    with at_one_moment(bench.engine) as conn:
        assert rows(conn, COUNT)[0].n == 1
    bench.engine.dispose()


def test_who_thinks_between_two_statements_is_not_sent_away(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Bench(ledger_url, tmp_path).engine.dispose()
    monkeypatch.setattr("hub.ledger.session.IDLE_IN_TRANSACTION_MS", 50)
    engine = open_ledger(ledger_url)
    with at_one_moment(engine) as conn:
        rows(conn, COUNT)
        time.sleep(0.3)
        assert rows(conn, COUNT)[0].n == 0
    engine.dispose()
