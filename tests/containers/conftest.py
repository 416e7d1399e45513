"""One stack stands for the whole session, as Compose starts it from nothing, and nothing of it is left behind."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from ipaddress import ip_network
from typing import Any

import docker
import pytest
import pytest_asyncio
from sqlalchemy import make_url

from deploy.demo.stage import free_ports
from tests.containers.furnished import Place, furnish
from tests.containers.night import Night, partners
from tests.containers.stack import PROJECT, ROOT, Stack
from tests.flow.whole_hub import EDT

_POSTED = """\
partner: team
title: Team East
role: assessment_team
agency: X26TEA
authorities: ["383"]
transport: {{kind: http, push: {{url: "http://partners:{port}/", allow_private: true, timeout: 5}}}}
format: {{kind: hub-json}}
receives: [{{type: edt.handover, for: action}}]
"""


@pytest.fixture(scope="session")
def place() -> Place:
    with closing(docker.from_env(timeout=60)) as engine:
        [bridge] = engine.networks.get("bridge").attrs["IPAM"]["Config"]
    door, mllp, desk, by_case, team = free_ports(5)
    # The engine keeps the first address of its own bridge for this machine.
    host = str(ip_network(bridge["Subnet"])[1])
    return Place(host, door, mllp, desk, by_case, team, secrets.token_urlsafe(16))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, place: Place) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("site")
    files = {"edt": EDT, "team": _POSTED.format(port=place.team)}
    files |= partners(place.by_case)
    with closing(docker.from_env(timeout=60)) as engine:
        told = furnish(engine, home, files) | {
            "TEST_TOKEN": place.token,
            "TEST_HOST": place.host,
            "TEST_BY_CASE": str(place.by_case),
            "TEST_TEAM": str(place.team),
            "TEST_DOOR": str(place.door),
            "TEST_MLLP": str(place.mllp),
            "TEST_DESK": str(place.desk),
        }
        made = Stack(engine, home, told)
        try:
            made.up()
            yield made
        finally:
            made.down(ROOT / "build/containers.log")
        assert _left(engine) == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def night(stack: Stack, place: Place) -> AsyncIterator[Night]:
    password = make_url(stack.environment["HUB_BACKUP_DATABASE_URL"]).password
    desk = f"http://127.0.0.1:{place.desk}"
    made = Night(stack, place.mllp, desk, place.token, str(password))
    async with made.receiving(place.host, place.by_case):
        yield made


def _left(engine: Any) -> list[str]:
    mine = {"label": f"com.docker.compose.project={PROJECT}"}
    containers = engine.containers.list(all=True, filters=mine)
    networks, volumes = engine.networks.list(filters=mine), engine.volumes.list(filters=mine)
    return [str(one) for one in (*containers, *networks, *volumes)]
