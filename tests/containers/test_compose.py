"""Compose starts a whole hub from nothing; nobody in it may do more than it must, and a message travels through it."""

import asyncio
import re
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.demo.peers.door import Door
from deploy.demo.peers.peer import Books
from deploy.demo.peers.system import Inlet
from tests.containers.furnished import Place
from tests.containers.stack import ROOT, Stack
from tests.kit.people import a_handover
from tests.kit.waiting import eventually, wait_until

SERVICES = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
ONCE = {"migration", "users", "topics"}
ROLES = {"core", "desk", "edge-in", "edge-out"}
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(900)]


async def test_a_message_from_door_to_desk(stack: Stack, place: Place, tmp_path: Path) -> None:
    sender, books = Books(tmp_path / "edt.db"), Books(tmp_path / "team.db")
    inlet = Inlet(books, place.team, place.host)
    await inlet.up()
    door = Door(f"http://127.0.0.1:{place.door}", "edt", place.token, sender)
    body = a_handover(1).model_dump(mode="json")
    at = "2026-11-23T02:10:00Z"

    async def taken() -> bool:
        try:
            return bool((await door.post("edt.handover", "EDT-0417", body, at))["status"] == 202)
        except httpx.TransportError:
            return False

    try:
        await eventually(taken, 60, 0.5)
        await eventually(lambda: books.given("edt.handover"), 60, 0.2)
    finally:
        await inlet.down()
    [(_, _, _, arrived)] = books.given("edt.handover")
    assert body["handover"] in arrived
    who = ("--name", "O. Penhaligon", "--email", "o@example.org", "--role", "operations")
    await asyncio.to_thread(stack.hub, "people", "add", *who, service="desk")
    words = ("people", "token", "o@example.org")
    made = await eventually(lambda: asyncio.to_thread(stack.hub, *words, service="desk"), 60)
    token = made.strip()
    desk, bearer = f"http://127.0.0.1:{place.desk}/v1/desk/", {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=desk, headers=bearer, timeout=30, trust_env=False) as web:

        async def row() -> dict[str, str] | None:
            answer = await web.post("messages/search", json={"q": "EDT-0417"})
            found = answer.json()["messages"]
            assert [one["sender"] for one in found] == ["edt"]
            way = (await web.get(f"messages/{found[0]['message_id']}")).json()["happened"]
            tries = [one for one in way if one["kind"] == "attempt"]
            return tries[-1] if tries else None

        seen = await eventually(row, 30, 0.5)
        assert seen is not None
        assert (seen["who"], seen["happened"]) == ("Team East", "try 1: got through")


async def test_nobody_is_root_or_may_write_or_do_more_than_it_must(stack: Stack) -> None:
    users = set()
    for name in SERVICES:
        container = stack.container(name)
        user, host = container.attrs["Config"]["User"], container.attrs["HostConfig"]
        users.add(int(user.partition(":")[0]))
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert not host["Privileged"] and not host["CapAdd"], name
    assert users == {10001, 10002, 10003}
    for name in SERVICES.keys() - ONCE:
        container = stack.container(name)
        said = _status(container.attrs["State"]["Pid"])
        assert re.search(r"^CapEff:\s+0+$", said, re.M), name
        assert re.search(r"^NoNewPrivs:\s+1$", said, re.M), name
        assert container.exec_run(["touch", "/opt/x"]).exit_code != 0, name


async def test_each_is_ready_and_whoever_only_sets_up_has_ended_well(stack: Stack) -> None:
    for name in ONCE:
        state = stack.container(name).attrs["State"]
        assert (state["Status"], state["ExitCode"]) == ("exited", 0), name

    def well(name: str) -> bool:
        return str(stack.container(name).attrs["State"]["Health"]["Status"]) == "healthy"

    for name in SERVICES.keys() - ONCE:
        await eventually(partial(well, name), 60, 1)


async def test_an_edge_reaches_no_database_and_reads_no_secret_of_another(stack: Stack) -> None:
    reach = {name for name in ROLES if _reaches(stack, name, "postgres", 5432)}
    assert reach == {"core", "desk"}
    assert all(_reaches(stack, name, "kafka-2", 9093) for name in ROLES)
    secrets: dict[str, Any] = {name: _in(stack, name, "cat /run/hub/password") for name in ROLES}
    assert secrets.pop("edge-in") == secrets["edge-out"]
    assert len(set(secrets.values())) == len(secrets)
    keys = {name: set(_in(stack, name, "ls /run/hub/keys").split()) for name in ROLES}
    assert {name for name in ROLES if "case.key" in keys[name]} == {"core", "desk"}


def _status(process: int) -> str:
    return Path("/proc", str(process), "status").read_text()


def _in(stack: Stack, service: str, words: str) -> str:
    """What is there to be read; an older engine loses the words of a command that is quick."""

    def said() -> str:
        return str(stack.container(service).exec_run(["sh", "-c", words]).output.decode())

    return wait_until(said, 20, 0.2)


def _reaches(stack: Stack, service: str, host: str, port: int) -> bool:
    program = f"import socket; socket.create_connection(({host!r}, {port}), 3)"
    return bool(stack.container(service).exec_run(["python3", "-c", program]).exit_code == 0)
