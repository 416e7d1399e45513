"""Anyone can check that no entry of a case was changed, cut out or cut off, also after its content is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.clock import now
from hub.ledger.audit import Broken, root, verify
from hub.ledger.content import Erased, open_content
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    """Three messages of one child and one of another."""
    made = Bench(ledger_url, tmp_path)
    for reference, child in (("1", 1), ("2", 1), ("3", 1), ("4", 2)):
        made.record(an_arrival("health.attendance", an_attendance(child), reference=reference))
    yield made
    made.engine.dispose()


def broken(bench: Bench, *cases: str) -> list[Broken]:
    with bench.engine.connect() as conn:
        return list(verify(conn, cases or None))


def change(bench: Bench, sql: str) -> None:
    with bench.engine.begin() as conn:
        conn.exec_driver_sql(sql)


def test_a_chain_that_nobody_touched_holds(bench: Bench) -> None:
    assert broken(bench) == []
    assert len(bench.all("select distinct case_ref from audit")) == 2


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (
            "update audit set entry = replace(entry, 'hospital', 'hospitol') where seq = 1",
            "changed",
        ),
        ("update audit set entry = replace(entry, ',', ', ') where seq = 2", "not canonical"),
        ("delete from audit where seq = 2", "missing"),
        ("delete from audit where seq = 6", "ends at 5"),
        ("delete from audit", "ends at 0"),
        ("update case_file set audit_head = 'x' where audit_seq = 6", "ends at 6"),
    ],
    ids=["changed", "respaced", "cut out", "cut off", "emptied", "head"],
)
def test_what_was_done_to_a_chain_is_found(bench: Bench, harm: str, why: str) -> None:
    change(bench, harm)
    found = broken(bench)
    assert any(why in place.why for place in found), found


def test_a_chain_made_anew_from_a_forged_entry_does_not_end_where_its_root_said(
    bench: Bench,
) -> None:
    with bench.engine.begin() as conn:
        kept = root(conn, "2026-11-24", now())
        again = root(conn, "2026-11-24", now())
    assert (kept.root, kept.chains) == (again.root, 2)
    change(bench, "update case_file set audit_head = 'forged' where audit_seq = 6")
    with bench.engine.begin() as conn:
        assert root(conn, "2026-11-25", now()).root != kept.root


def test_one_case_is_verified_alone(bench: Bench) -> None:
    [first, *_] = bench.all("select case_ref from case_file where audit_seq = 6")
    [other, *_] = bench.all("select case_ref from case_file where audit_seq = 2")
    change(bench, "delete from audit where seq = 3")
    assert broken(bench, other.case_ref) == []
    assert broken(bench, first.case_ref) != []


def test_erasing_the_key_erases_the_content_and_the_chain_still_holds(bench: Bench) -> None:
    [row, *_] = bench.all("select message_id, case_ref from message where reference = '1'")
    with bench.engine.connect() as conn:
        _, body = open_content(conn, bench.site.keys, row.message_id)
    assert body["reference"]
    change(bench, "update case_file set wrapped = null where audit_seq = 6")
    with bench.engine.connect() as conn, pytest.raises(Erased):
        open_content(conn, bench.site.keys, row.message_id)
    assert broken(bench) == []


def test_content_is_sealed_where_it_lies(bench: Bench) -> None:
    for row in bench.all("select sealed from content"):
        assert b"Weir Street" not in bytes(row.sealed)
