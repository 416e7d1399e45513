"""Nothing received when something was due is one incident, and nobody's silence that was ours."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

import pytest

from hub.core.incidents import expected
from hub.core.incidents.expected import unheard
from hub.core.reports import heartbeat, record_report
from hub.core.start.horizon import NEVER
from hub.core.work import Work
from hub.ledger.write import at as moment
from hub.partners import Expects, Partner, Role
from tests.kit.lasting import MONDAY, after, cause, look, speaks, told_of
from tests.kit.site import Bench, a_partner

Make = Callable[[list[Partner]], Bench]


def reports(bench: Bench, at: datetime, owned: int = 0, not_ours: int = 0) -> None:
    """What an edge counts of the hospital, in one life."""
    counts = {"owned": owned, "not_ours": not_ours, "refused": 0, "unable": 0}
    meta = {
        "edge": "1",
        "epoch": "e",
        "directory": "d",
        "partners": {},
        "tallies": {"hospital": counts},
    }
    bench.do(lambda work: record_report(work, meta), at)


@pytest.fixture
def feed(a_bench: Make) -> Iterator[Bench]:
    """A hospital that sends something every two hours of the daytime service."""
    every = Expects(every=timedelta(hours=2), within="leeds-daytime")
    hospital = a_partner(
        "hospital", Role.HEALTH, sends=("health.attendance",), expects=every, filtered=True
    )
    bench = a_bench([hospital, a_partner("team", Role.ASSESSMENT_TEAM)])
    listen(bench, MONDAY)
    yield bench


def listen(bench: Bench, until: datetime, **upto: Any) -> None:
    """Core looks every half minute, and gives its own word after it."""
    last = bench.all("select at from heartbeat where instance = 'core-1'")
    now = (moment(last[0].at) if last else None) or until
    while True:
        now = min(now + timedelta(seconds=30), until)
        look(bench, unheard, now, **upto)
        speaks(bench, now, "core-1")
        if now == until:
            return


def test_nothing_received_when_something_was_due_is_one_incident_until_something_comes(
    feed: Bench,
) -> None:
    listen(feed, after(119))
    assert told_of(feed) == []
    listen(feed, after(130))
    assert told_of(feed) == [("nothing_received", "hospital", 1, None)]
    said = "nothing since Mon 23 Nov 09:30; something is due every 2 h within leeds-daytime"
    assert cause(feed, "nothing_received") == said
    reports(feed, after(131), not_ours=1)
    listen(feed, after(240))
    over = "something has come again, or is no longer expected"
    assert told_of(feed) == [("nothing_received", "hospital", 1, over)]


def test_what_edge_says_again_is_nothing_new(feed: Bench) -> None:
    reports(feed, after(1), owned=5)
    for minute in range(2, 140, 20):
        listen(feed, after(minute))
        reports(feed, after(minute), owned=5)
    assert [one.kind for one in told_of(feed)] == ["nothing_received"]


def test_silence_outside_its_hours_is_not_counted(feed: Bench) -> None:
    evening = MONDAY.replace(hour=16, minute=30)
    listen(feed, after(1))
    reports(feed, evening, owned=1)
    speaks(feed, evening, "core-1")
    listen(feed, MONDAY + timedelta(days=1, minutes=-31))
    assert told_of(feed) == [], "the service begins at nine"


def test_time_in_which_nobody_listened_is_nobodys_silence(feed: Bench) -> None:
    """Core stood still, or the civil clock was set: both are a gap in its own words."""
    listen(feed, after(60))
    listen_from = after(60 + 4 * 60)
    look(feed, unheard, listen_from)
    speaks(feed, listen_from, "core-1")
    listen(feed, listen_from + timedelta(minutes=50))
    assert told_of(feed) == [], "an hour before the gap, and 50 minutes after it"
    listen(feed, listen_from + timedelta(minutes=70))
    assert [one.kind for one in told_of(feed)] == ["nothing_received"]


def test_two_cores_count_a_gap_once(feed: Bench) -> None:
    listen(feed, after(60))
    speaks(feed, after(60), "core-2")
    for name in ("core-1", "core-2"):
        look(feed, unheard, after(180))
        speaks(feed, after(180), name)
    [row] = feed.all("select quiet_since from partner_state where partner = 'hospital'")
    assert str(row.quiet_since)[:16] == str(after(120))[:16]


def test_two_cores_that_notice_a_gap_at_once_count_it_once(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = Expects(every=timedelta(hours=2))
    hospital = a_partner("hospital", Role.HEALTH, sends=("health.attendance",), expects=every)
    bench = Bench(postgres_database, tmp_path, [hospital])
    listen(bench, after(30))
    listen(bench, after(60))
    began, over = Event(), Event()
    asked = expected._not_listened

    def slowly(work: Work) -> timedelta:
        if current_thread() is not second:
            return asked(work)
        began.set()
        gap = asked(work)
        over.wait(30)
        return gap

    def first(work: Work) -> None:
        unheard(work)
        second.start()
        began.wait(10)
        second.join(1.0)
        heartbeat(work, "core-1", "e", "d", {})

    second = Thread(target=lambda: look(bench, unheard, after(180)))
    monkeypatch.setattr(expected, "_not_listened", slowly)
    look(bench, first, after(180))
    over.set()
    second.join(30)
    [row] = bench.all("select quiet_since from partner_state where partner = 'hospital'")
    bench.engine.dispose()
    assert str(row.quiet_since)[:16] == str(after(150))[:16], "it was quiet for half an hour before"


def test_it_is_not_judged_before_everything_is_read(feed: Bench) -> None:
    listen(feed, after(200), clocks=after(100))
    assert told_of(feed) == []
    feed.do(lambda work: work.incident("nothing_received", "hospital", "of before"), after(100))
    look(feed, unheard, after(200), clocks=NEVER)
    assert [one.over for one in told_of(feed)] == [None], "a core that has just begun knows nothing"


def test_what_is_expected_is_told_in_words() -> None:
    assert Expects(every=timedelta(hours=24)).words == "every 24 h"
    assert Expects(every=timedelta(minutes=90)).words == "every 90 min"
