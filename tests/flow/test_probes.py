"""Who runs the hub hears whether a role lives and is ready, also where it hangs or lacks what it needs."""

import asyncio
import os
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.core.app import Core
from hub.directory.partner_files import load
from hub.edge import app
from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from hub.kafka.topic_setup import ensure_topics
from hub.partners import Directory
from hub.running import ports
from hub.serving.probe import Probe
from hub.settings import Settings
from hub.telemetry.vitals import ALL
from tests.flow.core_kit import Road, attendances
from tests.flow.whole_hub import EDT, TEAM, WholeHub
from tests.kit.site import the_partners
from tests.kit.waiting import eventually

RUNBOOK = Path("deploy/runbook/metrics.md").read_text(encoding="utf-8")
Answer = tuple[int, dict[str, Any]]


async def ask(data: Path, role: str, path: str, within: float = 5.0) -> Answer:
    """What a role's probe says; 0 where it says nothing in time."""
    place = await eventually(lambda: ports.find(data, f"probe-{role}"), 30)
    assert place is not None and place.port is not None
    return await ask_at(place.port, path, within)


async def ask_at(port: int, path: str, within: float = 5.0) -> Answer:
    async with httpx.AsyncClient(timeout=within, trust_env=False) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{port}{path}")
        except httpx.HTTPError:
            return 0, {}
    return answer.status_code, answer.json()


async def until(data: Path, role: str, status: int, why: str = "") -> dict[str, Any]:
    """Waits until a role is ready, or is not for this reason."""

    async def found() -> dict[str, Any] | None:
        answered, told = await ask(data, role, "/ready")
        return told if answered == status and why in told.get("why", "") else None

    said: dict[str, Any] | None = await eventually(found, 60, 0.2)
    assert said is not None
    return said


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_an_edge_is_ready_while_kafka_answers(
    kafka_node: EmbeddedKafka, tmp_path: Path
) -> None:
    """One that only sends, and has nobody to send to: its probe is all that listens."""
    hub = WholeHub(tmp_path, {}, {"TEAM_TOKEN": "t0ken", "HUB_PROBE_PORT": "0"})
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners/team.yaml").write_text(TEAM)
    await asyncio.to_thread(kafka_node.start)
    status = kafka_node.status()
    assert status is not None
    bootstrap = status.bootstrap
    settings = Settings(data=hub.data, kafka_bootstrap=bootstrap)
    await ensure_topics(settings, load(tmp_path / "partners"), bootstrap)
    await asyncio.to_thread(kafka_node.kill)
    edge = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "edge", "--part", "out"),
        env=hub.env | {"HUB_KAFKA_BOOTSTRAP": bootstrap},
        cwd=tmp_path,
    )
    try:
        # Before Kafka was ever there: it lives, waits, and says so.
        await until(hub.data, "edge-out", 503, "it has not begun yet")
        alive = (200, {"role": "edge-out", "status": "alive"})
        assert await ask(hub.data, "edge-out", "/health") == alive
        await asyncio.to_thread(kafka_node.start)
        told = await until(hub.data, "edge-out", 200)
        assert told == {"role": "edge-out", "status": "ready"}
        await asyncio.to_thread(kafka_node.kill)
        await until(hub.data, "edge-out", 503, "Kafka does not answer")
        assert await ask(hub.data, "edge-out", "/health") == alive
        await asyncio.to_thread(kafka_node.start)
        await until(hub.data, "edge-out", 200)
        edge.terminate()
        assert await asyncio.wait_for(edge.wait(), 20) == 0
    finally:
        if edge.returncode is None:
            edge.kill()
            await edge.wait()


async def test_an_edge_names_whom_it_cannot_listen_to_and_serves_the_others(
    empty_kafka: str, tmp_path: Path
) -> None:
    taken = ports.listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    partners = tmp_path / "partners"
    partners.mkdir()
    (partners / "hospital.yaml").write_text(
        "partner: hospital\ntitle: Hospital\nrole: health\nagency: X26H1\nauthorities: ['383']\n"
        f"transport: {{kind: mllp, listen: {{host: 127.0.0.1, port: {port}}}}}\n"
        'format: {kind: hl7v2, version: "2.4"}\nsends: [health.attendance]\n'
        "call: {who: Somebody, phone: 0113 496 0101}\n"
    )
    data = tmp_path / "hub"
    settings = Settings(
        data=data, partners_dir=partners, kafka_bootstrap=empty_kafka, probe_port=0, door_port=0
    )
    await ensure_topics(settings, load(partners), empty_kafka)
    stop = asyncio.Event()
    running = asyncio.create_task(app.run(settings, stop))
    try:

        async def named() -> bool:
            told = await until(data, "edge", 200)
            return told.get("cannot_listen") == ["hospital"]

        await eventually(named, 20, 0.2)
    finally:
        stop.set()
        await running
        taken.close()


