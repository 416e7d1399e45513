"""A ledger of an earlier version is brought to this one, with all that stood in it."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, text

from hub.ledger.migrate import migrate_engine
from hub.ledger.tables import LEDGER
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival

SINCE = (
    ("incident", "claimed_by"),
    ("incident", "claimed_at"),
    ("partner_state", "quiet_since"),
    ("partner_state", "test_id"),
    ("partner_state", "tested_at"),
    ("partner_state", "tested_by"),
    ("partner_state", "found_at"),
    ("partner_state", "found"),
    ("partner_state", "reached"),
    ("message", "corrects"),
)
INDEXES = (
    "incident_open",
    "incident_over",
    "delivery_patience",
    "delivery_called",
    "delivery_stopped",
    "message_corrects",
)
TABLES = ("redrive_item", "redrive", "alert")
_OLD = "create index delivery_by_partner on delivery (partner, state, rank, lane_no)"


def as_when_the_road_ended(engine: Engine) -> None:
    """Without what has come since, and with an index that has changed."""
    with engine.begin() as conn:
        for table in LEDGER.sorted_tables:
            for index in table.indexes:
                index.drop(conn)
        conn.execute(text(_OLD))
        for name in ("ring_at", "listed_at"):
            conn.execute(text(f"alter table delivery drop column {name}"))
        for later in TABLES:
            conn.execute(text(f"drop table {later}"))
        for of, name in SINCE:
            conn.execute(text(f"alter table {of} drop column {name}"))
        conn.execute(text("update ledger_version set version_num = '0001'"))


def as_on_the_floor(engine: Engine) -> None:
    """Without what has come since the second version."""
    with engine.begin() as conn:
        for name in INDEXES:
            conn.execute(text(f"drop index {name}"))
        for later in TABLES:
            conn.execute(text(f"drop table {later}"))
        for table, name in SINCE:
            conn.execute(text(f"alter table {table} drop column {name}"))
        conn.execute(text("update ledger_version set version_num = '0002'"))


def shape(engine: Engine) -> dict[str, Any]:
    """Columns and indexes of every table, but for the order of the columns."""
    found = inspect(engine)
    stand = [table for table in LEDGER.sorted_tables if found.has_table(table.name)]
    return {
        table.name: (
            sorted(
                (c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table.name)
            ),
            sorted(
                (
                    i["name"],
                    i["column_names"],
                    sorted(map(str, i.get("dialect_options", {}).values())),
                )
                for i in found.get_indexes(table.name)
            ),
        )
        for table in stand
    }


def test_a_ledger_of_the_roads_end_becomes_one_of_today(ledger_url: str, tmp_path: Path) -> None:
    bench = Bench(ledger_url, tmp_path)
    for reference in ("1", "2"):
        bench.record(an_arrival("health.attendance", an_attendance(1), reference=reference))
    sql = "select delivery_id, lane_no, ring_at, listed_at from delivery order by delivery_id"
    today, before = shape(bench.engine), [tuple(row) for row in bench.all(sql)]
    assert len(before) == 2 and all(None not in row for row in before)
    as_when_the_road_ended(bench.engine)
    assert "alert" not in inspect(bench.engine).get_table_names()
    migrate_engine(bench.engine)
    assert shape(bench.engine) == today
    with bench.engine.begin() as conn:
        conn.execute(text("drop index delivery_called"))
        conn.execute(text("alter table partner_state drop column found"))
        conn.execute(text("update ledger_version set version_num = '0002'"))
    migrate_engine(bench.engine)
    assert shape(bench.engine) == today
    assert [tuple(row) for row in bench.all(sql)] == before
    migrate_engine(bench.engine)
    bench.record(an_arrival("health.attendance", an_attendance(1), reference="3"))
    assert len(bench.all(sql)) == 3
    bench.engine.dispose()


def test_a_ledger_of_the_second_version_becomes_one_of_today(
    ledger_url: str, tmp_path: Path
) -> None:
    bench = Bench(ledger_url, tmp_path)
    bench.do(lambda work: work.incident("disk", "core-1", "of before"))
    today = shape(bench.engine)
    as_on_the_floor(bench.engine)
    assert shape(bench.engine) != today
    migrate_engine(bench.engine)
    assert shape(bench.engine) == today
    [kept] = bench.all("select kind, claimed_by from incident")
    assert tuple(kept) == ("disk", None)
    bench.engine.dispose()
