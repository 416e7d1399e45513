"""A Kafka whose port was taken while it was down comes back at another one, and the hub follows it there."""

import asyncio
import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub import clock
from hub.running.supervise import Record
from tests.flow.whole_hub import EDT, STARTS, TEAM, WholeHub
from tests.kit.people import a_handover
from tests.kit.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.timeout(300)]


async def test_what_was_accepted_before_and_after_arrives(tmp_path: Path) -> None:
    tokens = {"EDT_TOKEN": "edt", "TEAM_TOKEN": "team"}
    whole = WholeHub(tmp_path, {"edt": EDT, "team": TEAM}, tokens)
    async with whole.running() as hub, httpx.AsyncClient(timeout=20, trust_env=False) as web:
        await hands_over(hub, web, "before")
        moved_from, roles = hub.bootstrap, Record(hub.data).roles
        with taken_from_kafka(hub):
            await eventually(lambda: hub.bootstrap != moved_from, 60, 0.1)
            await eventually(
                lambda: hub.serve() and not roles_of(hub) & set(roles.values()), STARTS, 0.1
            )
        await eventually(hub.ready, 60, 0.1)
        await hands_over(hub, web, "after")
        box, mine = f"{hub.url('desk')}/v1/outbox/team", {"authorization": "Bearer team"}

        async def offered() -> bool:
            found = (await web.get(box, headers=mine)).json()["deliveries"]
            return len(found) == 2

        await eventually(offered, 30)


def roles_of(hub: WholeHub) -> set[int]:
    return set(Record(hub.data).roles.values())


@contextlib.contextmanager
def taken_from_kafka(hub: WholeHub) -> Any:
    """Kills Kafka, and has its port before it is back."""
    host, port = hub.bootstrap.split(":")
    pid = Record(hub.data).kafka
    assert pid is not None
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(pid, signal.SIGKILL)
        while True:
            with contextlib.suppress(OSError):
                other.bind((host, int(port)))
                other.listen()
                break
        yield


async def hands_over(hub: WholeHub, web: httpx.AsyncClient, reference: str) -> None:
    said: dict[str, Any] = {
        "type": "edt.handover",
        "occurred_at": clock.now().isoformat(),
        "reference": reference,
        "recipients": [{"agency": "X26TEA", "for": "action"}],
        "body": a_handover(1).model_dump(mode="json"),
    }
    where = f"{hub.url('door')}/v1/partners/edt/messages"
    for _ in range(60):
        answer = await web.post(where, json=said, headers={"authorization": "Bearer edt"})
        if answer.status_code == 202:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"not accepted: {answer.status_code} {answer.text}")
