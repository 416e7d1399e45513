"""A message has one effect however often it comes, and one that cannot be recorded stops no other."""

from datetime import timedelta

import orjson
import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.core.start.upgrade import take_up
from hub.core.whole import whole
from hub.core.work import Work
from hub.ledger.audit import verify
from hub.ledger.read.journey import message_way
from hub.ledger.read.timeline import timeline
from hub.ledger.reconcile import reconcile
from hub.ledger.write import run
from schemas.envelope import Priority
from schemas.health import HealthAttendance
from tests.kit.deeds import act, incidents, on_the_road, states
from tests.kit.people import a_contact, a_handover, a_response, an_attendance, seed_of
from tests.kit.site import Bench, an_arrival


def test_a_resend_has_no_effect_and_is_counted(bench: Bench) -> None:
    first = an_arrival("health.attendance", an_attendance(1))
    again = an_arrival("health.attendance", an_attendance(1))
    bench.record(first)
    bench.record(again)
    bench.record(an_arrival("health.attendance", an_attendance(1)), again)
    assert len(bench.orders()) == 1
    assert len(bench.all("select 1 from message")) == 1
    with bench.engine.connect() as conn:
        [source] = reconcile(conn).sources
    assert (source.owned, source.messages, source.repeats) == (3, 1, 2)


def test_the_same_record_read_twice_is_no_repeat(bench: Bench) -> None:
    """After a restore the road is read again."""
    first = an_arrival("health.attendance", an_attendance(1))
    bench.record(first)
    bench.record(first)
    assert bench.all("select 1 from repeat") == []


def test_the_same_reference_with_other_content_is_a_conflict_that_a_person_sees(
    bench: Bench,
) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)))
    bench.record(an_arrival("health.attendance", an_attendance(2)))
    first, second = bench.all("select * from message order by recorded_at")
    assert (second.state, second.conflict_of) == ("conflict", first.message_id)
    assert incidents(bench) == {"conflict": 1}
    assert len(bench.orders()) == 2, "acknowledged and delivered: we hold both"


def test_an_immediate_conflict_flows_at_once_marked(bench: Bench) -> None:
    bench.record(an_arrival("edt.handover", a_handover(1), "edt"))
    now_ = an_arrival("edt.handover", a_handover(2), "edt", priority=Priority.IMMEDIATE)
    bench.record(now_)
    [row] = bench.all("select * from message where conflict_of is not null")
    assert row.state == "recorded"
    assert bench.orders()[-1]["topic"] == "deliveries.team.immediate"


def test_a_counter_that_restarted_is_one_incident_and_flows(bench: Bench) -> None:
    for reference in "abcde":
        bench.record(an_arrival("health.attendance", an_attendance(1), reference=reference))
    for reference in "abcde":
        bench.record(an_arrival("health.attendance", an_attendance(2), reference=reference))
    kinds = "select kind, count(*) as n from incident group by kind order by kind"
    assert [tuple(row) for row in bench.all(kinds)] == [("conflict", 1), ("counter_restarted", 1)]
    assert len(bench.all("select 1 from message where state = 'recorded'")) == 8
    assert len(states(bench)) == 10


def test_a_reference_used_again_after_the_window_is_no_conflict(bench: Bench) -> None:
    bench.record(an_arrival("health.attendance", an_attendance(1)), at=now() - timedelta(hours=25))
    bench.record(an_arrival("health.attendance", an_attendance(2)))
    assert incidents(bench) == {}


def test_what_cannot_be_recorded_alone_is_stuck_and_the_rest_goes_on(bench: Bench) -> None:
    good = [an_arrival("health.attendance", an_attendance(n), reference=str(n)) for n in (1, 2)]
    bad = on_the_road(bench, an_arrival("health.attendance", an_attendance(3), reference="3"))
    bad.body = b'{"reference": "no attendance"'
    bench.record(good[0], bad, good[1])
    assert len(bench.all("select 1 from message")) == 2
    assert len(bench.orders()) == 2
    [row] = bench.all("select * from stuck")
    assert row.reason.startswith("stuck: JSONDecodeError")
    with bench.engine.connect() as conn:
        [source] = reconcile(conn).sources
    assert [part.message_id for part in source.stuck] == [bad.message_id]
    assert source.balanced


def test_a_stuck_one_is_tried_again_by_a_person(bench: Bench) -> None:
    bad = on_the_road(bench, an_arrival("health.attendance", an_attendance(3), reference="3"))
    bad.body = b"{"
    bench.record(bad)
    [row] = bench.all("select * from stuck")
    assert act(bench, "stuck.retried", row.stuck_id, reason="mended")[0] == "done"
    assert len(bench.all("select 1 from message")) == 1
    assert incidents(bench) == {}
    assert act(bench, "stuck.retried", row.stuck_id)[0] == "refused"


def test_nul_characters_stop_nobody(bench: Bench) -> None:
    """PostgreSQL keeps no NUL in text."""
    good = an_arrival("health.attendance", an_attendance(1))
    poison = on_the_road(
        bench, an_arrival("health.attendance", an_attendance(2), reference="a\x00b")
    )
    bench.record(poison, good)
    ids = {row.message_id for row in bench.all("select message_id from message")}
    assert good.message_id in ids
    kept = ids | {row.headers for row in bench.all("select headers from stuck")}
    assert any(poison.message_id in one for one in kept)


