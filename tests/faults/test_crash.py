"""Roles are killed under load, and the partners' own books say that nothing was lost, doubled or inverted."""

from pathlib import Path

import pytest

from tests.faults.crash.campaign import Campaign, Wanted


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("crash")
async def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    wanted = Wanted(seed=7, kills=4, messages=150, rate=40.0, pause=3.0)
    told = await Campaign(tmp_path / "crash", wanted).run()
    assert told.held, told.figures["wrong"]
    assert told.figures["counted"]["acknowledged"] >= wanted.messages
