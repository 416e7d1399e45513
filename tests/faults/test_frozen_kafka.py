"""A Kafka that answers nothing keeps no role from ending: whatever waits for it waits for a bounded time."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest

from hub.embedded import EmbeddedKafka
from hub.embedded.processes import free_port
from tests.flow.whole_hub import WholeHub
from tests.kit.frozen import frozen
from tests.kit.waiting import eventually

_HEAD = """
partner: {0}
title: {0}
role: {1}
agency: {2}
authorities: ["383"]
call: {{who: Somebody, phone: 0113 496 0101}}
"""
_HOSPITAL = """
transport: {{kind: mllp, listen: {{host: 127.0.0.1, port: {}}}}}
format: {{kind: hl7v2, version: "2.4"}}
sends: [health.attendance]
filtered: true
"""
_NIGHT = """
transport: {{kind: mllp, send: {{host: 127.0.0.1, port: {}}}}}
format: {{kind: hl7v2, version: "2.4"}}
receives: [{{type: health.attendance, for: information}}]
"""
_CENTRE = """
transport: {{kind: folder, inbound: {{path: {}, pattern: "*.json", media_type: application/json}}}}
format: {{kind: hub-json}}
sends: [contact.recorded]
"""


def everybody(home: Path) -> dict[str, str]:
    """A feed for which edge reads `watched`, a partner that is sent to, and a folder that is emptied."""
    return {
        "hospital": _HEAD.format("hospital", "health", "X26H1") + _HOSPITAL.format(free_port()),
        "night": _HEAD.format("night", "edt", "night-service") + _NIGHT.format(free_port()),
        "centre": _HEAD.format("centre", "assessment_team", "council") + _CENTRE.format(home),
    }


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.parametrize("anew", [False, True], ids=["running", "started-meanwhile"])
async def test_every_role_ends_by_itself(tmp_path: Path, anew: bool) -> None:
    hub = WholeHub(tmp_path, everybody(tmp_path))
    async with hub.running():
        supervisor = int((hub.data / "run.lock").read_text())
        roles = pids(hub)
        async with frozen(EmbeddedKafka(hub.data)):
            await asyncio.sleep(1.5)
            if anew:
                for role in roles.values():
                    os.kill(role, signal.SIGKILL)
                await eventually(lambda: not set(pids(hub).values()) & set(roles.values()))
                await asyncio.sleep(3)
            roles, began = pids(hub), time.monotonic()
            os.kill(supervisor, signal.SIGTERM)
            await eventually(lambda: not any(map(alive, roles.values())), 20)
            print(f"ended after {time.monotonic() - began:.1f} s")
    assert "was killed" not in hub.log.read_text()


def pids(hub: WholeHub) -> dict[str, int]:
    """The processes of the roles."""
    told: dict[str, int] = json.loads((hub.data / "run.json").read_text())
    return {name: pid for name, pid in told.items() if name != "kafka"}


def alive(pid: int) -> bool:
    """Whether it still runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
