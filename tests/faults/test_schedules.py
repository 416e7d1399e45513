"""A seed makes one schedule for ever, all that can be done is done by some seed, and what fails is shortened."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.storms.shrink import shrink
from tests.faults.storms.steps import KINDS, LASTS, read, schedule, written

SEEDS = range(400)


@pytest.mark.parametrize("ledger", ["sqlite", "postgres"])
def test_what_a_seed_does_is_possible_and_stays_the_same(ledger: str) -> None:
    for seed in SEEDS:
        steps = schedule(seed, ledger)
        assert steps == schedule(seed, ledger) == read(written(steps))
        assert 4 <= len(steps) <= 7
        assert list(steps) == sorted(steps, key=lambda step: step.at)
        for step in steps:
            kind = KINDS[step.what]
            assert step.whom in kind.whom and 0 < step.at <= LASTS
            assert kind.least <= step.long <= kind.most
            assert ledger == "postgres" or step.whom != "postgres"


def test_whatever_can_be_done_to_anybody_is_done_by_some_seed() -> None:
    drawn = {
        (step.what, step.whom)
        for ledger in ("sqlite", "postgres")
        for seed in range(3000)
        for step in schedule(seed, ledger)
    }
    assert drawn == {(what, whom) for what, kind in KINDS.items() for whom in kind.whom}


@settings(deadline=None)
@given(st.lists(st.integers(), unique=True, min_size=1, max_size=9), st.data())
async def test_what_is_left_is_what_it_takes(steps: list[int], data: st.DataObject) -> None:
    guilty = data.draw(st.sets(st.sampled_from(steps), min_size=1))

    async def fails(some: Sequence[int]) -> bool:
        return guilty <= set(some)

    assert await shrink(steps, fails) == tuple(step for step in steps if step in guilty)


async def test_halves_are_tried_first() -> None:
    tried: list[Sequence[int]] = []

    async def fails(some: Sequence[int]) -> bool:
        tried.append(some)
        return 7 in some

    assert await shrink(range(8), fails) == (7,)
    assert [len(some) for some in tried] == [4, 2, 1]
