"""What core does all day and what a page asks reads no table from end to end, however much stands in it.

SQLite is asked for its plans: it keeps no figures of its own, so an empty ledger's are those of a
full one.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from hub.clock import now
from hub.core.custody import overdue
from hub.core.due import fall_due
from hub.core.incidents.stopped import blocked_lanes, stopped_deliveries
from hub.core.work import Work
from hub.ledger import write
from hub.ledger.read import (
    calls,
    chores,
    day,
    failed,
    find,
    handovers,
    incidents,
    journey,
    metrics,
    outbox,
    partners,
    stamp,
    waits,
)
from hub.ledger.read.mark import Mark
from hub.partners import Receives, Role
from tests.kit.deeds import act, settle, told
from tests.kit.people import (
    a_handover,
    a_response,
    a_strategy_record,
    a_strategy_request,
    an_attendance,
)
from tests.kit.site import Bench, a_partner, an_arrival

LARGE = re.compile(
    r"^SCAN (message|delivery|attempt|journey|move|audit|content|parcel|act|m|d|j|v)\b"
    r"(?! USING INDEX delivery_(blocks|offered|stopped)$)"
)
"""Whole, and not the few of a state that an index holds alone."""
OF_A_KIND = re.compile(r"^SEARCH j USING INDEX journey_waiting \(machine=\?\)$")
"""Every journey that there ever was of a machine."""
IN_A_STATE = re.compile(r"^SEARCH .*\(state=\?\)$")
"""All rows in a state: a page may list what waits for a person, core may not for each receipt."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Every statement that was run, and the values of its first time."""
    found: dict[str, Any] = {}
    do = write._do

    def noted(conn: Connection, sql: str, given: Any, many: bool = False) -> Any:
        found.setdefault(sql, given[0] if many and given else given)
        return do(conn, sql, given, many)

    monkeypatch.setattr(write, "_do", noted)
    yield found


def long_reads(bench: Bench, asked: dict[str, Any], *wrong_too: re.Pattern[str]) -> list[str]:
    """The statements whose plan reads a large table whole."""
    wrong = []
    with bench.engine.connect() as conn:
        cursor = conn.connection.cursor()
        for sql, given in asked.items():
            if not re.match(r"\s*(select|update|delete|with)\b", sql, re.I):
                continue
            plan = [row[3] for row in cursor.execute(f"explain query plan {sql}", given)]
            bad = [step for step in plan if any(p.match(step) for p in (LARGE, *wrong_too))]
            if bad:
                wrong.append(f"{' '.join(sql.split())[:300]} → {bad}")
    return wrong


def test_recording_handing_out_and_settling_read_no_table_whole(
    bench: Bench, asked: dict[str, Any]
) -> None:
    handed_over = an_arrival("edt.handover", a_handover(1), "edt")
    bench.record(an_arrival("health.attendance", an_attendance(1)), handed_over)
    for order in bench.orders():
        settle(bench, told(order))
    act(bench, "handover.answered", handed_over.message_id, response="accepted")
    assert len(asked) > 30
    assert long_reads(bench, dict(asked), IN_A_STATE) == []


def test_what_core_looks_for_every_few_seconds_reads_no_table_whole(
    bench: Bench, asked: dict[str, Any]
) -> None:
    for duty in (stopped_deliveries, blocked_lanes, overdue):
        bench.do(duty)
    assert len(asked) >= 3
    assert long_reads(bench, dict(asked), OF_A_KIND) == []


def test_what_belongs_to_a_case_is_found_by_the_case(bench: Bench, asked: dict[str, Any]) -> None:
    request = an_arrival("strategy.requested", a_strategy_request(1), "edt", "SR-000001")
    bench.record(request)
    bench.record(an_arrival("strategy.record", a_strategy_record(1), "edt", "SD-000001"))
    answers = request.message_id
    bench.record(an_arrival("handover.response", a_response(answers), "team", answers=answers))
    assert any("join move" in sql for sql in asked)
    assert long_reads(bench, dict(asked), OF_A_KIND, IN_A_STATE) == []


@pytest.mark.parametrize("deed", ["a day", "what falls due"])
def test_postgresql_reads_none_whole_although_they_are_empty(
    postgres_database: str, tmp_path: Path, deed: str
) -> None:
    bench = Bench(postgres_database, tmp_path)
    before = read_whole(bench)
    if deed == "a day":
        handed_over = an_arrival("edt.handover", a_handover(1), "edt")
        bench.record(an_arrival("health.attendance", an_attendance(1)), handed_over)
        for order in bench.orders():
            settle(bench, told(order))
        act(bench, "handover.answered", handed_over.message_id, response="accepted")
    else:
        bench.do(fall_due)
    assert read_whole(bench) == before


