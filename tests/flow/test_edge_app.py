"""An edge as a process runs it: real sockets in, a real Kafka behind, and no acknowledgement before it."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import ids, topics, wire
from hub.broker import make_broker, publish_all
from hub.directory.partner_files import load
from hub.edge import app
from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from hub.kafka.topic_setup import ensure_topics
from hub.partners import feeds
from hub.running import ports
from hub.seal import Keyring
from hub.settings import Settings
from hub.wire import Record
from tests.kit.kafka import read_to_end
from tests.kit.waiting import eventually

GOLDEN = Path("tests/golden")
ADMIT = (GOLDEN / "hl7v2/a01_itk24_admit.er7").read_bytes()
ANSWER = json.loads((GOLDEN / "hub-json/handover_response.json").read_text())
CHILD = "9995908301"
HOSPITAL = "exemplar-hospital"

_HOSPITAL = """
partner: exemplar-hospital
title: Exemplar Hospitals
role: health
agency: X26H1
authorities: [E08000035]
transport: {{kind: mllp, listen: {{host: 127.0.0.1, port: {port}}}}}
format: {{kind: hl7v2, version: "2.4"}}
sends: [health.attendance]
filtered: true
call: {{who: Interface desk, phone: 0113 496 0101}}
"""
_TEAM = """
partner: team-north
title: Assessment team north
role: assessment_team
agency: "383"
authorities: [E08000035]
transport: {kind: outbox, token: {env: HUB_TEST_TOKEN}}
format: {kind: hub-json}
sends: [handover.response]
receives:
  - {type: edt.handover, for: action}
