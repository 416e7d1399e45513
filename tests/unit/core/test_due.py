"""What falls due by itself is done once, and the fault of one duty keeps no other from being done."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from hub.core import due
from hub.core.due import fall_due
from tests.kit.deeds import incidents
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival

LONDON = ZoneInfo("Europe/London")
EVENING = datetime(2026, 11, 23, 23, 59, tzinfo=LONDON)


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(ledger_url, tmp_path)
    yield made
    made.engine.dispose()


def test_the_days_root_is_made_once_after_midnight_and_leaves_the_hub(bench: Bench) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)), at=EVENING)
    with capture_logs() as before:
        bench.do(fall_due, EVENING)
    assert [line["at"] for line in before if line["event"] == "audit root"] == ["2026-11-22"]
    with capture_logs() as after:
        for minutes in (2, 3, 600):
            bench.do(fall_due, EVENING + timedelta(minutes=minutes))
    [told] = [line for line in after if line["event"] == "audit root"]
    [_, kept] = bench.all("select day, chains, root from root order by day")
    assert (told["at"], told["count"], told["digest"]) == ("2026-11-23", 1, kept.root)


def test_a_duty_that_fails_is_one_incident_until_it_is_done_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)), at=EVENING)

    def broken(*_: object) -> None:
        raise ValueError("of ours")

    with monkeypatch.context() as patched:
        patched.setattr(due, "root", broken)
        for _ in range(2):
            bench.do(fall_due, EVENING)
        assert incidents(bench) == {"due_failed": 2}
        assert bench.all("select 1 from root") == []
    bench.do(fall_due, EVENING)
    assert incidents(bench) == {}
    assert len(bench.all("select 1 from root")) == 1
