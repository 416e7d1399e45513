"""What is loaded in bulk is what the road would have left, or nothing measured over it holds for a hub."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from hub.ledger.audit import verify
from hub.ledger.content import open_content
from hub.ledger.migrate import migrate
from hub.ledger.reconcile import reconcile
from hub.ledger.session import open_ledger
from hub.seal import Keyring
from tests.load.hub_under_load import hub, until
from tests.load.measure import Runs, Size, sink
from tests.load.scale.alike import described, unlike
from tests.load.scale.history import Part
from tests.load.scale.load import Council, load, schema
from tests.load.scale.mix import councils
from tests.load.scale.site import TOKEN, site

COUNT = 200


@contextmanager
def reading(url: str) -> Iterator[Connection]:
    engine = open_ledger(url)
    with engine.connect().execution_options(reading=True) as conn:
        yield conn
    engine.dispose()


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_table_and_column_is_as_the_road_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD_TOKEN", TOKEN)
    data, beside = tmp_path / "road", tmp_path / "loaded"
    pair = site(data)
    url = f"sqlite:///{data / 'ledger.db'}"
    with hub(data, None, pair=pair) as running, sink([one.outward for one in pair]) as arrivals:
        runs = Runs(running, arrivals, Size(), None)
        for link in pair:
            runs.begin(link)
            runs.flat_out(link, COUNT, 8)
        until(lambda: _all_delivered(url), 30, "receipts are missing")
    now = datetime.now(UTC).replace(tzinfo=None)
    hour = (now - timedelta(hours=1), now)
    parts = (Part("attended", COUNT // 2, *hour), Part("attended twice", COUNT // 2, *hour))
    beside.mkdir()
    site(beside)
    there = f"sqlite:///{beside / 'ledger.db'}"
    load(there, beside, [Council(one.name, one.authority, parts) for one in pair])
    with reading(url) as road, reading(there) as loaded:
        assert unlike(described(road), described(loaded)) == []


def _all_delivered(url: str) -> bool:
    with reading(url) as conn:
        sql = "select count(*) from delivery where state <> 'delivered'"
        return conn.exec_driver_sql(sql).scalar() == 0


def test_chains_hold_equations_balance_and_content_opens(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD_TOKEN", TOKEN)
    site(tmp_path)
    migrate(ledger_url)
    before = {} if ledger_url.startswith("sqlite") else schema(ledger_url)
    few = [_few(council) for council in councils(COUNT, waits=5)]
    load(ledger_url, tmp_path, few)
    keys = Keyring.load(tmp_path / "keys")
    with reading(ledger_url) as conn:
        assert list(verify(conn)) == []
        found = reconcile(conn)
        assert found.balanced
        assert found.deliveries.planned > 0.7 * COUNT
        for (message,) in conn.exec_driver_sql("select message_id from message").fetchall():
            envelope, body = open_content(conn, keys, message)
            assert envelope["message_id"] == message
            assert body
    if before:
        assert schema(ledger_url).keys() == before.keys()


def _few(council: Council) -> Council:
    parts = tuple(replace(part, messages=min(part.messages, COUNT // 10)) for part in council.parts)
    return replace(council, parts=parts)
