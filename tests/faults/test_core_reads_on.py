"""Whatever is taken from under core (its ledger, its place, its copy), nothing is lost and nothing is had twice."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import OperationalError

from hub.clock import now
from hub.core.app import Core
from hub.core.work import Work
from hub.ledger.audit import verify
from hub.ledger.backup import backup, restore
from hub.partners import Directory
from hub.topics import flow, recording
from tests.flow.core_kit import Road, attendances
from tests.flow.reader_kit import shelf
from tests.kit.deeds import told
from tests.kit.kafka import fresh
from tests.kit.site import the_partners
from tests.kit.waiting import eventually


@pytest.fixture(autouse=True)
def _partners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))


def recorded(road: Road, count: int) -> bool:
    return road.count("message") == count


async def test_a_transaction_that_fails_loses_nothing(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failure the road is read again from where the ledger is, not from where we were."""
    road = Road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    failures = iter([True, False, True, True])
    real = Core._messages

    def failing(
        core: Core, conn: Connection, records: Sequence[ConsumerRecord], hopeful: bool
    ) -> Work:
        done = real(core, conn, records, hopeful)
        if next(failures, False):
            raise OperationalError("commit", None, sqlite3.OperationalError("disk I/O error"))
        return done

    monkeypatch.setattr("hub.core.app.Core._messages", failing)
    async with road.core():
        for batch in range(4):
            await road.say(*attendances(range(batch * 5, batch * 5 + 5)))
            await eventually(partial(recorded, road, batch * 5 + 5))
        await eventually(lambda: road.count("parcel") == 20)
    assert next(failures, None) is None
    assert road.count("delivery") == 20
    assert road.count("repeat") == 0
    road.engine.dispose()


async def test_a_backup_that_is_put_back_reads_its_gap_again(
    empty_kafka: str, tmp_path: Path, ledger_url: str
) -> None:
    """Nothing is sent again whose receipt is on the road, and the fork is on record."""
    road = Road(empty_kafka, tmp_path, ledger_url)
    async with road.core():
        await road.say(*attendances([1]))
        await eventually(lambda: recorded(road, 1))
        await asyncio.to_thread(backup, road.settings(), tmp_path / "copy", now())
        await road.say(*attendances(range(2, 8)))
        await eventually(lambda: recorded(road, 7))
        orders = await eventually(lambda: _orders(road, 7))
        await road.receive(*(told(order) for order in orders))
        await eventually(lambda: _delivered(road) == 7)
        await road.report(7)
        await eventually(lambda: road.count("heartbeat") == 2)
        # Kafka's own offsets, by which an older copy is known, are told once a second.
        await asyncio.sleep(1.2)
        await road.say(*attendances([8]))
        await eventually(lambda: recorded(road, 8))
    road.engine.dispose()
    _lost(ledger_url)
    restore(road.settings(), tmp_path / "copy")
    assert recorded(road, 1)
    async with road.core():
        await eventually(lambda: recorded(road, 8), 20)
        await eventually(lambda: _delivered(road) == 7)
        await eventually(lambda: _holding_nothing(road))
    sent = [order["delivery_id"] for order in await road.orders()]
    delivered = {row.delivery_id for row in road.all(_DELIVERED)}
    assert all(sent.count(one) == 1 for one in delivered), "sent again although it was taken"
    assert road.all("select 1 from incident where kind = 'unknown_receipt'") == []
    with road.engine.connect() as conn:
        assert list(verify(conn)) == []
    entries = [row.entry for row in road.all("select entry from audit where case_ref = 'hub'")]
    assert any('"did":"restored"' in entry and '"root":"' in entry for entry in entries)
    assert road.balance().balanced
    road.engine.dispose()


@pytest.mark.parametrize("whose", ["the id of another one", ""])
async def test_what_another_kafka_was_told_says_nothing_of_this_ledger(
    empty_kafka: str, tmp_path: Path, whose: str
) -> None:
    """A position beyond the ledger's, told to a Kafka that was lost or set by hand: no older copy."""
    road = Road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    await road.say(*attendances(range(1, 8)))
    # Groups that no other test's core is still a member of.
    prefix = fresh("other-")
    group = prefix + recording("flows")
    spot = TopicPartition(flow("health"), 0)
    async with AIOKafkaConsumer(
        bootstrap_servers=empty_kafka, group_id=group, enable_auto_commit=False
    ) as other:
        other.assign([spot])
        await other.commit({spot: (2, whose)})
    async with road.core(kafka_prefix=prefix):
        await eventually(lambda: recorded(road, 7), 20)
    assert road.all("select 1 from incident where kind = 'restored'") == []
    road.engine.dispose()


