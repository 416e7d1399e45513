"""What somebody holds is finished by them or by their team's manager, against what they saw, and by nobody else."""

import pytest

from tests.kit.deeds import act
from tests.kit.people import a_handover
from tests.kit.site import Bench, an_arrival


@pytest.fixture
def held(bench: Bench) -> tuple[Bench, str]:
    """A handover that Aisling Example holds."""
    arrival = an_arrival("edt.handover", a_handover(1), "edt")
    bench.record(arrival)
    act(bench, "handover.answered", arrival.message_id, response="accepted")
    return bench, arrival.message_id


def standing(bench: Bench, subject: str) -> tuple[str, str, str | None, int]:
    """State, custodian, holder and version."""
    sql = "select * from journey where machine = 'handover' and subject = :id"
    [row] = bench.all(sql, id=subject)
    return row.state, row.custodian, row.holder, row.version


def audited(bench: Bench, did: str) -> int:
    """Entries of that kind in all chains."""
    return len(bench.all("select 1 from audit where entry like :did", did=f'%"did":"{did}"%'))


def test_its_holder_begins_and_completes_it(held: tuple[Bench, str]) -> None:
    bench, message = held
    *_, version = standing(bench, message)
    begun = act(bench, "handover.started", message, version=version)
    assert begun == ("done", "you work on it; it stays yours until it is completed")
    assert standing(bench, message)[:3] == ("in_progress", "receiver", "Aisling Example")
    done = act(bench, "handover.completed", message, version=version + 1, reason="Seen at home")
    assert done == ("done", "completed: it has left the list of what is held")
    assert standing(bench, message)[:3] == ("completed", "receiver", "Aisling Example")
    assert audited(bench, "handover completed") == 1
    assert audited(bench, "act done") == 3


def test_a_colleague_is_told_who_holds_it_and_a_manager_of_the_team_completes_it(
    held: tuple[Bench, str],
) -> None:
    bench, message = held
    outcome, why = act(bench, "handover.completed", message, "Bashir Example")
    assert (outcome, why[:43]) == ("refused", "held by Aisling Example, team worker since ")
    other = act(bench, "handover.completed", message, "Cem Example", "duty_manager", "X26EDT")
    assert other[0] == "refused"
    assert act(bench, "handover.started", message, "Dana Example", "duty_manager")[0] == "refused"
    assert act(bench, "handover.completed", message, "Dana Example", "duty_manager")[0] == "done"


def test_what_changed_since_it_was_seen_is_not_completed(held: tuple[Bench, str]) -> None:
    bench, message = held
    *_, version = standing(bench, message)
    act(bench, "handover.started", message)
    assert act(bench, "handover.completed", message, version=version) == (
        "refused",
        "it has changed since you looked: it is now in progress, held by Aisling Example, team worker",
    )


def test_what_nobody_holds_is_not_completed(bench: Bench) -> None:
    arrival = an_arrival("edt.handover", a_handover(2), "edt")
    bench.record(arrival)
    outcome, why = act(bench, "handover.completed", arrival.message_id, role="duty_manager")
    assert outcome == "refused"
    assert why.startswith(
        "it is held by its sender; this handover is sent, so it cannot be completed"
    )


def test_what_is_completed_stays_so(held: tuple[Bench, str]) -> None:
    bench, message = held
    act(bench, "handover.completed", message)
    assert act(bench, "handover.completed", message)[0] == "refused"
    assert act(bench, "handover.started", message)[0] == "refused"
