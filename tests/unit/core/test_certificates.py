"""A certificate near its end is one incident, worse as the end comes, over when a newer one is in use everywhere."""

from datetime import UTC, datetime, timedelta

from hub.core.batch import _EFFECTS
from hub.core.reports import record_report
from tests.kit.site import Bench

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = "2027-11-20T12:00:00+00:00"


def report(bench: Bench, edge: str, day: float, **certificates: str) -> None:
    """What an edge says so many days after noon; `door=…` is the hub's."""
    told = {f"hub|{use}": ends for use, ends in certificates.items()}
    meta = {
        "edge": edge,
        "epoch": "e",
        "directory": "d",
        "partners": {},
        "tallies": {},
        "certificates": told,
    }
    bench.do(lambda work: record_report(work, meta), NOON + timedelta(days=day))


def ends(days: float) -> str:
    return (NOON + timedelta(days=days)).isoformat()


def wrong(bench: Bench) -> list[tuple[str, str, int, bool]]:
    sql = "select subject, cause, count, open_key, kind from incident order by first_seen, subject"
    found = bench.all(sql)
    assert {one.kind for one in found} <= {"certificate"}
    return [(one.subject, one.cause, one.count, one.open_key is not None) for one in found]


def test_it_is_told_once_at_each_stage_and_closed_by_a_newer_one(bench: Bench) -> None:
    until = ends(30)
    report(bench, "1", 8.9, door=until)
    assert wrong(bench) == []
    for day in (9.1, 9.2, 20):
        report(bench, "1", day, door=until)
        ((subject, cause, count, is_open),) = wrong(bench)
        assert (subject, count, is_open) == ("hub|door", 1, True)
        assert cause.startswith("it ends on 20 December 2026, 12:00")
    report(bench, "1", 27.1, door=until)
    ((_, cause, count, _),) = wrong(bench)
    assert cause.startswith("urgent: ") and count == 2
    report(bench, "1", 30, door=until)
    ((_, cause, count, _),) = wrong(bench)
    assert cause.startswith("it ended on 20 December 2026") and count == 3
    report(bench, "1", 30.1, door=LATER)
    ((_, _, _, is_open),) = wrong(bench)
    assert not is_open


def test_it_is_over_only_when_every_living_edge_uses_the_newer_one(bench: Bench) -> None:
    second = 1 / 86400
    report(bench, "1", 0, door=ends(5))
    report(bench, "2", second, door=LATER)
    report(bench, "1", 2 * second, door=ends(5))
    report(bench, "2", 3 * second, door=LATER)
    assert [(subject, is_open) for subject, _, _, is_open in wrong(bench)] == [("hub|door", True)]
    report(bench, "1", 4 * second, door=LATER)
    assert [is_open for *_, is_open in wrong(bench)] == [False]
    # An edge that is gone has no say.
    report(bench, "3", 10 * second, door=ends(5))
    report(bench, "1", 300 * second, door=LATER)
    assert [is_open for *_, is_open in wrong(bench)] == [False, False]


def test_what_is_told_of_no_more_stays_as_it_is(bench: Bench) -> None:
    report(bench, "1", 0, door=ends(5))
    report(bench, "1", 0.1)
    assert [is_open for *_, is_open in wrong(bench)] == [True]


def test_an_edge_of_before_tells_of_none(bench: Bench) -> None:
    meta = {"edge": "1", "epoch": "e", "directory": "d", "partners": {}, "tallies": {}}
    bench.do(lambda work: record_report(work, meta))
    assert wrong(bench) == []


def test_a_desk_tells_of_its_own(bench: Bench) -> None:
    for until, is_open in ((ends(1), True), (LATER, False)):
        meta = {"certificates": {"hub|desk-1": until}}
        bench.do(lambda work: _EFFECTS["certificates"](work, meta), NOON)  # noqa: B023
        assert [(s, o) for s, _, _, o in wrong(bench)] == [("hub|desk-1", is_open)]