def _lost(url: str) -> None:
    """The disk of the ledger is gone."""
    where = make_url(url)
    if where.get_backend_name() == "sqlite":
        file = Path(str(where.database))
        for left in file.parent.glob(f"{file.name}*"):
            left.unlink()
        return
    plain = where.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute("drop schema public cascade")
        admin.execute("create schema public")


_DELIVERED = "select delivery_id from delivery where state = 'delivered'"


def _delivered(road: Road) -> int:
    return len(road.all(_DELIVERED))


def _holding_nothing(road: Road) -> bool:
    return road.all("select 1 from delivery where state = 'waiting'") == []


async def _orders(road: Road, least: int) -> list[dict[str, object]]:
    found = await road.orders()
    return found if len(found) >= least else []


async def test_two_cores_share_the_road_and_one_that_dies_is_followed(
    empty_kafka: str, tmp_path: Path, postgres_database: str
) -> None:
    road = Road(empty_kafka, tmp_path, postgres_database)
    async with road.core("1"):
        async with road.core("2"):
            for batch in range(4):
                await road.say(*attendances(range(batch * 10, batch * 10 + 10)))
            await eventually(lambda: recorded(road, 40), 20)
        await road.say(*attendances(range(40, 50)))
        await eventually(lambda: recorded(road, 50), 25)
    assert road.count("delivery") == 50
    assert road.count("repeat") == 0
    assert road.balance().balanced
    with road.engine.connect() as conn:
        assert list(verify(conn)) == []
    road.engine.dispose()


async def test_a_displaced_core_cannot_record(empty_kafka: str, tmp_path: Path) -> None:
    """Somebody else moved the ledger on: the batch in hand fails and is read again."""
    road = Road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    async with road.core():
        await road.say(*attendances([1]))
        await eventually(lambda: recorded(road, 1))
        with road.engine.begin() as conn:
            conn.exec_driver_sql("update \"offset\" set next = 0 where topic = 'flows.health'")
        await road.say(*attendances([2]))
        await eventually(lambda: recorded(road, 2))
    assert road.count("delivery") == 2
    road.engine.dispose()


async def test_a_ledger_that_is_away_is_waited_for(
    empty_kafka: str, tmp_path: Path, postgres_database: str
) -> None:
    """The road goes on taking in; core catches up when the database is back."""
    road = Road(empty_kafka, tmp_path, postgres_database)
    async with road.core():
        await road.say(*attendances([1]))
        await eventually(lambda: recorded(road, 1))
        with _away(postgres_database):
            await road.say(*attendances(range(2, 12)))
            await asyncio.sleep(2)
        await eventually(lambda: _counted(road) == 11, 20)
        await road.say(*attendances([12]))
        await eventually(lambda: recorded(road, 12))
    assert road.balance().balanced
    assert road.count("stuck") == 0
    road.engine.dispose()


def _counted(road: Road) -> int:
    try:
        return road.count("message")
    except Exception:
        return -1


@contextmanager
def _away(url: str) -> Iterator[None]:
    """The database takes nobody, and whoever was in it is thrown out."""
    where = make_url(url).set(drivername="postgresql")
    plain = where.set(database="postgres").render_as_string(hide_password=False)
    name = where.database
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'.encode())
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'.encode())


async def test_what_goes_wrong_is_done_anew_with_more_care(kafka: str, tmp_path: Path) -> None:
    """The first try takes no savepoints: nothing of it may be left when one of its effects fails."""
    async with shelf(kafka, tmp_path) as s, s.reading() as reader:
        record, tries = reader.record, []

        def fails_in_hope(conn: Any, records: Any, hopeful: bool) -> None:
            tries.append(hopeful)
            record(conn, records, hopeful)
            if hopeful:
                raise ValueError("one of them is wrong")

        reader.record = fails_in_hope
        await s.publish([b"1", b"2", b"3"])
        await eventually(lambda: len(s.effects()) == 3)
        assert s.effects() == ["1", "2", "3"]
        assert tries == [True, False] * (len(tries) // 2)
