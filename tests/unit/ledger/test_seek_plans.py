"""A search reads a stretch and never the history, whatever is asked for, on both databases."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import clock
from hub.ledger.migrate import migrate_engine
from hub.ledger.read.failed import parcels_from
from hub.ledger.read.find import case_of, find
from hub.ledger.read.incidents import incidents_from
from hub.ledger.read.mark import Mark
from hub.ledger.read.seek import FEW, LONGEST, Wanted, stretches
from hub.ledger.write import run
from tests.kit.people import an_attendance
from tests.kit.postgres import database
from tests.kit.site import LEEDS, Bench, an_arrival
from tests.unit.ledger.test_backlog_plans import _partners, asked, touched
from tests.unit.ledger.test_plans import asked as statements
from tests.unit.ledger.test_plans import long_reads

__all__ = ["asked", "statements"]

MANY = 30_000
READ = 4 * LONGEST
"""Rows that one statement may touch: a stretch with what belongs to it, far from all of them."""

NAMED = "substr(md5(n::text), 1, 8) || '-a980-5225-85de-' || lpad(n::text, 12, '0')"
"""An id of the shape that ids have, in no order of its own."""
BEGINS = "41ae36ec"
"""How the id of the 417th begins."""
MESSAGES = """
insert into message select (m).* from (
  select jsonb_populate_record(m, jsonb_build_object(
    'message_id', NAMED, 'reference', 'R-' || n,
    'case_ref', NAMED, 'state', 'recorded',
    'recorded_at', m.recorded_at - n * interval '1 minute')) as m
  from message m, generate_series(1, :count) n) found
""".replace("NAMED", NAMED)
DELIVERIES = """
insert into delivery select (d).* from (
  select jsonb_populate_record(d, jsonb_build_object(
    'delivery_id', NAMED, 'message_id', NAMED,
    'state', 'delivered', 'reference', 'D-' || n)) as d
  from delivery d, generate_series(1, :count) n where d.partner = 'team') found
""".replace("NAMED", NAMED)
CASES_OF_THEM = """
insert into case_file select (f).* from (
  select jsonb_populate_record(f, jsonb_build_object('case_ref', NAMED)) as f
  from case_file f, generate_series(1, :count) n) found
""".replace("NAMED", NAMED)
PARCELS = """
insert into parcel select (p).* from (
  select jsonb_populate_record(null::parcel, jsonb_build_object(
    'parcel_id', NAMED, 'partner', 'team', 'transport', 'http', 'state', 'unreadable',
    'received_at', now(), 'reference', 'P-' || n, 'media_type', 'text/csv', 'size', 1,
    'digest', 'x', 'messages', jsonb_build_array(NAMED)::text)) as p
  from generate_series(1, :count) n) found
""".replace("NAMED", NAMED)
INCIDENTS = """
insert into incident select (i).* from (
  select jsonb_populate_record(null::incident, jsonb_build_object(
    'incident_id', NAMED, 'kind', 'conflict', 'subject', 'x', 'cause', 'x',
    'first_seen', now(), 'last_seen', now(), 'count', 1, 'closed_at', now())) as i
  from generate_series(1, :count) n) found
