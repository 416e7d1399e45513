"""The ledger's read side says the same of the same evening on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from hub.clock import now
from hub.commands import status as screen
from hub.commands import trace as printed
from hub.ledger.read.calls import open_calls
from hub.ledger.read.chain import chain, total
from hub.ledger.read.failed import failed_deliveries, held_messages, unread_parcels
from hub.ledger.read.fetch import reading
from hub.ledger.read.find import find
from hub.ledger.read.handovers import ended_since, open_handovers, receivers
from hub.ledger.read.incidents import closed_incidents, open_incidents
from hub.ledger.read.outbox import offered
from hub.ledger.read.stamp import stamp
from hub.ledger.read.status import status
from hub.ledger.read.trace import Several, Trace, trace
from hub.partners import Directory
from tests.kit.seed import NORTH, POLICE, Evening, an_evening, partners
from tests.kit.site import LEEDS, Bench


@pytest.fixture
def evening(ledger_url: str, tmp_path: Path) -> Iterator[Evening]:
    """The evening, on each kind of database."""
    bench = Bench(ledger_url, tmp_path, partners())
    yield an_evening(bench, now())
    bench.engine.dispose()


def test_one_screen_and_every_journey(evening: Evening, capsys: pytest.CaptureFixture[str]) -> None:
    bench = evening.bench
    name = printed.names(Directory(partners()))
    with reading(bench.engine).connect() as conn:
        found = status(conn, evening.now, [one.partner for one in bench.site.directory])
        assert found.day.balanced
        # Two of them are answers that the hub passed on.
        assert (found.day.messages, found.stopped, found.unread) == (25, 1, 1)
        assert {one.reference for one in found.late} == {"EDT-0417", "EDT-0421"}
        police = found.partners[POLICE]
        assert police.state.down_since is not None
        assert (police.waiting.waiting, police.waiting.middle) == (2, 2)
        assert sum(found.partners["exemplar-hospital"].traffic.hours) == 12
        assert found.partners["exemplar-hospital"].traffic.received == 12
        assert [one.reference for one in open_calls(conn, [LEEDS])] == [
            "S-2231",
            "S-2232",
            "S-2233",
        ]
        assert open_calls(conn, ["999"]) == []
        assert len(failed_deliveries(conn)) == len(unread_parcels(conn)) == 1
        assert [one.reference for one in held_messages(conn, evening.at(600))] == ["CALL-000041"]
        assert {one.kind for one in open_incidents(conn)} >= {"partner_down", "overdue"}
        assert closed_incidents(conn, evening.at(600)) == []
        waiting = open_handovers(conn)
        assert waiting[0].reference == "EDT-0414"
        assert len(receivers(conn, [one.message_id for one in waiting])) <= len(waiting)
        assert ended_since(conn, evening.at(600)) == []
        assert len(offered(conn, NORTH, "outbox", 50)) == 5
        assert stamp(conn)
        assert total(conn)[1] > 40
        whole = trace(conn, "S-2231", name)
        assert isinstance(whole, Trace)
        assert whole.broken is None
        assert whole.entries == len(chain(conn, whole.case_ref))
        case = trace(conn, whole.case_ref, name)
        assert isinstance(case, Trace)
        assert isinstance(trace(conn, "CALL-000041", name), Several)
        assert trace(conn, "nothing", name) is None
        assert find(conn, "EDT_0417") == [], "what stands for anything elsewhere stands for itself"
    console = Console(soft_wrap=True, highlight=False)
    screen._print(console, "Leeds", found, name)
    printed._print(console, whole, name)
    said = capsys.readouterr().out
    assert "✓ balanced" in said
    assert "EDT-0417 edt.handover from Emergency Duty Team" in said
    assert "must be rung: Assessment team east still holds it" in said
    assert "Two accounts" not in said, "what stands in a message's body is content"


def test_what_does_not_add_up_is_said(evening: Evening) -> None:
    from hub.ledger.read.day import day
    from hub.ledger.write import run

    bench = evening.bench
    with bench.engine.begin() as conn:
        run(conn, "delete from delivery where state = 'needs_person'")
    with reading(bench.engine).connect() as conn:
        assert not day(conn, evening.at(1440)).balanced
