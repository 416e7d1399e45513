"""What is wrong is one incident, opened once and closed once: by recovery, or by a person who says why."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from hub.clock import now
from hub.core.due import fall_due
from hub.core.stuck import keep_record
from tests.kit.deeds import act, incidents, on_the_road, settle, told
from tests.kit.lasting import sweep
from tests.kit.people import an_attendance
from tests.kit.site import Bench, an_arrival

Order = dict[str, Any]


def order(bench: Bench, number: int = 1, **at: Any) -> Order:
    """An attendance of another child, handed out."""
    said = an_arrival("health.attendance", an_attendance(number), reference=str(number))
    bench.record(said, **at)
    return bench.orders()[-1]


def one(bench: Bench) -> Any:
    """The only incident there ever was."""
    [found] = bench.all("select * from incident")
    return found


def slipped(bench: Bench) -> Order:
    """An order whose acknowledgement named another message, beside one already handed out."""
    beside, wrong = order(bench, 1), order(bench, 3)
    settle(bench, told(wrong, "unknown", misdirected=True))
    assert incidents(bench) == {"misdirected_ack": 1}
    return beside


def test_a_partner_that_acknowledges_what_it_is_sent_next_is_in_step_again(bench: Bench) -> None:
    beside = slipped(bench)
    settle(bench, told(beside))
    assert incidents(bench) == {"misdirected_ack": 1}, "that may have come over the old connection"
    later = now() + timedelta(seconds=1)
    settle(bench, told(order(bench, 5, at=later), "try_again"), at=later)
    assert incidents(bench) == {"misdirected_ack": 1}, "that is no acknowledgement"
    settle(bench, told(order(bench, 9, at=later)), at=later)
    assert incidents(bench) == {}
    assert one(bench).closed_why == "it acknowledged what it was sent on a new connection"


def test_an_old_attempts_success_does_not_show_that_it_is_in_step(bench: Bench) -> None:
    first = order(bench)
    settle(bench, told(first, "unknown", misdirected=True))
    later = now() + timedelta(seconds=20)
    bench.do(fall_due, later)
    [second] = bench.orders()
    settle(bench, told(first), at=later)
    assert incidents(bench) == {"misdirected_ack": 1}
    settle(bench, told(second), at=later)
    assert incidents(bench) == {}


def test_it_opens_again_as_another_when_it_happens_again(bench: Bench) -> None:
    slipped(bench)
    later = now() + timedelta(seconds=1)
    settle(bench, told(order(bench, 5, at=later)), at=later)
    settle(bench, told(order(bench, 9, at=later), "unknown", misdirected=True), at=later)
    found = bench.all("select closed_at, count from incident order by first_seen")
    assert [(row.closed_at is None, row.count) for row in found] == [(False, 1), (True, 1)]


STRANGE: dict[str, Callable[[Bench], None]] = {
    "unknown_receipt": lambda bench: settle(
        bench, told({"delivery_id": "nobody's", "attempt": 1}), at=now()
    ),
    "two_of_one_name": lambda bench: bench.do(
        lambda work: work.incident("two_of_one_name", "core-1", "assigned anew"), now()
    ),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_nothing_else_tells_the_end_of_is_over_after_a_quiet_day(
    bench: Bench, kind: str
) -> None:
    STRANGE[kind](bench)
    bench.do(fall_due, now() + timedelta(hours=23))
    assert incidents(bench) == {kind: 1}
    STRANGE[kind](bench)
    assert incidents(bench) == {kind: 2}
    bench.do(fall_due, now() + timedelta(hours=25))
    assert incidents(bench) == {}
    assert one(bench).closed_why == "it has not happened again for a day"


def foreign(bench: Bench, offset: int = 1) -> None:
    """A record that this hub did not write lies on one of its topics."""
    raw: Any = SimpleNamespace(
        topic="flows.health", partition=0, offset=offset, headers=(("ce_id", b"1"),), value=b"?"
    )
    bench.do(lambda work: keep_record(work, raw, "written by 'x', not by this hub", "foreign"))


def test_what_somebody_else_wrote_stays_wrong_until_a_person_sets_it_aside(bench: Bench) -> None:
    foreign(bench)
    foreign(bench, 2)
    bench.do(fall_due, now() + timedelta(days=3))
    assert incidents(bench) == {"foreign": 2}
    done = act(
        bench,
        "incident.closed",
        one(bench).incident_id,
        "Olwen Example",
        "operations",
        version=2,
        reason="a test of theirs",
    )
    assert done == ("done", "closed")
    assert incidents(bench) == {}
    assert one(bench).closed_why == "a test of theirs (Olwen Example, operations)"
    shelf = bench.all("select closed_why from stuck")
    assert [row.closed_why for row in shelf] == [one(bench).closed_why] * 2
    audit = [row.entry for row in bench.all("select entry from audit where case_ref = 'hub'")]
    assert any('"act":"incident.closed"' in entry and "Olwen" in entry for entry in audit), audit


def test_what_could_not_be_opened_is_not_foreign_any_more_once_it_is_recorded(bench: Bench) -> None:
    said = on_the_road(bench, an_arrival("health.attendance", an_attendance(1)))
    raw: Any = said.raw
    bench.do(lambda work: keep_record(work, raw, "sealed by somebody else, or damaged", "foreign"))
    stuck = f"{raw.topic}:{raw.partition}:{raw.offset}"
    assert act(bench, "stuck.retried", stuck) == ("done", "recorded")
    assert incidents(bench) == {}


def test_of_two_who_close_one_the_second_hears_who_was_first(bench: Bench) -> None:
    slipped(bench)
    subject = one(bench).incident_id
    assert act(bench, "incident.closed", subject, name="Olwen Example", reason="their upgrade")[1]
    late = act(bench, "incident.closed", subject, name="Rosalind Example", reason="the same")
    assert late[0] == "refused"
    assert "closed already" in late[1] and "Olwen Example" in late[1]


def test_nobody_closes_what_they_have_not_seen_or_do_not_explain(bench: Bench) -> None:
    slipped(bench)
    subject = one(bench).incident_id
    assert act(bench, "incident.closed", subject, version=1) == ("refused", "a reason is needed")
    settle(bench, told(order(bench, 5), "unknown", misdirected=True))
    refused = act(bench, "incident.closed", subject, version=1, reason="over")
    assert refused[1] == "it has happened again since you looked, 2 times by now"
    assert act(bench, "incident.closed", "none", reason="over")[1] == "there is no such incident"
    assert incidents(bench) == {"misdirected_ack": 2}


def test_nobody_closes_what_is_seen_to_go_on(bench: Bench) -> None:
    settle(bench, told(order(bench), "refused"))
    sweep(bench)
    refused = act(bench, "incident.closed", one(bench).incident_id, reason="I want it gone")
    assert refused == ("refused", "it closes by itself when what it is about is over")
    assert incidents(bench) == {"stopped": 1}


def test_content_that_is_missing_is_no_longer_wrong_once_its_delivery_is_given_up(
    bench: Bench,
) -> None:
    settle(bench, told(order(bench), "try_again"))
    with bench.engine.begin() as conn:
        conn.exec_driver_sql("delete from content")
    bench.do(fall_due, now() + timedelta(minutes=1))
    assert incidents(bench) == {"content_missing": 1}
    [row] = bench.all("select delivery_id from delivery where state = 'waiting'")
    done = act(bench, "delivery.abandoned", row.delivery_id, reason="its time was over")
    assert done[0] == "done"
    assert incidents(bench) == {}


def stuck(bench: Bench, topic: str) -> str:
    """A record that could not be recorded lies on the shelf; its incident."""
    raw: Any = SimpleNamespace(topic=topic, partition=0, offset=1, headers=(), value=b"?")
    bench.do(lambda work: keep_record(work, raw, "KeyError in its effect"))
    return str(one(bench).incident_id)


def test_what_is_stuck_where_nothing_is_tried_again_a_person_sets_aside(bench: Bench) -> None:
    subject = stuck(bench, "receipts")
    assert act(bench, "stuck.retried", "receipts:0:1")[0] == "refused"
    done = act(bench, "incident.closed", subject, reason="settled by telephone")
    assert done == ("done", "closed")
    assert incidents(bench) == {}
    assert [row.closed_at is None for row in bench.all("select closed_at from stuck")] == [False]


def test_what_is_stuck_and_can_be_tried_again_nobody_closes(bench: Bench) -> None:
    refused = act(bench, "incident.closed", stuck(bench, "flows.health"), reason="I want it gone")
    assert refused == ("refused", "it closes by itself when what it is about is over")


def test_who_has_it_is_known_and_handed_on_by_who_takes_it(bench: Bench) -> None:
    settle(bench, told(order(bench), "refused"))
    sweep(bench)
    subject = one(bench).incident_id
    assert one(bench).claimed_by is None
    taken = act(bench, "incident.claimed", subject, "Olwen Example", "operations")
    assert taken == ("done", "others see that you look at it")
    first = one(bench)
    assert first.claimed_by == "Olwen Example, operations"
    assert first.claimed_at is not None
    again = act(bench, "incident.claimed", subject, "Olwen Example", "operations")
    assert again == ("refused", "you have it already")
    late = act(bench, "incident.claimed", subject, "Rosalind Example", "operations")
    assert late == ("refused", "Olwen Example, operations has it by now: look again")
    seen = {"over": "Olwen Example, operations"}
    assert act(bench, "incident.claimed", subject, "Rosalind Example", **seen)[0] == "done"  # type: ignore[arg-type]
    assert one(bench).claimed_by == "Rosalind Example, team worker"
    audit = [row.entry for row in bench.all("select entry from audit where case_ref = 'hub'")]
    assert sum('"act":"incident.claimed"' in entry for entry in audit) == 4


def test_it_is_given_back_by_who_has_it_alone(bench: Bench) -> None:
    settle(bench, told(order(bench), "refused"))
    sweep(bench)
    subject = one(bench).incident_id
    act(bench, "incident.claimed", subject, "Olwen Example")
    refused = act(bench, "incident.released", subject, "Rosalind Example")
    assert refused == ("refused", "Olwen Example, team worker has it, not you")
    done = act(bench, "incident.released", subject, "Olwen Example")
    assert done == ("done", "nobody looks at it now")
    assert (one(bench).claimed_by, one(bench).claimed_at) == (None, None)


def test_what_is_over_nobody_takes_and_who_had_it_stays_known(bench: Bench) -> None:
    failed = order(bench)
    settle(bench, told(failed, "refused"))
    sweep(bench)
    subject = one(bench).incident_id
    act(bench, "incident.claimed", subject, "Olwen Example")
    settle(bench, told(failed))
    sweep(bench, now() + timedelta(minutes=2))
    refused = act(bench, "incident.claimed", subject, "Rosalind Example")
    assert refused[0] == "refused" and "closed already" in refused[1]
    assert one(bench).claimed_by == "Olwen Example, team worker"