call: {who: Duty manager, phone: 0113 496 0103}
"""


@dataclass
class Site:
    """One hub's Kafka, keys and partner files; an edge runs on it when told."""

    settings: Settings
    keys: Keyring
    mllp: int

    @asynccontextmanager
    async def half(self, part: str) -> AsyncIterator[None]:
        """An edge that takes in, or one that sends out."""
        stop, settings = asyncio.Event(), self.settings.model_copy(update={"edge_part": part})
        running = asyncio.create_task(app.run(settings, stop))
        try:
            await eventually(lambda: ports.find(self.settings.data, f"edge-{part}"))
            yield
        finally:
            stop.set()
            assert await running == 0

    @asynccontextmanager
    async def edge(self) -> AsyncIterator[httpx.AsyncClient]:
        """An edge, and a client at its door that shows the team's token."""
        stop = asyncio.Event()
        ports.write_whole(self.settings.data / "ports" / "door.json", "{}")
        running = asyncio.create_task(app.run(self.settings, stop))
        try:
            await eventually(lambda: ports.find(self.settings.data, "door"))
            place = ports.find(self.settings.data, "door")
            base = f"http://127.0.0.1:{place.port if place else 0}"
            async with httpx.AsyncClient(base_url=base, timeout=30) as client:
                client.headers["authorization"] = "Bearer t0ken"
                yield client
        finally:
            stop.set()
            assert await running == 0

    async def records(self, topic: str) -> list[Record]:
        """What stands in a topic."""
        bootstrap = self.settings.kafka_bootstrap or ""
        return [
            wire.read(self.keys, topic, dict(record.headers), record.value)
            async for record in read_to_end(self.settings, bootstrap, topic)
        ]

    async def connections(self) -> dict[str, dict[str, str]]:
        """What each edge last said of those it sends to."""
        reports = [record.meta for record in await self.records("reports")]
        return {meta["edge"]: meta["connections"] for meta in reports}

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The door is announced first; each transport listens as soon as it can."""
        for _ in range(100):
            try:
                return await asyncio.open_connection("127.0.0.1", self.mllp)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
        return await asyncio.open_connection("127.0.0.1", self.mllp)

    async def hl7(self, message: bytes) -> bytes:
        """One message over MLLP, and the answer; empty where the hub closed without one."""
        reader, writer = await self._connected()
        writer.write(b"\x0b" + message + b"\x1c\r")
        answer = await asyncio.wait_for(reader.read(65536), 30)
        writer.close()
        return answer

    async def watch(self, number: str, watched: bool = True) -> None:
        """What core says of a child whom somebody watches."""
        token = ids.token(self.keys.watch(HOSPITAL), "nhs", number)
        record = Record("watched", wire.event_id(), {"partner": HOSPITAL, "token": token})
        await self.tell(f"{HOSPITAL}.{token}", record)

    async def tell(self, key: str, record: Record) -> None:
        """A record of the watched topic."""
        broker = make_broker(self.settings)
        await broker.connect()
        await publish_all(broker, [wire.write(self.keys, topics.WATCHED, key, record)])
        await broker.stop()


async def site(bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("HUB_TEST_TOKEN", "t0ken")
    files, port = tmp_path / "partners", free_port()
    files.mkdir()
    (files / "exemplar-hospital.yaml").write_text(_HOSPITAL.format(port=port))
    (files / "team-north.yaml").write_text(_TEAM)
    settings = Settings(
        kafka_bootstrap=bootstrap,
        kafka_session_timeout=6.0,
        data=tmp_path / "data",
        partners_dir=files,
        door_port=0,
    )
    await ensure_topics(settings, load(files))
    made = Site(settings, Keyring.first_start(settings.keys), port)
    for feed in feeds(load(files)):
        await made.tell(topics.whole(*feed), Record("watched", wire.event_id(), {}))
    return made


async def post(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.post("/v1/partners/team-north/messages", json=ANSWER | changes)


async def test_what_is_acknowledged_stands_in_kafka(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await site(empty_kafka, tmp_path, monkeypatch)
    async with s.edge() as client:
        answer = await post(client)
        assert answer.status_code == 202, answer.text
        (message,) = await s.records("flows.handover")
        parcel = message.parcel
        assert parcel is not None and await s.records("parcels") == []
        assert answer.json()["messages"] == [message.id] == parcel.meta["messages"]
        assert message.meta["answers"] == ANSWER["answers"]
        assert (await client.get("/ready")).json() == {"status": "ready"}

        refused = await post(client, occurred_at="yesterday")
        assert refused.status_code == 422 and refused.json()["place"]
        assert [p.meta["state"] for p in await s.records("parcels")] == ["unreadable"]

        async def reported() -> bool:
            return bool(await s.records("reports"))

        await eventually(reported)
        report = await s.records("reports")
        assert set(report[-1].meta["partners"]) == {HOSPITAL, "team-north"}
    last = (await s.records("reports"))[-1].meta["tallies"]["team-north"]
    assert (last["owned"], last["refused"]) == (1, 1)


async def test_a_feed_is_read_only_for_children_whom_somebody_watches(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await site(empty_kafka, tmp_path, monkeypatch)
    await s.watch("9991234560")
    async with s.edge():
        assert b"MSA|AA|1391320453338055" in await s.hl7(ADMIT)
        assert await s.records("flows.health") == await s.records("parcels") == []
        await s.watch(CHILD)

        async def stored() -> bool:
            assert b"MSA|AA|1391320453338055" in await s.hl7(ADMIT)
            return bool(await s.records("flows.health"))

        await eventually(stored)
        assert (await s.records("flows.health"))[0].kind == "health.attendance"
    async with s.edge():
        # Read to its end before anybody is listened to.
        before = len(await s.records("flows.health"))
        await s.hl7(ADMIT)
        assert len(await s.records("flows.health")) == before + 1


@pytest.mark.slow
async def test_an_edge_that_runs_reads_whom_to_keep_anew_where_kafka_is_another_one(
    kafka_node: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.kafka.same_kafka.EVERY", 0.2)
    s = await site(kafka_node.start(), tmp_path, monkeypatch)
    for n in range(40):
        await s.watch(f"{n:010}")
    async with s.edge():
        assert b"MSA|AA" in await s.hl7(ADMIT), "nobody watches this child: not kept"
        assert await s.records("flows.health") == []
        home, before = kafka_node.home, kafka_node.status()
        assert before is not None
        kafka_node.kill()
        await asyncio.to_thread(shutil.rmtree, home)
        other = EmbeddedKafka(home.parent, kafka_node.heap, before.port, brief=True)
        await asyncio.to_thread(other.start)
        await ensure_topics(s.settings, load(s.settings.partners_dir))
        # The child comes first in its partition, before the place to which the old list was read.
        await s.watch(CHILD)
        for n in range(100, 160):
            await s.watch(f"{n:010}")

        async def kept() -> bool:
            return b"MSA|AA" in await s.hl7(ADMIT) and bool(await s.records("flows.health"))

        await eventually(kept, 30, 0.5)
    await asyncio.to_thread(other.kill)


async def test_while_kafka_is_away_each_transport_says_so_in_its_own_terms(
    kafka_node: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = kafka_node.start()
    s = await site(bootstrap, tmp_path, monkeypatch)
    await s.watch(CHILD)
    async with s.edge() as client:
        assert (await post(client)).status_code == 202
        kafka_node.kill()
        answer, said = await asyncio.gather(post(client, reference="R-2"), s.hl7(ADMIT))
        assert answer.status_code == 503 and answer.headers["retry-after"]
        assert said == b""
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200
        await asyncio.to_thread(kafka_node.start)

        async def owned() -> bool:
            return (await post(client, reference="R-3")).status_code == 202

        await eventually(owned, 60)
        references = [record.meta["reference"] for record in await s.records("flows.handover")]
        assert {"CMS-2026-118", "R-3"} <= set(references)


async def test_an_edge_beside_one_partner_speaks_with_that_one_alone(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await site(empty_kafka, tmp_path, monkeypatch)
    s.settings = s.settings.model_copy(update={"partners": (HOSPITAL,)})
    async with s.edge() as client:
        assert (await post(client)).status_code == 401
    with pytest.raises(app.WrongPartner, match="nobody"):
        app.chosen(load(s.settings.partners_dir), ("nobody",))


async def test_each_half_of_an_edge_does_its_half_under_a_name_of_its_own(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await site(empty_kafka, tmp_path, monkeypatch)
    async with s.half("out"), s.half("in"):

        async def both_reported() -> bool:
            return len(await s.connections()) == 2

        await eventually(both_reported)
        assert await s.hl7(ADMIT)
    told = await s.connections()
    assert set(told) == {"in-1", "out-1"}
    assert (set(told["in-1"]), set(told["out-1"])) == (set(), {HOSPITAL})


async def test_where_edge_only_sends_out_nobody_is_listened_to(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = await site(empty_kafka, tmp_path, monkeypatch)
    async with s.half("out"):

        async def reported() -> bool:
            return bool(await s.connections())

        await eventually(reported)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", s.mllp)
    assert ports.find(s.settings.data, "door") is None
