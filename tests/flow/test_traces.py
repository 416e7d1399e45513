"""One parcel is one tree of spans from its arrival to its receipt, also through a retry and a killed core."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import clock
from hub.running import ports
from hub.telemetry import traces
from tests.contract.transports.http_peer import Endpoint
from tests.flow.whole_hub import WholeHub
from tests.kit import people
from tests.kit.collector import Collector, Told, collecting
from tests.kit.waiting import eventually

THEIRS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_SENDER = """\
partner: edt
title: Emergency Duty Team
role: edt
agency: X26EDT
authorities: ["383"]
transport: {kind: http, token: {env: EDT_TOKEN}}
format: {kind: hub-json}
sends: [edt.handover]
"""
_TEAM = """\
partner: team
title: Team East
role: assessment_team
agency: exemplar-council
authorities: ["383"]
team: team
transport:
  kind: http
  token: {{env: EDT_TOKEN}}
  push: {{url: "http://127.0.0.1:{port}/hub/in", allow_private: true, timeout: 5}}
format: {{kind: hub-json}}
retry: {{first: PT4S}}
receives: [{{type: edt.handover, for: action}}]
"""


PUBLISHED = clock.now().isoformat()
"""What is said twice is the same twice."""


@dataclass
class Watched:
    """A hub whose traces are watched, a partner that may say no, and who speaks to it."""

    hub: WholeHub
    team: Endpoint
    collector: Collector
    client: httpx.AsyncClient
    more: dict[str, Any] = field(default_factory=dict)

    async def say(self, seed: int = 0) -> str:
        """Sends a handover; the trace that it should begin."""
        message = {
            "type": "edt.handover",
            "reference": f"R-{seed}",
            "occurred_at": PUBLISHED,
            "body": json.loads(people.a_handover(seed).model_dump_json(by_alias=True)),
        }
        answer = await self.client.post(
            f"{self.hub.url('door')}/v1/partners/edt/messages",
            json=message,
            headers={"authorization": "Bearer t0ken", "traceparent": THEIRS},
        )
        assert answer.status_code == 202, answer.text
        (message_id,) = answer.json()["messages"]
        return traces.place(message_id).trace_id

    async def until(self, trace: str, name: str, **facts: object) -> list[Told]:
        """The trace, once a span of that name with these facts is told, and all that stand above it.

        Each role tells its own when it likes: a parent may come after its child.
        """

        def found() -> list[Told]:
            spans = self.collector.of(trace)
            wanted = {f"hub.{key}": value for key, value in facts.items()}
            there = any(s.name == name and wanted.items() <= s.facts.items() for s in spans)
            return spans if there and not orphans(spans) else []

        return await eventually(found, 40, 0.1)


@asynccontextmanager
async def watched(home: Path) -> AsyncIterator[Watched]:
    team = Endpoint()
    await team.up()
    files = {"edt": _SENDER, "team": _TEAM.format(port=team.port)}
    try:
        with collecting() as collector:
            env = collector.env | {"EDT_TOKEN": "t0ken"}
            hub = WholeHub(home, files, env)
            async with hub.running(), httpx.AsyncClient(timeout=30, trust_env=False) as client:
                yield Watched(hub, team, collector, client)
    finally:
        await team.down()


def orphans(spans: list[Told]) -> list[str]:
    """The names of those whose parents were not told."""
    known = {span.span for span in spans}
    return [span.name for span in spans if span.parent and span.parent not in known]


def one_tree(spans: list[Told]) -> list[tuple[str, str]]:
    """Role and name of each span, depth first; fails where there is more than one tree."""
    known = {span.span: span for span in spans}
    assert len(known) == len(spans), "two spans have one id"
    lost = orphans(spans)
    roots = [s for s in spans if not s.parent]
    assert not lost, f"their parents were never told: {lost}"
    assert len(roots) == 1, [s.name for s in roots]

    def below(span: Told) -> list[tuple[str, str]]:
        children = [s for s in spans if s.parent == span.span]
        return [(span.role, span.name), *(each for child in children for each in below(child))]

    return below(roots[0])


ATTEMPT = [
    ("core", "send deliveries.team"),
    ("edge-out", "deliver"),
    ("edge-out", "send receipts"),
    ("core", "process receipts"),
]
BEGIN = [
    ("edge-in", "accept"),
    ("edge-in", "send flows.handover"),
    ("core", "process flows.handover"),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_from_parcel_to_receipt_it_is_one_tree(tmp_path: Path) -> None:
    async with watched(tmp_path) as w:
        trace = await w.say()
        spans = await w.until(trace, "process receipts", state="delivered")
        assert one_tree(spans) == BEGIN + ATTEMPT
        assert not [span for span in spans if span.words or span.failed]
        (accept,) = [span for span in spans if span.name == "accept"]
        # A partner's own trace is pointed at, and neither continued nor obeyed.
        assert accept.links == ((THEIRS[3:35], THEIRS[36:52]),)
        assert all(span.began <= span.ended for span in spans)
        by = {span.span: span for span in spans}
        assert all(by[s.parent].began <= s.began for s in spans if s.parent)
        again = await w.say()
        assert again == trace
        spans = await w.until(trace, "process flows.handover", state="repeat")
        assert [s.name for s in spans].count("send deliveries.team") == 1

        # What failed is tried again in the same trace, by another core.
        w.team.status = 503
        trace = await w.say(1)
        await w.until(trace, "process receipts", attempt=1)
        core = ports.find(w.hub.data, "core")
        assert core is not None
        os.kill(core.pid, signal.SIGKILL)
        w.team.status = 201
        spans = await w.until(trace, "process receipts", state="delivered")
        failed = {s.facts["hub.attempt"] for s in spans if s.name == "deliver" and s.failed}
        assert failed
        tries = [s for s in spans if s.name == "send deliveries.team"]
        assert len(tries) > len(failed)
        assert one_tree(spans) == BEGIN + ATTEMPT * len(tries)
        outcomes = {s.facts["hub.outcome"] for s in spans if s.name == "deliver"}
        assert outcomes == {"try_again", "delivered"}

        # A collector that says no costs spans, one line, and no message.
        w.collector.status = 400
        await w.say(2)
        await eventually(lambda: len(w.team.heard) >= 4, 30)
        await asyncio.sleep(1)
        w.collector.status = 200
        trace = await w.say(3)
        await w.until(trace, "process receipts", state="delivered")
    lines = [json.loads(line) for line in w.hub.log.read_text().splitlines() if line[:1] == "{"]
    said = [(line["role"], line["event"]) for line in lines]
    for role in ("edge-in", "core", "edge-out"):
        assert said.count((role, "traces cannot be sent")) == 1, said
    ours = [line for line in lines if not line.get("logger", "").startswith("aiokafka")]
    assert not [line for line in ours if line["level"] in ("error", "critical")]
