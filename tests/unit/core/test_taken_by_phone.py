"""What was accepted by telephone is completed at the desk by anybody of that team, under their own name."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.partners import Partner, Receives, Role
from schemas.envelope import Recipient
from tests.kit.deeds import act
from tests.kit.people import a_handover
from tests.kit.site import Bench, a_partner, an_arrival

TEAM, NORTH = "X26TEA", "X26NOR"
MARY = "Mary Example"
Benches = Callable[[list[Partner]], Bench]


def sent(a_bench: Benches, *to: str) -> tuple[Bench, str]:
    """A handover to these agencies, each of which has one team."""
    takes = (Receives(type="edt.handover"),)
    bench = a_bench(
        [
            a_partner("edt", Role.EDT, "inbox", sends=("edt.handover",)),
            a_partner("team", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
            a_partner("north", Role.ASSESSMENT_TEAM, "inbox", receives=takes),
        ]
    )
    recipients = tuple(Recipient(agency=agency) for agency in to)
    arrival = an_arrival("edt.handover", a_handover(1), "edt", recipients=recipients)
    bench.record(arrival)
    return bench, arrival.message_id


@pytest.fixture
def rung(a_bench: Benches) -> tuple[Bench, str]:
    """A handover that Mary Example of the team took by telephone, as duty manager."""
    bench, message = sent(a_bench, TEAM)
    taken(bench, message, "team")
    return bench, message


def taken(bench: Bench, message: str, partner: str) -> None:
    """Operations ring, and note who took it."""
    sql = "select delivery_id from delivery where message_id = :id and partner = :p"
    [row] = bench.all(sql + " order by created_at desc limit 1", id=message, p=partner)
    said: dict[str, Any] = {"taken_by": MARY, "taken_role": "Duty manager"}
    done = act(
        bench, "delivery.taken_by_phone", row.delivery_id, "Olwen Example", "operations", **said
    )
    assert done[0] == "done"


def custody(bench: Bench) -> tuple[str, str | None, str | None]:
    """State, holder and the role they gave."""
    [row] = bench.all("select * from journey where machine = 'handover'")
    return row.state, row.holder, row.holder_role


def finished(bench: Bench) -> str:
    """Who the record says completed it."""
    return str(bench.all("select who from move where event = 'completed'")[-1].who)


def test_who_took_the_call_works_on_it_under_the_role_of_their_account(
    rung: tuple[Bench, str],
) -> None:
    bench, message = rung
    assert act(bench, "handover.started", message, MARY)[0] == "done"
    assert custody(bench) == ("in_progress", MARY, "Duty manager")
    given = act(bench, "handover.reassigned", message, MARY, to="north", reason="moved")
    assert given[0] == "done"
    back = act(bench, "handover.recalled", message, MARY, partner="north", reason="moved back")
    assert back[0] == "done"
    assert act(bench, "handover.completed", message, MARY, partner="team")[0] == "done"
    assert custody(bench) == ("completed", MARY, "Duty manager")
    assert finished(bench) == "Mary Example, team worker"


@pytest.mark.parametrize("begun", [True, False])
def test_anybody_of_their_team_completes_it_and_the_record_says_who(
    rung: tuple[Bench, str], begun: bool
) -> None:
    bench, message = rung
    if begun:
        act(bench, "handover.started", message, MARY)
    done = act(bench, "handover.completed", message, "Bashir Example", reason="seen and safe")
    assert done[0] == "done"
    assert custody(bench) == ("completed", MARY, "Duty manager")
    assert finished(bench) == "Bashir Example, team worker"
    entries = [row.entry for row in bench.all("select entry from audit")]
    assert any("Bashir Example" in one and '"event":"completed"' in one for one in entries)


def test_nobody_else_completes_it_nor_passes_on_what_they_do_not_hold(
    rung: tuple[Bench, str],
) -> None:
    bench, message = rung
    for name in (MARY, "Nour Example"):
        done = act(bench, "handover.completed", message, name, agency=NORTH)
        assert done[0] == "refused"
        assert done[1].startswith("held by Mary Example, Duty manager")
    for type in ("handover.started", "handover.reassigned"):
        done = act(bench, type, message, "Bashir Example", to="north", reason="x")
        assert done[0] == "refused"
        assert done[1].startswith("held by Mary Example, Duty manager")


@pytest.mark.parametrize(("to", "agency"), [("north", NORTH), ("team", TEAM)])
def test_what_was_passed_on_and_accepted_at_the_desk_is_its_holders_again(
    rung: tuple[Bench, str], to: str, agency: str
) -> None:
    bench, message = rung
    given = act(bench, "handover.reassigned", message, MARY, to=to, reason="moved")
    assert given[0] == "done"
    nour: dict[str, Any] = {"name": "Nour Example", "agency": agency}
    act(bench, "handover.answered", message, response="accepted", **nour)
    for other in (TEAM, NORTH):
        colleague = act(bench, "handover.completed", message, "Niamh Example", agency=other)
        assert colleague[0] == "refused"
        assert colleague[1].startswith("held by Nour Example, team worker")
    assert act(bench, "handover.completed", message, **nour)[0] == "done"


@pytest.mark.parametrize("by_phone", [True, False])
def test_what_its_holder_says_again_another_way_changes_nothing(
    a_bench: Benches, by_phone: bool
) -> None:
    """It was taken by telephone, and is accepted at the desk as well; or the other way round."""
    bench, message = sent(a_bench, TEAM)

    def ring() -> None:
        taken(bench, message, "team")

    def accept() -> None:
        role = "Duty manager"
        done = act(bench, "handover.answered", message, MARY, role, response="accepted")
        assert done[0] == "done"

    for say in (ring, accept) if by_phone else (accept, ring):
        say()
    assert custody(bench)[1:] == (MARY, "Duty manager")
    colleague = act(bench, "handover.completed", message, "Bashir Example")
    assert colleague[0] == ("done" if by_phone else "refused")


@pytest.mark.parametrize(
    ("partner", "own", "other"), [("team", TEAM, NORTH), ("north", NORTH, TEAM)]
)
def test_of_several_who_were_sent_it_only_the_team_that_took_the_call_completes_it(
    a_bench: Benches, partner: str, own: str, other: str
) -> None:
    bench, message = sent(a_bench, TEAM, NORTH)
    taken(bench, message, partner)
    done = act(bench, "handover.completed", message, "Nour Example", agency=other)
    assert done[0] == "refused"
    assert done[1].startswith("held by Mary Example, Duty manager")
    assert act(bench, "handover.completed", message, "Nour Example", agency=own)[0] == "done"


def test_passed_on_and_taken_there_by_telephone_it_is_that_teams(a_bench: Benches) -> None:
    bench, message = sent(a_bench, TEAM)
    act(bench, "handover.answered", message, "Bashir Example", response="accepted")
    act(bench, "handover.reassigned", message, "Bashir Example", to="north", reason="moved")
    taken(bench, message, "north")
    assert act(bench, "handover.completed", message, "Bashir Example")[0] == "refused"
    assert act(bench, "handover.completed", message, "Nour Example", agency=NORTH)[0] == "done"
    assert finished(bench) == "Nour Example, team worker"
