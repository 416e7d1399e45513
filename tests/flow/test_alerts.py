"""A partner that goes down is one mail and one post, and one of each when it is back, whoever is killed."""

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import clock
from hub.embedded.processes import free_port
from tests.contract.transports.http_peer import Endpoint
from tests.contract.transports.smtp_peer import MailServer
from tests.flow.whole_hub import EDT, WholeHub
from tests.kit.people import a_handover
from tests.kit.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(600)]

TEAM = """\
partner: team
title: Team East
role: assessment_team
agency: X26TEA
authorities: ["383"]
transport: {{kind: http, push: {{url: "http://127.0.0.1:{port}/", allow_private: true}}}}
format: {{kind: hub-json}}
receives: [{{type: edt.handover, for: action}}]
retry: {{first: PT1S, longest: PT2S}}
"""
OPERATIONS = """\
partner: {name}
title: {name}
role: operations
agency: X26OPS
authorities: ["380", "383"]
transport: {transport}
format: {{kind: {format}}}
receives:
  - {{type: incident.opened, for: action}}
  - {{type: incident.recovered, for: information}}
alerts: {{after: PT1S}}
"""
MAIL = (
    "{{kind: smtp, host: 127.0.0.1, port: {}, tls: none, sender: hub@council.example.org,"
    " recipient: ops@council.example.org, verified_domains: [council.example.org]}}"
)
HOOK = '{{kind: http, push: {{url: "http://127.0.0.1:{}/hook", allow_private: true}}}}'


def _operations(name: str, transport: str, format: str) -> str:
    return OPERATIONS.format(name=name, transport=transport, format=format)


class Site:
    """A hub, a team that can go down, and the two whom operations read."""

    def __init__(self, home: Path) -> None:
        self.team, self.mail, self.hook, self.monitor = (
            Endpoint(),
            MailServer(),
            Endpoint(),
            Endpoint(),
        )
        self.team.port, self.hook.port, self.monitor.port = free_port(), free_port(), free_port()
        partners = {
            "edt": EDT,
            "team": TEAM.format(port=self.team.port),
            "ops-mail": _operations("ops-mail", MAIL.format(self.mail.port), "incident-email"),
            "ops-hook": _operations("ops-hook", HOOK.format(self.hook.port), "hub-json"),
        }
        more = {
            "HUB_DESK_URL": "https://desk.example.org",
            "HUB_RUNBOOK_DIR": str(home / "runbook"),
            "HUB_HEARTBEAT_URL": f"http://127.0.0.1:{self.monitor.port}/ping",
            "HUB_HEARTBEAT_SECONDS": "1",
            "EDT_TOKEN": "edt",
        }
        self.hub = WholeHub(home, partners, more)

    def subjects(self) -> list[str]:
        """Of every mail that came."""
        return [str(letter["Subject"]).rpartition(",")[0] for letter in self.mail.letters]

    def posted(self) -> list[tuple[str, str]]:
        """Type and kind of all that was posted."""
        said = [json.loads(body) for _, body in self.hook.heard]
        return [(one["type"], one["body"]["kind"]) for one in said]

    async def alive(self) -> None:
        """The monitor hears the hub again and again."""
        before = len(self.monitor.heard)
        await eventually(lambda: len(self.monitor.heard) >= before + 2, 90, 0.1)

    async def both(self, count: int) -> None:
        """Both have so many alerts, and a moment later no more."""
        await eventually(lambda: len(self.mail.letters) >= count, 90, 0.1)
        await eventually(lambda: len(self.hook.heard) >= count, 90, 0.1)
        await asyncio.sleep(6)
        assert (len(self.mail.letters), len(self.hook.heard)) == (count, count)

    def ask(self, sql: str) -> list[Any]:
        """What the ledger says."""
        with closing(
            sqlite3.connect(f"file:{self.hub.data / 'ledger.db'}?mode=ro", uri=True)
        ) as ledger:
            return ledger.execute(sql).fetchall()

    async def seen(self, sql: str) -> None:
        """Waits until the ledger says something."""
        await eventually(lambda: self.ask(sql), 60, 0.01)

    async def kill_core(self) -> None:
        """SIGKILL; the supervisor starts another."""
        before = self.core
        os.kill(before, signal.SIGKILL)
        await eventually(lambda: self.core != before, 60, 0.05)

    @property
    def core(self) -> int:
        return int(json.loads((self.hub.data / "run.json").read_text())["core"])

    async def hand_over(self, client: httpx.AsyncClient, reference: str) -> None:
        said = {
            "type": "edt.handover",
            "occurred_at": clock.now().isoformat(),
            "reference": reference,
            "recipients": [{"agency": "X26TEA", "for": "action"}],
            "body": a_handover(1).model_dump(mode="json"),
        }
        where = f"{self.hub.url('door')}/v1/partners/edt/messages"
        answer = await client.post(where, json=said, headers={"authorization": "Bearer edt"})
        assert answer.status_code == 202, answer.text


@asynccontextmanager
async def site(home: Path) -> AsyncIterator[Site]:
    page = home / "runbook/incidents/partner_down.md"
    page.parent.mkdir(parents=True)
    page.write_text("# A partner is down\n\n**First**\n\n1. Ring them.\n\n**It ends.** It does.\n")
    made = Site(home)
    await made.mail.up()
    await made.hook.up()
    await made.monitor.up()
    try:
        yield made
    finally:
        for peer in (made.team, made.hook, made.monitor, made.mail):
            await peer.down()


async def test_one_mail_and_one_post_when_it_goes_down_and_one_each_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with (
        site(tmp_path) as s,
        s.hub.running(until=()),
        httpx.AsyncClient(timeout=20, trust_env=False) as client,
    ):
        await eventually(s.hub.serve, 150, 0.2)
        await eventually(s.hub.ready, 60, 0.2)
        await s.alive()
        await s.hand_over(client, "EDT-1")
        await s.seen("select 1 from incident where kind = 'partner_down'")
        await s.kill_core()
        await s.both(1)
        await s.kill_core()
        await s.alive()
        await s.both(1)
        assert s.subjects() == ["Hub incident opened: partner down"]
        assert s.posted() == [("incident.opened", "partner_down")]
        text = s.mail.letters[0].get_content()
        assert "Team East does not answer." in text and "1. Ring them." in text
        assert "https://desk.example.org/incidents/" in text
        await s.team.up()
        await s.seen("select 1 from incident where closed_at is not null")
        await s.kill_core()
        await s.both(2)
        assert s.subjects()[1] == "Hub incident over: partner down"
        assert s.posted()[1] == ("incident.recovered", "partner_down")
        told = [json.loads(body)["body"]["incident"] for _, body in s.hook.heard]
        assert told[0] == told[1]
        states = "select distinct state from delivery where partner in ('ops-mail', 'ops-hook')"
        assert s.ask(states) == [("delivered",)]
        assert s.ask("select count(*) from incident where closed_at is null") == [(0,)]
        assert "Both equations balance." in await s.hub.command("ledger", "reconcile")
        await s.alive()
        os.kill(s.core, signal.SIGSTOP)
        await asyncio.sleep(1.5)
        before = len(s.monitor.heard)
        await asyncio.sleep(3)
        assert len(s.monitor.heard) == before, "a core that stands still is missed"
        os.kill(s.core, signal.SIGCONT)
        await s.alive()