def another(data: Path, role: str, pid: int) -> bool:
    """Whether another process answers for the role."""
    place = ports.find(data, f"probe-{role}")
    return place is not None and place.pid != pid


async def ready(core: Core) -> bool:
    return await core.fitness.unready() is None


@asynccontextmanager
async def a_road(kafka: str, folder: Path, url: str) -> AsyncIterator[Road]:
    road = Road(kafka, folder, url)
    try:
        yield road
    finally:
        road.engine.dispose()


async def test_core_is_ready_once_what_was_unread_is_read(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    async with a_road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}") as road:
        async with road.core() as core:
            await eventually(lambda: ready(core))
            await road.say(*attendances(range(3)))
            orders = await eventually(road.orders)
            assert await core.fitness.unready() is None
        await road.receive(*({"delivery_id": orders[0]["delivery_id"]} for _ in range(5)))
        held = asyncio.Event()
        # Receipts are left alone for a while, as behind a long backlog.
        monkeypatch.setattr("hub.core.app.Core._receipts_wait", lambda core: not held.is_set())
        async with road.core() as core:
            unready = await eventually(core.fitness.unready)
            assert unready is not None
            assert re.fullmatch(r"\d+ records of before its start are unread", unready)
            assert core.fitness.more() == {"unread": int(unready.split()[0])}
            held.set()
            await eventually(lambda: ready(core), 20)
            assert core.fitness.more() == {"unread": 0}


async def test_core_hangs_where_its_thread_does_though_its_loop_goes_on(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    monkeypatch.setattr("hub.core.fitness.STALLED", 1.0)
    monkeypatch.setattr("hub.core.fitness.SILENT", 1.0)
    async with (
        a_road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}") as road,
        road.core() as core,
    ):
        await eventually(lambda: ready(core))
        assert await core.fitness.hangs() is None
        goes_on = threading.Event()
        stuck = asyncio.create_task(core.ledger.transaction(lambda conn: goes_on.wait(30)))
        why = await eventually(core.fitness.hangs)
        assert why is not None and "the thread for the ledger" in why
        assert await core.fitness.unready() == "the ledger does not answer"
        goes_on.set()
        await stuck
        assert await core.fitness.hangs() is None
        await eventually(lambda: ready(core))


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_hub_run_answers_for_all_of_its_roles(tmp_path: Path) -> None:
    port = free_port()
    env = {"HUB_PROBE_PORT": str(port), "EDT_TOKEN": "t", "TEAM_TOKEN": "t"}
    hub = WholeHub(tmp_path, {"edt": EDT, "team": TEAM}, env)

    async def says(path: str, status: int, why: str = "") -> bool:
        answered, told = await ask_at(port, path, 10)
        return answered == status and why in told.get("why", "")

    async with hub.running():
        await eventually(lambda: says("/ready", 200), 30, 0.2)
        assert await says("/health", 200)
        for role in ("edge-in", "edge-out", "core"):
            place = ports.find(hub.data, f"probe-{role}")
            assert place is not None
            # Its port still takes connections; nobody behind it does anything.
            os.kill(place.pid, signal.SIGSTOP)
            try:
                assert (await ask(hub.data, role, "/health", 2))[0] == 0
                assert await says("/health", 503, f"{role}: it does not answer")
                assert await says("/ready", 503, f"{role}: it does not answer")
            finally:
                os.kill(place.pid, signal.SIGCONT)
            await eventually(lambda: says("/ready", 200), 30, 0.2)
            os.kill(place.pid, signal.SIGKILL)
            assert await says("/health", 200)
            await eventually(partial(another, hub.data, role, place.pid), 30, 0.1)
            await eventually(lambda: says("/ready", 200), 30, 0.2)
        told = await eventually(partial(counted, port), 20)
        by_role = set(re.findall(r'^(\w+)\{role="([\w-]+)"\}', told, re.M))
        assert by_role == {
            (vital.exposed, role)
            for vital in ALL
            for role in ("run", "edge-in", "edge-out", "core")
        }


async def counted(port: int) -> str:
    """All metrics, once core has recorded something since its last start."""
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        told = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    found = re.search(r'^hub_recorded_records_total{role="core"} ([\d.e+]+)', told, re.M)
    transactions = re.search(r'^hub_ledger_transactions_total{role="core"} ([\d.e+]+)', told, re.M)
    assert found and transactions and float(transactions[1]) > 0
    return told if float(found[1]) > 0 else ""


def test_every_vital_is_explained_and_no_other() -> None:
    explained = dict(re.findall(r"^\| `(\w+)` \| process \| (.+?) \|$", RUNBOOK, re.M))
    assert explained == {vital.exposed: vital.meaning for vital in ALL}


async def test_without_a_port_nothing_answers(tmp_path: Path) -> None:
    async with Probe(Settings(data=tmp_path), "core").answering():
        assert ports.find(tmp_path, "probe-core") is None
