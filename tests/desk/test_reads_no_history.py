"""What a page asks of PostgreSQL touches what is open and what is of the day, however much is over."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from hub.clock import now
from hub.desk.app import make_desk
from hub.ledger import write
from hub.ledger.read import (
    calls,
    chores,
    day,
    failed,
    handovers,
    incidents,
    journey,
    partners,
    queues,
    redrives,
    stopped,
    waits,
)
from hub.ledger.write import rows, run
from hub.settings import Settings
from tests.kit.deeds import act, settle, told
from tests.kit.people import a_handover
from tests.kit.site import LEEDS, Bench, an_arrival

OVER = 6_000
OPEN = 300
"""Handovers that wait for others: only with many does PostgreSQL think of reading more than theirs."""
TOUCHED = 10 * OPEN
"""Rows that one statement may touch."""
_COPIES = {
    "message": ("t.message_id", "message_id reference case_ref", "recorded_at"),
    "delivery": (
        "t.message_id",
        "delivery_id message_id reference case_ref",
        "created_at changed_at",
    ),
    "journey": ("t.subject", "journey_id subject case_ref", "opened_at changed_at due_at"),
    "move": ("replace(t.journey_id, 'handover:', '')", "move_id journey_id message_id", "at"),
}
"""By table: the message that a row is of, its keys and its times."""


@pytest.fixture
def bench(postgres_database: str, tmp_path: Path) -> Iterator[Bench]:
    """Thousands of handovers to the team that are over for a month, and hundreds that wait for others."""
    bench = Bench(postgres_database, tmp_path)
    over, waits = (an_arrival("edt.handover", a_handover(n), "edt", str(n)) for n in (1, 2))
    bench.record(over)
    settle(bench, *[told(order) for order in bench.orders()])
    accepted: dict[str, Any] = {"answer": "accepted"}
    for deed, said in (("answered", accepted), ("completed", {"reason": "visited"})):
        assert act(bench, f"handover.{deed}", over.message_id, **said)[0] == "done"
    bench.record(waits)
    with bench.engine.begin() as conn:
        _copied(conn, over.message_id, OVER, timedelta(days=30))
        _copied(conn, waits.message_id, OPEN, timedelta())
        run(conn, "update journey set receiver = 'police' where state <> 'completed'")
        run(conn, "update delivery set partner = 'police' where state <> 'delivered'")
        run(conn, "analyze")
    yield bench
    bench.engine.dispose()


def _copied(conn: Connection, message_id: str, count: int, ago: timedelta) -> None:
    """All that stands of a message, so many times, under keys of its own."""
    for table, (of, keys, times) in _COPIES.items():
        other = [f"'{name}', t.{name} || '-' || n" for name in keys.split()]
        other += [f"'{name}', t.{name} - cast(:ago as interval)" for name in times.split()]
        sql = (
            f"insert into {table} select (r).* from (select jsonb_populate_record(t,"
            f" jsonb_build_object({', '.join(other)})) as r"
            f" from {table} t, generate_series(1, :count) n where {of} = :id) found"
        )
        run(conn, sql, count=count, id=message_id, ago=ago)


@pytest.fixture
def ledger(bench: Bench, tmp_path: Path, postgres_database: str) -> Iterator[Engine]:
    """As the desk has it."""
    (tmp_path / "partners").mkdir()
    settings = Settings(
        data=tmp_path, partners_dir=tmp_path / "partners", database_url=SecretStr(postgres_database)
    )
    road: Any = SimpleNamespace(up=True)
    desk = make_desk(settings, road)
    yield desk.ledger
    desk.ledger.dispose()
    desk.people.dispose()


TEAM = handovers.Whose("Aisling Example", frozenset(["team"]), frozenset(["team"]), frozenset("x"))
NARROWED = waits.Narrowed([LEEDS], ["y"])
PAGES: dict[str, Callable[[Connection], object]] = {
    "open handovers": handovers.open_handovers,
    "open handovers of a team": lambda conn: handovers.open_handovers(conn, [LEEDS], TEAM),
    "what is late": lambda conn: waits.late(conn, now(), NARROWED, 10),
    "what is late, further on": lambda conn: waits.late(conn, now(), NARROWED, 10, (now(), "x")),
    "how much is late": lambda conn: waits.number_late(conn, now(), NARROWED),
    "what waits for whom": lambda conn: waits.waits(conn, now()),
    "what only a person moves on": lambda conn: chores.chores(conn, now() - timedelta(days=1)),
    "ended handovers of a team": lambda conn: handovers.ended_since(
        conn, now() - timedelta(days=1), [LEEDS], TEAM
    ),
    "failed deliveries": failed.failed_deliveries,
    "causes of what stopped": stopped.causes,
    "what stopped, counted": stopped.stopped,
    "what stopped for a cause": lambda conn: stopped.of_cause(
        conn, "team", "refused", ["no such ward"], most=100
    ),
    "tried again in bulk": lambda conn: redrives.latest(conn, now() - timedelta(days=1)),
    "held messages": lambda conn: failed.held_messages(conn, now() - timedelta(days=1)),
    "unread parcels": failed.unread_parcels,
    "call sheets": calls.open_calls,
    "open incidents": incidents.open_incidents,
    "queues of the day": lambda conn: queues.queues(conn, now()),
    "partners": lambda conn: partners.standings(conn, now(), ["team"]),
    "a day's account": lambda conn: day.days(conn, now() - timedelta(days=1)),
    "journey of a message": lambda conn: journey.message_way(conn, _newest(conn)),
}


def _newest(conn: Connection) -> str:
    found = rows(conn, "select message_id from message order by recorded_at desc limit 1")
    return str(found[0].message_id)


@pytest.mark.postgres
def test_no_page_touches_history(ledger: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []
    do = write._do

    def noted(conn: Connection, sql: str, given: Any, many: bool = False) -> Any:
        if re.match(r"\s*(select|with)\b", sql):
            asked.append((sql, given))
        return do(conn, sql, given, many)

    monkeypatch.setattr(write, "_do", noted)
    wrong = []
    for page, ask in PAGES.items():
        asked.clear()
        with ledger.connect() as conn:
            ask(conn)
            assert asked, page
            for sql, given in [*asked]:
                if (touched := _touched(conn, sql, given)) > TOUCHED:
                    wrong.append((page, touched, " ".join(sql.split())))
    assert wrong == []


def _touched(conn: Connection, sql: str, given: Any) -> int:
    """Rows that a statement's plan reads, from PostgreSQL's own account of running it."""
    cursor: Any = conn.connection.cursor()
    cursor.execute(f"explain (analyze, format json) {sql}", given)
    [((plan,),)] = cursor.fetchall()
    return _rows(plan["Plan"])


def _rows(node: dict[str, Any]) -> int:
    passed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Join Filter"))
    own = (node["Actual Rows"] + passed) * node["Actual Loops"]
    return int(own) + sum(_rows(child) for child in node.get("Plans", ()))
