"""Whatever is paused, killed or cut off: what was acknowledged arrives, and what came twice was in doubt."""

import asyncio

import pytest

from tests.containers.furnished import BROKERS
from tests.containers.night import Night
from tests.containers.stack import Fault, Stack
from tests.faults.crash.wards import Said

GRACE, LONGEST = 3.0, 60.0
"""Seconds without a sign after which what was under way has been seen, and the most of them."""

_ALL = ("acknowledged", "arrived", "collected")
_OUT = ("arrived", "collected")
FAULTS = [
    Fault("pause", ("core",), _OUT, ("acknowledged",)),
    Fault("pause", ("edge-out",), ("arrived",), ("acknowledged", "collected")),
    Fault("pause", BROKERS, _ALL),
    Fault("pause", ("postgres",), _OUT, ("acknowledged",)),
    Fault("kill", ("core",), _OUT, ("acknowledged",)),
    Fault("kill", ("edge-in",), ("acknowledged",)),
    Fault("kill", ("edge-out",), ("arrived",), ("acknowledged", "collected")),
    Fault("kill", ("desk",), ("collected",), ("acknowledged", "arrived")),
    Fault("kill", ("kafka-1",), (), _ALL, 25.0),
    Fault("kill", ("postgres",), _OUT, ("acknowledged",)),
    Fault("road", ("edge-in",), ("acknowledged",)),
    Fault("ledger", ("core",), _OUT, ("acknowledged",)),
    Fault("outside", ("edge-out",), ("arrived",), ("acknowledged", "collected")),
]
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(900)]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_nothing_acknowledged_is_lost(fault: Fault, stack: Stack, night: Night) -> None:
    async with night.sending():
        await night.flows()
        async with stack.suffering(fault):
            before = await _settled_down(night, fault)
            await asyncio.sleep(fault.seconds)
            after = night.seen
        await night.flows()
    still = {name for name in before if before[name] == after[name]}
    assert still.issuperset(fault.stops), f"it did not bite: {before} to {after}"
    assert still.isdisjoint(fault.lasts), f"it stopped more than it must: {before} to {after}"
    await night.settled()
    verdict = await night.verdict()
    assert verdict.wrong == []
    print(verdict.counted)
    for words in (("ledger", "reconcile"), ("audit", "verify"), ("status",)):
        await asyncio.to_thread(stack.hub, *words)


async def _settled_down(night: Night, fault: Fault) -> dict[str, int]:
    """What is in each book once what must stop has stopped: a slow machine has a queue before it."""
    waited = 0.0
    before: dict[str, int] = {}
    while waited < LONGEST and any(before.get(name) != night.seen[name] for name in fault.stops):
        before = night.seen
        await asyncio.sleep(GRACE)
        waited += GRACE
    return night.seen


async def test_a_message_that_is_missing_or_came_twice_is_told(night: Night) -> None:
    """The judge of this ground, with books that somebody doctored."""
    async with night.sending():
        await night.flows()
    await night.settled()
    assert (await night.verdict()).wrong == []
    lost = Said("N999", 0, "N-0-999", 999, 1.0, 1, 2.0)
    night.hospital.book[lost.name] = lost
    wrong = (await night.verdict()).wrong
    del night.hospital.book[lost.name]
    assert any(one.startswith("acknowledged and not at by-case") for one in wrong), wrong
    night.team.arrived.append(night.team.arrived[-1])
    wrong = (await night.verdict()).wrong
    night.team.arrived.pop()
    assert any(one.startswith("repeats without an unknown attempt") for one in wrong), wrong