def test_what_ended_lately_is_found_by_its_time_alone(
    postgres_database: str, tmp_path: Path, asked: dict[str, Any]
) -> None:
    """Even where nothing else serves, PostgreSQL goes through no list of all that ever ended."""
    bench = Bench(postgres_database, tmp_path)
    asked.clear()
    with bench.engine.connect() as conn:
        handovers.ended_since(conn, now(), ["x"], ONE)
        [(sql, given)] = asked.items()
        cursor: Any = conn.connection.cursor()
        cursor.execute("drop index ix_journey_changed_at")
        cursor.execute(f"explain {sql}", given)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        conn.rollback()
    assert "on journey j" in plan
    assert "journey_waiting" not in plan
    bench.engine.dispose()


def read_whole(bench: Bench) -> dict[str, int]:
    """How often each large table was; a server counts what a connection did when it ends."""
    bench.engine.dispose()
    sql = "select relname, seq_scan from pg_stat_user_tables where relname in ({})"
    names = "message delivery attempt journey move audit content parcel act case_file case_token"
    found = bench.all(sql.format(",".join(f"'{name}'" for name in names.split())))
    bench.engine.dispose()
    return {row.relname: row.seq_scan for row in found}


def test_what_falls_due_reads_only_what_is_open(bench: Bench, asked: dict[str, Any]) -> None:
    bench.do(fall_due)
    assert long_reads(bench, asked) == []


WATCHED = r"^SCAN (alert|incident|a|i)\b(?! USING (COVERING )?INDEX (incident_open|alert_stands)$)"


def test_telling_of_incidents_reads_what_is_open_and_no_history(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    types = (Receives(type="incident.opened"), Receives(type="incident.recovered"))
    ops = a_partner("ops", Role.OPERATIONS, receives=types)
    bench = Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, [ops])
    start = now()

    def nine(work: Work) -> None:
        for n in range(9):
            work.incident("stuck", f"topic-{n}", "why")

    def over(work: Work) -> None:
        for n in range(9):
            work.recovered("stuck", f"topic-{n}", "over")

    bench.do(nine, start)
    asked.clear()
    bench.do(fall_due, start + timedelta(minutes=1))
    bench.do(over, start)
    bench.do(fall_due, start + timedelta(minutes=1))
    assert len([sql for sql in asked if " alert" in sql]) > 5
    assert long_reads(bench, dict(asked), re.compile(WATCHED)) == []
    bench.engine.dispose()


ONE = handovers.Whose("x", frozenset("x"), frozenset("x"), frozenset("x"))
NARROWED = waits.Narrowed(["x"], ["y"], ["z"])
PAGES: dict[str, Callable[[Connection], object]] = {
    "open handovers": handovers.open_handovers,
    "open handovers of a team": lambda conn: handovers.open_handovers(conn, ["x"], ONE),
    "what is late": lambda conn: waits.late(conn, now(), NARROWED, 10),
    "what is late, further on": lambda conn: waits.late(conn, now(), NARROWED, 10, (now(), "x")),
    "how much is late": lambda conn: waits.number_late(conn, now(), NARROWED),
    "what waits for whom": lambda conn: waits.waits(conn, now()),
    "what only a person moves on": lambda conn: chores.chores(conn, now() - timedelta(days=1)),
    "ended handovers": lambda conn: handovers.ended_since(conn, now()),
    "ended handovers of a team": lambda conn: handovers.ended_since(conn, now(), ["x"], ONE),
    "handovers of a message": lambda conn: handovers.handovers_of(conn, "x"),
    "receivers": lambda conn: handovers.receivers(conn, ["x"]),
    "who was rung": lambda conn: handovers.taken_at(conn, "x"),
    "failed deliveries": failed.failed_deliveries,
    "held messages": lambda conn: failed.held_messages(conn, now() - timedelta(days=1)),
    "unread parcels": failed.unread_parcels,
    "call sheets": calls.open_calls,
    "open incidents": incidents.open_incidents,
    "search": lambda conn: find.find(conn, "x"),
    "journey of a message": lambda conn: journey.message_way(conn, "x"),
    "journey of a case": lambda conn: journey.case_way(conn, "x"),
    "earlier of a case": lambda conn: journey.case_messages(conn, "x", Mark(now(), "x"), 50),
    "open of a case": lambda conn: journey.still_open(conn, "x", 50),
    "a day's account": lambda conn: day.days(conn, now() - timedelta(days=1)),
    "a day's account of an authority": lambda conn: day.days(conn, now(), ["x"]),
    "partners": lambda conn: partners.standings(conn, now(), ["team"]),
    "outbox": lambda conn: outbox.offered(conn, "team", "outbox", 50),
    "one of the outbox": lambda conn: outbox.is_free(conn, "x"),
    "live": stamp.stamp,
    "metrics": lambda conn: metrics.readings(conn, now(), ["team"]),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_reads_no_table_whole(bench: Bench, asked: dict[str, Any], page: str) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    asked.clear()
    with bench.engine.connect() as conn:
        PAGES[page](conn)
    assert asked
    assert long_reads(bench, asked) == []
