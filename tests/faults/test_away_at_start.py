"""After a power cut everything starts at once: a hub that is up before its Kafka waits for it, and says so."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import clock
from hub.embedded import EmbeddedKafka
from hub.running import ports
from tests.flow.whole_hub import EDT, STARTS, TEAM, WholeHub
from tests.kit.people import a_handover
from tests.kit.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(240)]


@pytest.fixture
def cluster(kafka_node: EmbeddedKafka) -> EmbeddedKafka:
    """A Kafka that is not the hub's to start: it has an address, and is away."""
    kafka_node.start()
    kafka_node.stop()
    return kafka_node


@pytest.fixture
def hub(tmp_path: Path, cluster: EmbeddedKafka) -> WholeHub:
    status = cluster.status()
    assert status is not None
    home = tmp_path / "site"
    home.mkdir()
    more = {"HUB_KAFKA_BOOTSTRAP": status.bootstrap, "EDT_TOKEN": "edt", "TEAM_TOKEN": "team"}
    return WholeHub(home, {"edt": EDT, "team": TEAM}, more)


async def test_the_desk_serves_meanwhile_and_the_road_opens_when_kafka_is_there(
    hub: WholeHub, cluster: EmbeddedKafka
) -> None:
    async with (
        hub.running(until=("desk",)),
        httpx.AsyncClient(timeout=20, trust_env=False) as web,
    ):
        ready = await web.get(f"{hub.url('desk')}/ready")
        assert ready.json() == {"ledger": "answers", "kafka": "away"}
        await eventually(lambda: "HUB_KAFKA_BOOTSTRAP does not answer" in hub.log.read_text())
        await asyncio.sleep(2.5)
        assert not any(ports.find(hub.data, role) for role in ("edge-in", "edge-out", "core"))
        assert hub.log.read_text().count("does not answer:") == 1
        await asyncio.to_thread(cluster.start)
        await eventually(hub.serve, STARTS, 0.1)
        await eventually(hub.ready, 30, 0.1)
        handed_over: dict[str, Any] = {
            "type": "edt.handover",
            "occurred_at": clock.now().isoformat(),
            "reference": "EDT-0417",
            "recipients": [{"agency": "X26TEA", "for": "action"}],
            "body": a_handover(1).model_dump(mode="json"),
        }
        where = f"{hub.url('door')}/v1/partners/edt/messages"
        answer = await web.post(where, json=handed_over, headers={"authorization": "Bearer edt"})
        assert answer.status_code == 202, answer.text
        box, mine = f"{hub.url('desk')}/v1/outbox/team", {"authorization": "Bearer team"}

        async def offered() -> bool:
            return bool((await web.get(box, headers=mine)).json()["deliveries"])

        await eventually(offered, 30)


async def test_one_that_waits_ends_at_once_when_it_is_told_to(hub: WholeHub) -> None:
    (hub.home / "partners").mkdir()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "run"),
        env=hub.env,
        cwd=hub.home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    await eventually(lambda: process.returncode is not None or hub.serve(("desk",)), STARTS, 0.1)
    process.send_signal(signal.SIGTERM)
    said, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0, said.decode()[-2000:]
    assert "Traceback" not in said.decode()
