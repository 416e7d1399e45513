"""Two edges under one name are one incident, however they take turns to report."""

from datetime import UTC, datetime, timedelta

from hub.core.reports import record_report
from tests.kit.site import Bench

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def report(bench: Bench, at: float, epoch: str, contended: bool) -> None:
    """What an edge says so many seconds after noon."""
    meta = {
        "edge": "1",
        "epoch": epoch,
        "directory": "d",
        "partners": {},
        "tallies": {},
        "contended": contended,
    }
    bench.do(lambda work: record_report(work, meta), NOON + timedelta(seconds=at))


def incidents(bench: Bench) -> list[tuple[str, bool]]:
    found = bench.all("select subject, open_key, kind from incident order by incident_id")
    assert {one.kind for one in found} <= {"two_of_one_name"}
    return [(one.subject, one.open_key is not None) for one in found]


def test_it_is_opened_once_and_closed_when_both_were_silent_of_it_for_a_minute(
    bench: Bench,
) -> None:
    report(bench, 0, "first", False)
    assert incidents(bench) == []
    for second in range(1, 10, 2):
        report(bench, second, "first", True)
        # The other one has not seen enough of it yet.
        report(bench, second + 1, "second", False)
        assert incidents(bench) == [("edge-1", True)]
    report(bench, 68, "first", False)
    assert incidents(bench) == [("edge-1", True)]
    report(bench, 70, "first", False)
    assert incidents(bench) == [("edge-1", False)]


def test_an_edge_of_before_says_nothing_of_it(bench: Bench) -> None:
    meta = {"edge": "1", "epoch": "e", "directory": "d", "partners": {}, "tallies": {}}
    bench.do(lambda work: record_report(work, meta))
    assert incidents(bench) == []
