"""No page names a state of a machine: each has words of its own, and says what is owed."""

from datetime import UTC, datetime

import pytest

from hub.journeys.machine import Machine
from hub.journeys.notice import NOTICE
from hub.journeys.referral import REFERRAL
from hub.journeys.strategy import STRATEGY
from hub.ledger.read.handovers import Handover
from hub.ledger.read.stands import stands

AT = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)


def a_journey(machine: str, state: str) -> Handover:
    """One that stands so."""
    blank = dict.fromkeys(Handover.__dataclass_fields__, "")
    told = {**blank, "machine": machine, "state": state, "changed_at": AT}
    return Handover(**told)  # type: ignore[arg-type]


@pytest.mark.parametrize("machine", [REFERRAL, STRATEGY, NOTICE], ids=lambda one: one.name)
def test_every_state_is_said_in_words(machine: Machine) -> None:
    said = {
        state: stands(a_journey(machine.name, state), lambda name: name or "")
        for state in machine.states
    }
    for state, parts in said.items():
        assert parts[1:] == (AT,)
        assert "_" not in str(parts[0]), state
    words = [parts[0] for parts in said.values()]
    assert len(words) == len(set(words)), "each its own"


@pytest.mark.parametrize("machine", [REFERRAL, STRATEGY, NOTICE], ids=lambda one: one.name)
def test_what_is_owed_is_said_as_not_done(machine: Machine) -> None:
    for state in machine.states:
        [words, _] = stands(a_journey(machine.name, state), lambda name: name or "")
        nobody = ("not been held", "has decided", "have not been told")
        undone = any(said in str(words) for said in nobody)
        assert undone == (state in machine.owed), state


@pytest.mark.parametrize(("machine", "state"), [("review", "planned"), ("referral", "renewed")])
def test_what_a_newer_core_wrote_keeps_no_page_from_being_shown(machine: str, state: str) -> None:
    [words, since] = stands(a_journey(machine, state), lambda name: name or "")
    assert words == "A newer hub knows how it stands, "
    assert since == AT
