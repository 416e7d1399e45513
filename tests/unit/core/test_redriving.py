"""What is tried again in bulk goes in pieces, each by an act of who asked, and ends where they say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.clock import now
from hub.core import redrive as working
from hub.core.acts import on_redrives
from hub.core.due import fall_due
from hub.core.redrive import redrive
from hub.core.work import Work
from hub.ids import fresh
from hub.ledger.audit import verify
from hub.ledger.read.redrives import Fates, Redrive, fates
from hub.ledger.read.redrives import redrive as read
from hub.ledger.read.stopped import causes
from hub.ledger.reconcile import reconcile
from hub.partners import Receives, Role
from tests.kit.deeds import act, settle, told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

WHY = "They mended their list of wards"
MANY = 7


@pytest.fixture
def stopped(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Seven attendances that the team's system refused, worked off three at a time."""
    monkeypatch.setattr(working, "PIECE", 3)
    takes = (Receives(type="health.attendance"),)
    made = Bench(
        ledger_url,
        tmp_path,
        [
            a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
            a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, order="none", window=2),
        ],
    )
    for number in range(MANY):
        stop(made, number)
    yield made
    made.engine.dispose()


def stop(bench: Bench, number: int, why: str = "no such ward") -> None:
    arrival = an_arrival("health.attendance", an_attendance(number), reference=f"A-{number}")
    bench.record(arrival)
    [order] = bench.orders()
    settle(bench, told(order, "refused", code="AR", detail=why))


def start(bench: Bench, **body: Any) -> tuple[str, tuple[str, str]]:
    """The redrive's id, and what the ledger answered."""
    name = fresh()
    known = {"partner": "team", "cause": "no such ward", "as_of": now().isoformat()}
    told_to = act(bench, "redrive.started", name, reason=WHY, **known | body)
    return name, told_to


def how_far(bench: Bench, name: str) -> Redrive:
    with bench.engine.connect() as conn:
        found = read(conn, name)
    assert found is not None
    return found


def counts(bench: Bench) -> dict[str, int]:
    sql = "select state, count(*) as n from delivery where transport <> 'call' group by state"
    return {row.state: int(row.n) for row in bench.all(sql)}


def test_all_go_again_in_pieces_and_never_more_than_the_window_is_out(stopped: Bench) -> None:
    name, answer = start(stopped, causes=["no such ward"])
    assert answer == ("done", "7 will be tried again, in the order of their lanes")
    assert counts(stopped) == {"needs_person": 7}, "nothing before its turn"
    seen = []
    for _ in range(3):
        stopped.do(redrive)
        one = how_far(stopped, name)
        seen.append((one.done, one.left, one.ended_at is not None))
        assert counts(stopped)["under_way"] == 2, "as much as the team's window lets out"
    assert seen == [(3, 4, False), (6, 1, False), (7, 0, True)]
    told_why = stopped.all("select reason from delivery where transport <> 'call'")
    assert {row.reason for row in told_why} == {WHY}
    each = stopped.all("select who, answer from act where type = 'delivery.retried'")
    assert len(each) == 7 and {row.who for row in each} == {"Aisling Example, team worker"}
    with stopped.engine.connect() as conn:
        assert reconcile(conn).balanced
        assert list(verify(conn)) == []


def test_a_core_that_dies_goes_on_where_it_was_and_nothing_goes_twice(stopped: Bench) -> None:
    name, _ = start(stopped)
    stopped.do(redrive)
    with pytest.raises(KeyboardInterrupt):
        stopped.do(_killed)
    for _ in range(4):
        stopped.do(redrive)
    assert (how_far(stopped, name).done, how_far(stopped, name).refused) == (7, 0)
    again = stopped.all("select subject from act where type = 'delivery.retried'")
    assert len(again) == len({row.subject for row in again}) == 7


def _killed(work: Work) -> None:
    redrive(work)
    raise KeyboardInterrupt


def test_it_stops_where_a_person_says_so_and_what_waits_stays_here(stopped: Bench) -> None:
    """Two are out by the team's window: these alone are not called back."""
    name, _ = start(stopped)
    stopped.do(redrive)
    assert counts(stopped) == {"needs_person": 4, "waiting": 1, "under_way": 2}
    said = act(stopped, "redrive.stopped", name, reason="The wrong ones")
    assert said == ("done", "stopped: 5 do not go out; what has gone out is not called back")
    for _ in range(3):
        stopped.do(redrive)
    one = how_far(stopped, name)
    assert (one.done, one.left, one.stopped_why) == (2, 5, "The wrong ones")
    assert one.ended_at is not None
    assert counts(stopped) == {"needs_person": 5, "under_way": 2}
    again = act(stopped, "redrive.stopped", name, reason="Once more")
    assert again == ("refused", "Aisling Example, team worker has stopped it already")


def test_a_stop_after_all_had_their_turn_takes_back_what_has_not_gone_out(stopped: Bench) -> None:
    """Every one is in the queue within seconds; the team takes two at a time for a long time."""
    name, _ = start(stopped)
    for _ in range(4):
        stopped.do(redrive)
    assert how_far(stopped, name).ended_at is not None
    first, second = stopped.orders()[-2:]
    settle(stopped, told(first), told(second, "refused", detail="no such ward"))
    with stopped.engine.connect() as conn:
        assert fates(conn, name) == Fates(delivered=1, failed=1, waiting=3, out=2)
    act(stopped, "redrive.stopped", name, reason="They take the wrong ones")
    for _ in range(2):
        stopped.do(redrive)
    assert counts(stopped) == {"needs_person": 4, "under_way": 2, "delivered": 1}
    sql = "select distinct reason from delivery where reason like 'stopped by%'"
    [why] = [row.reason for row in stopped.all(sql)]
    who = "Aisling Example, team worker"
    mended = "They take the wrong ones"
    assert why.startswith(f"stopped by {who} before it went out again: {mended}.")
    assert why.endswith(" It had stopped because: no such ward")
    with stopped.engine.connect() as conn:
        assert {one.kind for one in causes(conn)} == {"refused", "called_off"}
        assert reconcile(conn).balanced
        assert list(verify(conn)) == []
    stopped.do(fall_due)
    assert counts(stopped)["under_way"] == 2, "nothing of it goes out by itself"
    nothing = start(stopped, causes=[why])
    assert nothing[1] == ("done", "3 will be tried again, in the order of their lanes")