""".replace("NAMED", NAMED)
CASES: dict[str, Wanted] = {
    "everything": Wanted(),
    "one authority": Wanted(whole=[LEEDS]),
    "an agency's own": Wanted(whole=[], own=["team"]),
    "an agency that has none": Wanted(whole=[], own=["nobody"]),
    "a rare type": Wanted(types=["strategy.requested"]),
    "a partner that has none": Wanted(either=["nobody"]),
    "a receiver that has none": Wanted(receivers=["nobody"]),
    "a receiver of all": Wanted(receivers=["team"]),
    "all are so": Wanted(states=["delivered"]),
    "none is so": Wanted(states=["withheld", "given up"]),
    "by small indexes": Wanted(
        states=["late", "stopped", "waiting", "in conflict", "early", "uncertain", "queried"]
    ),
    "a reference": Wanted(references=["R-417"]),
    "a delivery's reference": Wanted(references=["D-417"]),
    "how a reference begins": Wanted(references=["R-4"]),
    "how none begins": Wanted(references=["XYZ"]),
    "how an id begins": Wanted(references=[BEGINS]),
    "how many ids begin": Wanted(references=["41ae"]),
    "how no id begins": Wanted(references=["0000000"]),
    "a day long ago": Wanted(
        begins=clock.now() - timedelta(days=11), ends=clock.now() - timedelta(days=10)
    ),
}


@pytest.fixture(scope="module")
def full(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with database(postgres_url) as url:
        bench = Bench(url, tmp_path_factory.mktemp("full"), _partners())
        bench.record(an_arrival("health.attendance", an_attendance(1)))
        with bench.engine.begin() as conn:
            run(conn, MESSAGES, count=MANY)
            run(conn, DELIVERIES, count=MANY)
            for more in (CASES_OF_THEM, PARCELS, INCIDENTS):
                run(conn, more, count=MANY)
            for table in ("message", "delivery", "case_file", "parcel", "incident"):
                run(conn, f"analyze {table}")
        yield bench
        bench.engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("case", CASES)
def test_no_statement_reads_more_than_a_stretch(
    full: Bench, asked: list[tuple[str, Any]], case: str
) -> None:
    with full.engine.connect() as conn:
        for number, one in enumerate(stretches(conn, CASES[case], None, clock.now(), 51)):
            assert len(one.found) <= 51
            if number == 5:
                break
    read = touched(full, list(asked))
    assert read
    assert {sql: n for sql, n in read.items() if n > READ} == {}


@pytest.mark.postgres
def test_a_beginning_is_found_by_its_index_alone(full: Bench, asked: list[tuple[str, Any]]) -> None:
    with full.engine.connect() as conn:
        assert len(find(conn, "R-")) == 200
        assert len(find(conn, "R-29999")) == 1
    assert max(touched(full, list(asked)).values()) <= FEW


@pytest.mark.postgres
def test_the_beginning_of_an_id_is_found_by_its_index_alone(
    full: Bench, asked: list[tuple[str, Any]]
) -> None:
    with full.engine.connect() as conn:
        [hit] = find(conn, BEGINS.upper())
        assert hit.reference == "R-417"
        assert case_of(conn, BEGINS) == hit.case_ref
        assert [one.reference for one in parcels_from(conn, BEGINS)] == ["P-417"]
        assert [one.reference for one in parcels_from(conn, "P-417", ["team"])] == ["P-417"]
        assert len(incidents_from(conn, BEGINS)) == 1
    read = touched(full, list(asked))
    assert max(read.values()) <= 2 * len(_partners()), read


@pytest.mark.postgres
def test_the_last_stretch_costs_as_much_as_the_first(
    full: Bench, asked: list[tuple[str, Any]]
) -> None:
    wanted = Wanted(types=["strategy.requested"])
    old = Mark(clock.now() - timedelta(minutes=MANY - 500), "x")
    with full.engine.connect() as conn:
        looked = [one.looked for one in stretches(conn, wanted, old, clock.now(), 51)]
    assert sum(looked) < 2000
    assert max(touched(full, list(asked)).values()) <= READ


@pytest.mark.parametrize("case", CASES)
def test_sqlite_reads_no_table_whole(tmp_path: Path, statements: dict[str, Any], case: str) -> None:
    bench = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, _partners())
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    statements.clear()
    with bench.engine.connect() as conn:
        # A stretch begins and ends at a place in the index of times.
        after = Mark(clock.now() + timedelta(days=1), "x")
        list(stretches(conn, CASES[case], after, clock.now(), 51))
    assert statements
    # What a small index holds alone may be gone through, as far as it is few.
    few = {sql: given for sql, given in statements.items() if sql.endswith("limit :few")}
    assert [
        read
        for read in long_reads(bench, few)
        if not re.search("USING INDEX (delivery_to_ring|delivery_stopped)", read)
    ] == []
    assert long_reads(bench, {sql: statements[sql] for sql in statements.keys() - few}) == []
    bench.engine.dispose()


@pytest.mark.postgres
def test_a_ledger_of_before_is_upgraded(postgres_database: str, tmp_path: Path) -> None:
    bench = Bench(postgres_database, tmp_path, _partners())
    sql = "select indexdef from pg_indexes where indexname = 'message_by_reference'"
    [now] = bench.all(sql)
    with bench.engine.begin() as conn:
        run(conn, "drop index message_by_reference")
        run(conn, "create index message_by_reference on message (reference, partner, stream)")
        run(conn, "update ledger_version set version_num = '0002'")
    migrate_engine(bench.engine)
    assert bench.all(sql) == [now]
    migrate_engine(bench.engine)
    bench.engine.dispose()
