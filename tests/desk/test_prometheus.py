"""A real Prometheus reads a desk and a role by the shipped files: every panel shows something, and an alarm sounds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from hub.desk.app import make_app
from hub.running import ports
from hub.serving.probe import Probe
from hub.serving.probe_app import app_of
from hub.serving.served import served
from tests.kit.desk import Sitting
from tests.kit.prometheus import Prometheus, needs_prometheus, promtool, reading
from tests.kit.waiting import eventually
from tests.shape.test_dashboard import LABELS, expressions

pytestmark = [pytest.mark.timeout(300), needs_prometheus]


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """Its port, while the block lasts."""
    listening = ports.listen("127.0.0.1", 0)
    server = served(app, 1)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def test_every_question_is_one_and_asks_for_what_is_told(
    sitting: Sitting, tmp_path: Path
) -> None:
    seen = tmp_path / "prometheus"
    seen.mkdir()
    name = next(iter(sitting.desk.directory)).partner
    with sitting.bench.engine.begin() as conn:
        # What an edge counts and says, which has no part in this evening.
        conn.exec_driver_sql(
            "insert into tally (edge, epoch, partner, owned, not_ours, refused, unable)"
            f" values ('edge-1', 'a', '{name}', 3, 40, 1, 0)"
        )
        conn.exec_driver_sql(
            "insert into heartbeat (instance, epoch, at, digest, says)"
            " values ('edge-1', 'a', '2026-11-23 10:00:00.000000', 'd', '{}')"
        )
    role = app_of(Probe(sitting.desk.settings, "core"))
    async with serving(make_app(sitting.desk)) as desk, serving(role) as probe:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            for port in (desk, probe):
                told = await client.get(f"http://127.0.0.1:{port}/metrics")
                assert promtool("check", "metrics", told=told.text) == ""
        async with reading(seen, desk, probe, "none") as prometheus:

            async def named() -> set[str]:
                known = set(await prometheus.ask("metadata"))
                return {name for name in known if name.startswith("hub_")}

            await eventually(named, 60, 0.5)
            assert await named() == set(LABELS)
            for asked in expressions().values():
                await prometheus.value(asked)
            with pytest.raises(AssertionError, match="parse error"):
                await prometheus.value("max(hub_open_calls")
            await eventually(lambda: drawn(prometheus), 60, 1)
            # It said its last word days ago, and the rule waits for half a minute.
            fired = await eventually(lambda: prometheus.fires("HubRoleSilent"), 120, 1)
            assert [(one["role"], one["severity"]) for one in fired] == [("edge-1", "page")]


async def drawn(prometheus: Prometheus) -> bool:
    """Whether each panel shows something."""
    nothing = [
        who
        for who, asked in expressions().items()
        if who.startswith("panel") and not await prometheus.value(asked)
    ]
    return nothing == []