def test_what_may_have_arrived_is_taken_back_as_that(stopped: Bench) -> None:
    with stopped.engine.begin() as conn:
        conn.exec_driver_sql(
            "update delivery set state = 'outcome_unknown' where state = 'needs_person'"
        )
        conn.exec_driver_sql("update attempt set outcome = 'unknown'")
    name, _ = start(stopped, state="outcome_unknown")
    stopped.do(redrive)
    act(stopped, "redrive.stopped", name, reason="Ask them first")
    stopped.do(redrive)
    assert counts(stopped) == {"outcome_unknown": 5, "under_way": 2}


def test_where_all_has_gone_out_nothing_is_left_to_stop(stopped: Bench) -> None:
    found = stopped.all("select delivery_id from delivery where state = 'needs_person'")
    name, _ = start(stopped, deliveries=[row.delivery_id for row in found[:2]])
    stopped.do(redrive)
    said = act(stopped, "redrive.stopped", name, reason="Too late")
    assert said == ("refused", "nothing is left to stop: all of it has gone out")


def test_only_what_stood_when_they_looked_goes_and_only_for_that_cause(stopped: Bench) -> None:
    seen = now().isoformat()
    stop(stopped, 50)
    stop(stopped, 51, "ward closed")
    assert start(stopped, causes=["ward closed"], as_of=seen)[1][0] == "refused"
    name, answer = start(stopped, causes=["no such ward"], as_of=seen)
    assert answer[1].startswith("7 will be tried again")
    for _ in range(4):
        stopped.do(fall_due)
    assert how_far(stopped, name).done == 7
    assert counts(stopped)["needs_person"] == 2, "they stopped after the page was read"


def test_only_the_chosen_ones_and_only_of_ones_own_authority(stopped: Bench) -> None:
    found = stopped.all("select delivery_id from delivery where state = 'needs_person'")
    chosen = [row.delivery_id for row in found[:2]]
    assert start(stopped, deliveries=chosen, authorities=["999"])[1][0] == "refused"
    name, _ = start(stopped, deliveries=chosen, authorities=["383"])
    stopped.do(redrive)
    assert (how_far(stopped, name).total, how_far(stopped, name).done) == (2, 2)


def test_one_that_somebody_else_dealt_with_is_refused_with_its_reason(stopped: Bench) -> None:
    name, _ = start(stopped)
    [first] = stopped.all("select delivery_id from redrive_item where place = 1")
    assert act(stopped, "delivery.retried", first.delivery_id, reason="Alone")[0] == "done"
    for _ in range(4):
        stopped.do(redrive)
    one = how_far(stopped, name)
    assert (one.done, one.refused, one.left) == (6, 1, 0)
    [why] = stopped.all("select answer from redrive_item where outcome = 'refused'")
    assert why.answer.startswith("it has changed since you looked: it is now")


def test_one_whose_effect_fails_does_not_hold_up_the_others(
    stopped: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.core.acts import effect

    name, _ = start(stopped)
    [first] = stopped.all("select delivery_id from redrive_item where place = 1")
    real = effect._EFFECTS["delivery.retried"]

    def fails(work: Any, deed: Any) -> str:
        if deed.subject == first.delivery_id:
            raise RuntimeError("a fault of ours")
        return real(work, deed)

    monkeypatch.setitem(effect._EFFECTS, "delivery.retried", fails)
    for _ in range(4):
        stopped.do(redrive)
    assert (how_far(stopped, name).done, how_far(stopped, name).refused) == (6, 1)
    assert not stopped.all("select 1 from incident where kind = 'due_failed'")


def test_without_a_reason_and_of_more_than_it_takes(
    stopped: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = act(stopped, "redrive.started", fresh(), partner="team", as_of=now().isoformat())
    assert said == ("refused", "a reason is needed")
    monkeypatch.setattr(on_redrives, "MOST", 5)
    name, answer = start(stopped)
    assert answer[1].startswith("5 will be tried again")
    assert how_far(stopped, name).total == 5


def test_a_disclosure_that_waits_for_a_second_person_is_never_among_them(stopped: Bench) -> None:
    stopped.do(
        lambda work: work.conn.exec_driver_sql(
            "update delivery set attempt = 0, policy = 'P1: review; routing R1'"
            " where state = 'needs_person'"
        )
    )
    assert start(stopped)[1][0] == "refused"


def test_in_a_lane_the_first_goes_first_however_small_the_pieces(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "PIECE", 1)
    takes = (Receives(type="health.attendance"),)
    bench = Bench(
        ledger_url,
        tmp_path,
        [
            a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
            a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, order="case"),
        ],
    )
    for number in range(3):
        bench.record(an_arrival("health.attendance", an_attendance(1), reference=f"A-{number}"))
    out = bench.orders()
    settle(bench, *(told(order, "refused", detail="no such ward") for order in reversed(out)))
    assert counts(bench) == {"needs_person": 3}
    start(bench)
    for _ in range(4):
        bench.do(redrive)
    again = [order["delivery_id"] for order in bench.orders()]
    assert again == [order["delivery_id"] for order in out]
    bench.engine.dispose()
