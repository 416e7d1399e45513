"""Every journey's table is whole: reachable, without dead ends, and it says why it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.journeys.delivery import DELIVERY
from hub.journeys.handover import HANDOVER
from hub.journeys.machine import Facts, Illegal, Machine, move
from hub.journeys.notice import NOTICE
from hub.journeys.reconvening import RECONVENING
from hub.journeys.referral import REFERRAL
from hub.journeys.strategy import STRATEGY

MACHINES = (REFERRAL, HANDOVER, STRATEGY, RECONVENING, NOTICE, DELIVERY)
every = pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)


@every
def test_every_state_is_reached_from_the_first(machine: Machine) -> None:
    seen, edge = {machine.initial}, [machine.initial]
    while edge:
        source = edge.pop()
        for transition in machine.transitions:
            if transition.source == source and transition.target not in seen:
                seen.add(transition.target)
                edge.append(transition.target)
    assert machine.states - seen == set()


@every
def test_no_state_but_a_final_one_is_a_dead_end(machine: Machine) -> None:
    leading = {t.source for t in machine.transitions if t.source != t.target}
    assert machine.states - leading <= machine.final


@every
def test_the_final_states_exist(machine: Machine) -> None:
    assert machine.final <= machine.states


@every
def test_what_is_over_is_not_owed(machine: Machine) -> None:
    assert machine.owed <= machine.states - machine.final


@every
def test_no_move_is_written_twice(machine: Machine) -> None:
    unguarded = [(t.source, t.event) for t in machine.transitions if t.guard is None]
    assert len(unguarded) == len(set(unguarded))


@every
@given(data=st.data())
def test_an_illegal_move_names_the_state_and_what_is_possible(
    machine: Machine, data: st.DataObject
) -> None:
    state = data.draw(st.sampled_from(sorted(machine.states)))
    event = data.draw(st.sampled_from(sorted(machine.events)))
    known = {(t.source, t.event) for t in machine.transitions}
    outcome = move(machine, state, event, Facts())
    if (state, event) not in known:
        assert isinstance(outcome, Illegal)
        assert state.replace("_", " ") in outcome.reason
        assert "possible now" in outcome.reason
    elif isinstance(outcome, Illegal):
        assert outcome.reason
