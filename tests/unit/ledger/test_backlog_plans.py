"""What is handed out next is found at once on PostgreSQL, however many deliveries wait in its lane."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from hub.core.due import fall_due
from hub.ledger import write
from hub.ledger.read import outbox
from hub.ledger.write import rows, run
from hub.partners import Partner, Receives, Role
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

WAITING = 3_000
WINDOW = 8
READ = 40 * WINDOW
"""Rows that one look may touch: the window, a few times over, and never the backlog."""

MORE = """
insert into delivery select (d).* from (
  select jsonb_populate_record(d, jsonb_build_object(
    'delivery_id', d.partner || n, 'reference', d.partner || n, 'lane_no', d.lane_no + n,
    'state', cast(:state as text), 'attempt', 0)) as d
  from delivery d, generate_series(1, :count) n where d.partner = :partner) found
"""


def _partners() -> list[Partner]:
    takes = (Receives(type="health.attendance"),)
    more: dict[str, Any] = {"receives": takes, "order": "partner", "window": WINDOW}
    return [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        a_partner("team", Role.ASSESSMENT_TEAM, **more),
        a_partner("collects", Role.ASSESSMENT_TEAM, "outbox", **more),
    ]


@pytest.fixture
def bench(postgres_database: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(postgres_database, tmp_path, _partners())
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    with bench.engine.begin() as conn:
        for partner, state in (("team", "waiting"), ("collects", "offered")):
            run(conn, MORE, count=WAITING, partner=partner, state=state)
        run(conn, "analyze delivery")
    yield bench
    bench.engine.dispose()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    do = write._do

    def noted(conn: Connection, sql: str, given: Any, many: bool = False) -> Any:
        if re.match(r"\s*(select|with)\b", sql):
            found.append((sql, given))
        return do(conn, sql, given, many)

    monkeypatch.setattr(write, "_do", noted)
    return found


def touched(bench: Bench, asked: list[tuple[str, Any]]) -> dict[str, int]:
    """Rows that each statement's plan reads, from PostgreSQL's own account of running it."""
    found = {}
    with bench.engine.connect() as conn:
        for sql, given in asked:
            plain = sql.replace(" for update", "").replace(" skip locked", "")
            cursor = conn.connection.cursor()
            cursor.execute(f"explain (analyze, format json) {plain}", given)
            [((plan,),)] = cursor.fetchall()
            found[plain] = _rows(plan["Plan"])
    return found


def _rows(node: dict[str, Any]) -> int:
    passed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Join Filter"))
    own = (node["Actual Rows"] + passed) * node["Actual Loops"]
    return int(own) + sum(_rows(child) for child in node.get("Plans", ()))


def worst(bench: Bench, asked: list[tuple[str, Any]]) -> list[tuple[int, str]]:
    """The statements that read more than they may."""
    assert asked
    return [(n, sql) for sql, n in touched(bench, list(asked)).items() if n > READ]


@pytest.mark.postgres
class TestABacklog:
    """Three thousand wait in one lane, for a partner that is sent to and for one that collects."""

    def test_is_not_read_for_what_goes_next(
        self, bench: Bench, asked: list[tuple[str, Any]]
    ) -> None:
        bench.do(lambda work: work.partners.add("team"))
        assert worst(bench, asked) == []

    def test_is_passed_over_once_where_the_first_was_tried_and_must_wait(
        self, bench: Bench, asked: list[tuple[str, Any]]
    ) -> None:
        with bench.engine.begin() as conn:
            sql = (
                "update delivery set state = 'waiting', attempt = 1, next_at = now() + '1 hour'"
                " where partner = 'team' and state = 'under_way' and lane_no = :no"
            )
            [(last,)] = rows(
                conn,
                "select max(lane_no) from delivery where partner = 'team' and state = 'under_way'",
            )
            run(conn, sql, no=last)
        bench.do(lambda work: work.partners.add("team"))
        # Behind it nothing may go: each is looked at, and never each with each.
        assert all(n < 4 * WAITING for n, _ in worst(bench, asked))

    def test_is_not_read_for_what_may_be_collected(
        self, bench: Bench, asked: list[tuple[str, Any]]
    ) -> None:
        with bench.engine.connect() as conn:
            outbox.offered(conn, "collects", "outbox", WINDOW)
        # What blocks its lanes may be looked for among all that waits, once; its own list never.
        assert all(n < 2 * WAITING and "limit 1" in sql for n, sql in worst(bench, asked))

    def test_is_not_read_for_what_falls_due_where_all_of_it_is_being_rung_about(
        self, bench: Bench, asked: list[tuple[str, Any]]
    ) -> None:
        with bench.engine.begin() as conn:
            run(conn, "update delivery set ring_at = null, patience_at = now() - interval '1 hour'")
        bench.do(fall_due)
        assert worst(bench, asked) == []