def test_an_answer_before_its_question_waits_and_goes_on_when_that_comes(bench: Bench) -> None:
    asked = an_arrival("edt.handover", a_handover(1), "edt")
    answer = an_arrival(
        "handover.response",
        a_response(asked.message_id),
        "team",
        reference="r",
        answers=asked.message_id,
    )
    bench.record(answer)
    [row] = bench.all("select * from message")
    assert (row.state, row.none_reason) == ("early", "it is early")
    bench.do(fall_due, now() + timedelta(minutes=11))
    assert incidents(bench) == {"early": 1}
    bench.record(asked)
    assert incidents(bench) == {}
    assert bench.all("select 1 from early") == []
    [held] = bench.all("select * from journey where machine = 'handover'")
    assert held.state == "accepted"
    [row] = bench.all("select * from message where message_id = :id", id=answer.message_id)
    assert row.state == "recorded"


def test_an_early_one_may_be_taken_without_its_predecessor(bench: Bench) -> None:
    answer = an_arrival("health.attendance", an_attendance(1), answers="nothing we know")
    bench.record(answer)
    assert states(bench) == []
    assert act(bench, "early.resolved", answer.message_id, reason="rang them")[0] == "done"
    assert states(bench) == ["under_way"]
    assert act(bench, "early.resolved", answer.message_id, reason="again")[0] == "refused"
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced


def test_an_unknown_version_is_parked_not_lost(bench: Bench) -> None:
    newer = an_arrival("health.attendance", an_attendance(1))
    newer.version = 9
    bench.record(newer)
    [row] = bench.all("select * from message")
    assert (row.state, row.none_reason) == ("parked", "it is parked")
    assert incidents(bench) == {"unknown_version": 1}


def test_what_was_parked_goes_on_when_the_hub_knows_its_version(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = an_arrival("health.attendance", an_attendance(1))
    newer.version = 9
    bench.record(newer)
    assert bench.do(take_up) == 0
    assert states(bench) == []
    monkeypatch.setattr("hub.core.start.upgrade.model_of", lambda *_: HealthAttendance)
    monkeypatch.setattr("hub.core.plan.model_of", lambda *_: HealthAttendance)
    assert bench.do(take_up) == 1
    assert states(bench) == ["under_way"]
    assert incidents(bench) == {}
    with bench.engine.connect() as conn:
        assert reconcile(conn).balanced
        assert not list(verify(conn))
    assert bench.do(take_up) == 0
    assert len(states(bench)) == 1


def test_what_cannot_be_taken_up_stays_parked_and_keeps_nobody_else(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        newer = an_arrival("health.attendance", an_attendance(number), reference=str(number))
        newer.version = 9
        bench.record(newer)
    monkeypatch.setattr("hub.core.start.upgrade.model_of", lambda *_: HealthAttendance)
    monkeypatch.setattr("hub.core.plan.model_of", lambda *_: HealthAttendance)
    [first, *_] = bench.all("select case_ref from message order by recorded_at")
    [key] = bench.all("select wrapped from case_file where case_ref = :c", c=first.case_ref)
    wrapped = "update case_file set wrapped = :key where case_ref = :c"
    with bench.engine.begin() as conn:
        run(conn, wrapped, key=None, c=first.case_ref)
    assert bench.do(take_up) == 1
    found = bench.all("select state from message order by recorded_at")
    assert [row.state for row in found] == ["parked", "recorded"]
    assert incidents(bench) == {"parked": 1, "unknown_version": 2}
    with bench.engine.begin() as conn:
        run(conn, wrapped, key=key.wrapped, c=first.case_ref)
    assert bench.do(take_up) == 1
    assert incidents(bench) == {}


def test_how_complete_a_contact_is_stands_beside_it_and_stops_nothing(bench: Bench) -> None:
    body = a_contact(seed_of("unknown"), danger=True)
    bench.record(an_arrival("contact.recorded", body, "team"))
    bench.record(an_arrival("health.attendance", an_attendance(2), reference="2"))
    scores = bench.all("select completeness from message order by type")
    told = orjson.loads(scores[0].completeness)
    assert told["score"] < 100 and "GP practice" in told["missing"]
    assert scores[1].completeness is None
    with bench.engine.connect() as conn:
        [ref] = conn.exec_driver_sql(
            "select message_id from message where type = 'contact.recorded'"
        ).scalars()
        way = message_way(conn, ref)
    assert way is not None
    [event] = [e for e in timeline(way, str, words=None) if e.message]
    assert f"{told['score']} % complete" in event.said and "GP practice" in event.said


def test_in_hope_nothing_is_kept_of_what_fails(bench: Bench) -> None:
    """Without a savepoint half an effect could stand: whoever began it must hear, and begin anew."""

    def fails() -> None:
        raise KeyError("the other half")

    def half(work: Work) -> None:
        work.hopeful = True
        work.incident("unread", "core-1", "half of it")
        whole(work, fails)

    with pytest.raises(KeyError):
        bench.do(half)
    assert bench.all("select 1 from incident") == []
