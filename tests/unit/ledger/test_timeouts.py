"""A core that stands still in a transaction gives its rows back before its place in Kafka goes to another."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

from hub.ledger import session
from hub.ledger.migrate import migrate_engine
from hub.ledger.session import AWAY, IDLE_IN_TRANSACTION_MS, check_timeouts, open_ledger
from hub.ledger.thread import Ledger
from hub.wrong import SetUpWrong


@pytest.fixture
def engine(postgres_database: str) -> Iterator[Engine]:
    made = open_ledger(postgres_database)
    yield made
    made.dispose()


def ignoring(url: str, server_says: str) -> Engine:
    """As through a pooler that passes no options on: the server's own setting holds."""
    engine = create_engine(url)
    name = engine.url.database
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        wanted = f"idle_in_transaction_session_timeout = '{server_says}'"
        conn.execute(text(f'alter database "{name}" set {wanted}'))
    engine.dispose()
    return create_engine(url)


def test_ours_fits_a_session_that_outlasts_it(engine: Engine) -> None:
    check_timeouts(engine, 30.0)
    with pytest.raises(SetUpWrong, match="HUB_KAFKA_SESSION_TIMEOUT"):
        check_timeouts(engine, IDLE_IN_TRANSACTION_MS / 1000)


@pytest.mark.parametrize(
    ("says", "fits"), [("0", False), ("1h", False), ("30s", False), ("5s", True)]
)
def test_what_holds_is_what_the_server_says(postgres_database: str, says: str, fits: bool) -> None:
    engine = ignoring(postgres_database, says)
    if fits:
        check_timeouts(engine, 30.0)
    else:
        with pytest.raises(SetUpWrong, match="idle_in_transaction_session_timeout"):
            check_timeouts(engine, 30.0)
    engine.dispose()


async def test_a_core_does_not_begin_where_it_does_not_fit(engine: Engine) -> None:
    ledger = Ledger(engine)
    with pytest.raises(SetUpWrong, match="HUB_KAFKA_SESSION_TIMEOUT"):
        await ledger.answers(3.0, asyncio.Event())
    ledger.close()


def test_what_stands_still_in_a_transaction_is_ended_for_its_successor(
    engine: Engine, postgres_database: str
) -> None:
    with engine.begin() as conn:
        conn.execute(text("create table place (n integer)"))
        conn.execute(text("insert into place values (0)"))
    successor = open_ledger(postgres_database)
    frozen = engine.connect()
    frozen.execute(text("update place set n = 1"))
    began = time.monotonic()
    with successor.begin() as conn:
        conn.execute(text("update place set n = n + 10"))
    assert time.monotonic() - began < IDLE_IN_TRANSACTION_MS / 1000 + 2
    with pytest.raises(AWAY):
        frozen.execute(text("select 1"))
    frozen.invalidate()
    frozen.close()
    with successor.connect() as conn:
        assert conn.execute(text("select n from place")).scalar_one() == 10
    successor.dispose()


def test_an_upgrade_that_thinks_is_not_ended_and_leaves_the_limit_as_it_was(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "IDLE_IN_TRANSACTION_MS", 100)
    upgrade = command.upgrade

    def slowly(config: Config, to: str) -> None:
        config.attributes["connection"].execute(text("select 1"))
        time.sleep(0.4)
        upgrade(config, to)

    monkeypatch.setattr(command, "upgrade", slowly)
    engine = open_ledger(postgres_database, pool=1)
    migrate_engine(engine)
    with engine.connect() as conn:
        assert conn.execute(text("select 1 from message limit 1")).all() == []
        told = conn.execute(text("show idle_in_transaction_session_timeout")).scalar_one()
    assert told == "100ms"
    engine.dispose()
