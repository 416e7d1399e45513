"""A real Prometheus reads a running hub by the shipped files, and hears of a role that hangs."""

import os
import signal
from functools import partial
from pathlib import Path

import httpx
import pytest

from hub.embedded.processes import free_port
from hub.running import ports
from tests.flow.whole_hub import EDT, TEAM, WholeHub
from tests.kit.prometheus import Prometheus, needs_prometheus, promtool, reading
from tests.kit.waiting import eventually
from tests.shape.test_dashboard import LABELS, expressions

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(400), needs_prometheus]
TOKEN = "invented-for-this-test"
HANDOVER = Path("tests/golden/hub-json/edt_handover.json").resolve()


async def test_every_question_has_an_answer_and_a_role_that_hangs_is_an_alarm(
    tmp_path: Path,
) -> None:
    desk, probe = free_port(), free_port()
    env = {
        "HUB_DESK_PORT": str(desk),
        "HUB_PROBE_PORT": str(probe),
        "HUB_METRICS_TOKEN": TOKEN,
        "EDT_TOKEN": "t",
        "TEAM_TOKEN": "t",
    }
    hub = WholeHub(tmp_path, {"edt": EDT, "team": TEAM}, env)
    seen = tmp_path / "prometheus"
    seen.mkdir()
    async with hub.running():
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            said = await client.post(
                f"{hub.url('door')}/v1/partners/edt/messages",
                content=HANDOVER.read_bytes(),
                headers={"authorization": "Bearer t", "content-type": "application/json"},
            )
            assert said.status_code == 202, said.text
            for port, token in ((desk, TOKEN), (probe, "")):
                shown = {"authorization": f"Bearer {token}"} if token else {}
                told = await client.get(f"http://127.0.0.1:{port}/metrics", headers=shown)
                assert promtool("check", "metrics", told=told.text) == ""
        async with reading(seen, desk, probe, TOKEN) as prometheus:
            await eventually(partial(_named, prometheus), 30, 0.5)
            assert await prometheus.fires("HubRoleSilent") == []
            place = ports.find(hub.data, "probe-edge-out")
            assert place is not None
            os.kill(place.pid, signal.SIGSTOP)
            try:
                [labels] = await eventually(partial(prometheus.fires, "HubRoleSilent"), 120, 1)
                assert (labels["role"], labels["severity"]) == ("edge-out-1", "page")
            finally:
                os.kill(place.pid, signal.SIGCONT)

            async def over() -> bool:
                return await prometheus.fires("HubRoleSilent") == []

            await eventually(over, 60, 1)
            for asked in expressions().values():
                await prometheus.value(asked)


async def _named(prometheus: Prometheus) -> bool:
    """Whether Prometheus has been told of exactly what the dashboard may ask for."""
    known = set(await prometheus.ask("metadata"))
    return {name for name in known if name.startswith("hub_")} == set(LABELS)
