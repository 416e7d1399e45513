"""A marked child goes every way there is, and is afterwards found in content alone."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from hub import topics, wire
from hub.broker import make_broker, publish_all
from hub.embedded.processes import free_port
from hub.running.supervise import Record
from hub.seal import Keyring
from hub.telemetry import traces
from tests.flow.marked import ALL, BORN, FAMILY, GIVEN, NUMBER, in_files, marked, marks_in
from tests.flow.private_partners import Adversaries, Quoting, partners
from tests.flow.whole_hub import WholeHub
from tests.kit import people
from tests.kit.collector import Collector, collecting
from tests.kit.kafka import read_to_end
from tests.kit.waiting import eventually

THEIRS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ADMIT = Path("tests/golden/hl7v2/a01_itk24_admit.er7").read_bytes()
CSV = Path("tests/golden/contact-csv/evening_1252.csv").read_bytes().decode("cp1252")


def admit(control: str = "1391320453338055", number: str = NUMBER) -> bytes:
    """The golden attendance, of the marked child."""
    text = ADMIT.decode("utf-8").replace("9995908301", number).replace("1391320453338055", control)
    text = text.replace("OKAFOR-LINDQVIST^ZOË^J", f"{FAMILY}^{GIVEN}^J")
    text = text.replace("20170312", f"{BORN:%Y%m%d}")
    return text.replace("29 WEST TERRACE", "17 Marrowfen Gallery").encode()


def export(concern: str = "", born: str = "") -> bytes:
    """The golden export, of the marked child; `born` spoils the date."""
    text = CSV.replace("Zoë Okafor-Lindqvist", f"{GIVEN} {FAMILY}").replace("999 590 8301", NUMBER)
    text = text.replace("29 West Terrace", "17 Marrowfen Gallery")
    text = text.replace("Quiet, would not", f"{ALL}; quiet, would not")
    return text.replace("12/03/2017", born or f"{BORN:%d/%m/%Y}").encode("cp1252")


@dataclass
class Story:
    """One hub, its partners, and what is to be done to them."""

    hub: WholeHub
    peers: Adversaries
    mllp: int
    folder: Path
    client: httpx.AsyncClient
    collector: Collector
    told: list[str] = field(default_factory=list)
    """What was answered where something was wrong, and what machines are told."""

    async def post(self, partner: str, type: str, body: Any, **more: Any) -> httpx.Response:
        message = {
            "type": type,
            "reference": more.pop("reference", f"R-{uuid4().hex[:8]}"),
            "occurred_at": datetime.now(UTC).isoformat(),
            "body": body,
        } | more
        answer = await self.client.post(
            f"{self.hub.url('door')}/v1/partners/{partner}/messages",
            params={"about": ALL},
            json=message,
            headers={
                "authorization": "Bearer t0ken",
                "user-agent": ALL,
                "baggage": f"child={FAMILY}",
                "tracestate": f"child={FAMILY}",
                "traceparent": THEIRS,
            },
        )
        self.note(answer)
        return answer

    def note(self, answer: httpx.Response) -> None:
        """Keeps what was answered, heads and all."""
        self.told += [str(answer.headers), answer.text]

    async def get(self, url: str, **more: Any) -> None:
        """Asks, and keeps what was answered."""
        self.note(await self.client.get(url, **more))

    async def hl7(self, message: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.mllp)
        writer.write(b"\x0b" + message + b"\x1c\r")
        answer = await asyncio.wait_for(reader.read(65536), 30)
        writer.close()
        return answer

    def ask(self, sql: str) -> list[Any]:
        """What the ledger says."""
        with closing(
            sqlite3.connect(f"file:{self.hub.data / 'ledger.db'}?mode=ro", uri=True)
        ) as ledger:
            return ledger.execute(sql).fetchall()

    async def seen(self, sql: str, count: int = 1) -> None:
        """Waits until the ledger has that many rows."""
        await eventually(lambda: len(self.ask(sql)) >= count, 30, 0.1)


@asynccontextmanager
async def story(home: Path) -> AsyncIterator[Story]:
    mail = Quoting()
    await mail.up()
    folder, port = home / "centre", free_port()
    folder.mkdir()
    peers = Adversaries(mail)
    await peers.up()
    env = {
        "HUB_TEST_TOKEN": "t0ken",
        "HUB_LOG_LEVEL": "DEBUG",
        "HUB_PROBE_PORT": str(free_port()),
        # What else would tell a collector what it sees.
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    }
    try:
        with collecting() as collector:
            hub = WholeHub(home, partners(peers, port, folder), env | collector.env)
            async with hub.running(), httpx.AsyncClient(timeout=30, trust_env=False) as client:
                yield Story(hub, peers, port, folder, client, collector)
    finally:
        await peers.down()
        await mail.down()


async def every_way(s: Story) -> None:
    """Sends the marked child every way there is, and waits for what each does."""
    handover = marked(people.a_handover(0), 0)
    referral = marked(people.a_referral(0), 0)
    assert (await s.post("edt", "edt.handover", handover)).status_code == 202
    assert (await s.post("form", "referral.received", referral, reference="MARF-1")).is_success
    request = marked(people.a_strategy_request(0), 0)
    assert (await s.post("form", "strategy.requested", request)).is_success
    await _wrong_ways(s, referral)
    await s.seen("select 1 from watched")
    await eventually(lambda: _attended(s), 20, 0.2)
    unreadable = admit("2").replace(f"{BORN:%Y%m%d}1515".encode(), f"{FAMILY} {NUMBER}".encode())
    assert b"MSA|A" in (answer := await s.hl7(unreadable)) and b"MSA|AA" not in answer
    s.folder.joinpath("export-1.csv").write_bytes(export())
    s.folder.joinpath(f"{GIVEN} {FAMILY} {NUMBER}.csv").write_bytes(
        export().replace(b"CC-1", b"CD-1")
    )
    s.folder.joinpath(f"{FAMILY} broken.csv").write_bytes(export(born=f"{FAMILY}/{NUMBER}"))
    await s.seen("select 1 from message where type = 'contact.recorded'", 3)
    await eventually(lambda: list((s.folder / "refused").glob("*reason.txt")), 20)
    await _stuck(s)
    await _at_the_desk(s)
    await _by_machines(s)
    await s.seen("select 1 from delivery where partner = 'police' and tries > 0")
    await s.seen("select 1 from delivery where partner = 'night' and tries > 0")
    await eventually(lambda: s.peers.mail.letters, 20)


async def _wrong_ways(s: Story, referral: dict[str, Any]) -> None:
    """Unreadable, refused, and the same reference with other content."""
    assert b"MSA|AA" in await s.hl7(admit("1", people.nhs(4)))
    spoiled = referral | {"received_at": ALL, ALL: {GIVEN: ALL}}
    assert (await s.post("form", "referral.received", spoiled)).status_code == 422
    assert (await s.post("form", "police.notification", referral)).status_code == 422
    assert (await s.post("form", ALL, referral)).status_code == 422
    assert (await s.post("police", "police.notification", {"child": ALL})).is_success
    other = referral | {"reason": f"Something else about {ALL}"}
    assert (await s.post("form", "referral.received", other, reference="MARF-1")).is_success
    await s.seen("select 1 from incident where kind = 'conflict'")
    await s.seen("select 1 from parcel where state = 'unreadable'")


async def _attended(s: Story) -> bool:
    await s.hl7(admit("3"))
    return bool(s.ask("select 1 from message where type = 'health.attendance'"))


async def _stuck(s: Story) -> None:
    """A record of ours that core cannot record: its meta names what is not there."""
    broker = make_broker(s.hub.settings)
    await broker.connect()
    record = wire.Record("referral.received", str(uuid4()), {"envelope": ALL}, ALL.encode())
    out = wire.write(Keyring.load(s.hub.data / "keys"), topics.flow("referral"), "k", record)
    await publish_all(broker, [out])
    await broker.stop()
    await s.seen("select 1 from stuck")


async def _at_the_desk(s: Story) -> None:
    """Somebody looks the child up, reads, and refuses the handover for a reason that names it."""
    words = ("--role", "duty_manager", "--authority", "383", "--agency", "exemplar-council")
    said = await s.hub.command(
        "people",
        "add",
        "--name",
        "J. Ahmed",
        *words,
        "--email",
        "duty@example.org",
        "--team",
        "duty",
    )
    password = said.split()[-1]
    desk = s.hub.url("desk")
    async with httpx.AsyncClient(base_url=desk, follow_redirects=True, timeout=30) as web:
        page = await web.get("/sign-in")

        async def press(where: str, **fields: str) -> httpx.Response:
            token = re.search(r'name="token" value="([^"]+)"', page.text)
            assert token is not None
            return await web.post(where, data=fields | {"token": token[1]})

        page = await press("/sign-in", email="duty@example.org", password=password)
        assert page.status_code == 200, page.text
        for asked in (NUMBER, f"{GIVEN} {FAMILY}"):
            await press("/find", q=asked)
            await web.get("/find", params={"q": asked, "reference": asked})
            await web.get(f"/message/{asked}")
            s.note(await web.get(f"/no-such-page/{asked}"))
        await press("/sign-in", email=f"{FAMILY}@example.org", password=ALL)
        page = await web.get("/inbox")
        (message,) = s.ask("select message_id from message where type = 'edt.handover'")[0]
        page = await web.get("/inbox")
        assert message in page.text
        version = re.search(r'name="version" value="(\d+)"', page.text)
        refused = await press(
            f"/message/{message}/answer",
            say="refused",
            version=version[1] if version else "0",
            reason=f"{ALL} is not ours",
            text=f"Ask about {ALL}",
        )
        assert refused.status_code == 200, refused.text
        page = await web.get(f"/message/{message}")
        assert (await press(f"/message/{message}/content", why=f"To see {ALL}")).status_code == 200
    await s.seen("select 1 from journey where machine = 'handover' and state = 'refused'")


async def _by_machines(s: Story) -> None:
    """What other programs ask, rightly and wrongly."""
    door, desk = s.hub.url("door"), s.hub.url("desk")
    probe = f"http://127.0.0.1:{s.hub.more['HUB_PROBE_PORT']}"
    for base in (door, desk, probe):
        for path in ("/health", "/ready", "/metrics", f"/v1/{FAMILY}", f"/v1/outbox/{NUMBER}"):
            await s.get(base + path, params={"q": ALL}, headers={"authorization": f"Bearer {ALL}"})
    bearer = {"authorization": "Bearer t0ken"}
    where = f"{door}/v1/partners/{{}}/messages"
    for partner, sent in ((FAMILY, b"{}"), ("form", ALL.encode()), ("form", b"{}")):
        headers = bearer | {"content-type": "application/json"}
        s.note(await s.client.post(where.format(partner), content=sent, headers=headers))
    odd = bearer | {"content-type": f"text/plain; charset={FAMILY}"}
    s.note(await s.client.post(where.format("form"), content=ALL.encode(), headers=odd))
    for name, text in (("export.csv", export()), ("broken.csv", export(born=f"{FAMILY}/{NUMBER}"))):
        (s.hub.home / name).write_bytes(text)
        # What it prints is content, for who holds the file; what it leaves behind is looked through.
        await s.hub.command("partners", "dry-run", "centre", name, may_fail=True)
        (s.hub.home / name).unlink()


def of_processes(s: Story) -> list[str]:
    """What anybody on this machine sees of ours: how they were started, what their threads are called."""
    pids = Record(s.hub.data).roles.values()
    assert len(pids) == 4
    files = [
        file
        for pid in pids
        for file in (Path(f"/proc/{pid}/cmdline"), *Path(f"/proc/{pid}/task").glob("*/comm"))
    ]
    return [f"{file}: {mark}" for file in files for mark in marks_in(file.read_bytes())]


async def on_the_road(s: Story) -> list[str]:
    """Everything in Kafka that stands beside content, and content itself, which is sealed."""
    bootstrap, found = s.hub.bootstrap, []
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    groups = [name for name, _ in await admin.list_consumer_groups()]
    names = [name for name in await admin.list_topics() if not name.startswith("__")]
    await admin.close()
    found += [f"name {name}" for name in (*groups, *names) if marks_in(name)]
    count = 0
    for topic in names:
        async for record in read_to_end(s.hub.settings, bootstrap, topic):
            count += 1
            about = [record.key or b"", record.value or b""]
            about += [part for name, value in record.headers for part in (name.encode(), value)]
            found += [f"{topic}: {mark}" for part in about for mark in marks_in(part)]
    assert count > 20
    return found


async def traced(s: Story) -> list[str]:
    """Everything that the collector was sent: names, attributes, links, words and heads."""
    names = {"accept", "deliver", "derive", "process receipts", "process flows.handover"}
    await eventually(lambda: names <= {span.name for span in s.collector.spans}, 20)
    failed = {span.facts["hub.partner"] for span in s.collector.spans if span.failed}
    assert failed >= {"police", "night", "millrace"}
    found = [f"trace: {mark}" for raw in s.collector.raw for mark in marks_in(raw)]
    found += [f"trace: {mark}" for head in s.collector.heads for mark in marks_in(head)]
    found += [f"trace: words {span.words}" for span in s.collector.spans if span.words]
    found += [f"trace: {path}" for path in s.collector.heads if path.split()[0] != "/v1/traces"]
    known = traces.ATTRIBUTES
    others = {name for span in s.collector.spans for name in span.facts.keys() - known}
    return found + [f"trace: attribute {name}" for name in others]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_marked_child_is_found_in_content_alone(tmp_path: Path) -> None:
    async with story(tmp_path) as s:
        await every_way(s)
        (message,) = s.ask("select message_id from message where type = 'edt.handover'")[0]
        asked = (["status"], ["ledger", "reconcile"], ["settings"], ["trace", message])
        said = [await s.hub.command(*words) for words in asked]
        found = [f"said: {mark}" for text in (*said, *s.told) for mark in marks_in(text)]
        found += of_processes(s)
        found += await traced(s)
        found += await on_the_road(s)
        found += in_files(tmp_path, [s.hub.log, s.hub.data])
        for letter in s.peers.mail.letters:
            heads = "\n".join(f"{name}: {value}" for name, value in letter.items())
            found += [f"mail: {mark}" for mark in marks_in(heads)]
        reasons = (s.folder / "refused").glob("*reason.txt")
        found += [
            f"{path.name}: {mark}" for path in reasons for mark in marks_in(path.read_bytes())
        ]
    for line in s.hub.log.read_text().splitlines():
        facts: dict[str, Any] = json.loads(line)
        assert facts.keys() >= {"event", "level", "timestamp", "role", "instance"}, line
    # The ledger as it stands on disk once everything is closed.
    found += in_files(tmp_path, [s.hub.log, s.hub.data])
    assert not found, "\n".join(dict.fromkeys(found))
