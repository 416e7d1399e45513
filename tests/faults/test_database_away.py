"""While the database is away partners are still acknowledged, people are told, and afterwards nothing is missing."""

import asyncio
import contextlib
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hub.running.supervise import NAMES
from tests.faults.crash.campaign import Campaign, Wanted
from tests.faults.crash.site import Site
from tests.faults.crash.wards import Hospital
from tests.kit.postgres import database
from tests.kit.postgres_server import PostgresServer
from tests.kit.waiting import eventually

AWAY = float(os.environ.get("HUB_TEST_AWAY", "4"))
"""Seconds that it is away; a minute by hand, less in the suite."""
ALONE = ("--role", "operations", "--authority", "*", "--agency", "exemplar-council")


@asynccontextmanager
async def signed_in(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of operations at the desk."""
    code, said = await site.command(
        *("people", "add", "--name", "O. Penhaligon", "--email", "o@example.org", *ALONE)
    )
    assert code == 0, said
    async with httpx.AsyncClient(
        base_url=site.desk(), follow_redirects=True, timeout=30, trust_env=False
    ) as web:
        page = await web.get("/sign-in")
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token is not None
        fields = {"email": "o@example.org", "password": said.split()[-1], "token": token[1]}
        page = await web.post("/sign-in", data=fields)
        assert "Sign out" in page.text, page.text
        yield web


async def the_desk_says_so(web: httpx.AsyncClient) -> None:
    """In words to people, in a status to machines, and soon."""
    began = time.monotonic()
    page, ready, outbox = await asyncio.gather(
        web.get("/"),
        web.get("/ready"),
        web.get(
            "/v1/outbox/collects", headers={"authorization": "Bearer collect-for-the-campaign"}
        ),
    )
    assert time.monotonic() - began < 15
    assert (page.status_code, ready.status_code, outbox.status_code) == (503, 503, 503)
    assert "The ledger does not answer" in page.text
    assert "Messages are still accepted and kept" in page.text
    assert "The ledger does not answer" in ready.json()["detail"]


async def _serves(web: httpx.AsyncClient) -> bool:
    try:
        return (await web.get("/health")).status_code == 200
    except httpx.TransportError:
        return False


def acknowledged(hospitals: list[Hospital]) -> int:
    return sum(one.acknowledged for one in hospitals)


async def goes_on(hospitals: list[Hospital], seconds: float) -> None:
    """Every hospital is acknowledged as before, for as long as that."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        before = [one.acknowledged for one in hospitals]
        await asyncio.sleep(min(2.0, seconds))
        assert all(one.acknowledged > was for one, was in zip(hospitals, before, strict=True))


def slowest(hospitals: list[Hospital], began: float, ended: float) -> float:
    """Seconds from the first try to the acknowledgement, of what was sent meanwhile."""
    return max(
        one.acknowledged - one.sent
        for hospital in hospitals
        for one in hospital.book.values()
        if one.acknowledged is not None and began <= one.sent <= ended
    )


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(400)
@pytest.mark.xdist_group("crash")
async def test_accepting_goes_on_and_everything_is_had_once(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    slow: dict[str, float] = {}

    async def disturb(site: Site, hospitals: list[Hospital]) -> None:
        async with signed_in(site) as web:
            await asyncio.sleep(1)
            pids = {role: site.pid(role, 1) for role in NAMES}
            for how in ("ended", "frozen"):
                before, began = acknowledged(hospitals), time.time()
                with away(postgres_server, how):
                    async with asyncio.TaskGroup() as group:
                        group.create_task(goes_on(hospitals, AWAY))
                        group.create_task(the_desk_says_so(web))
                    assert {role: site.pid(role, 1) for role in pids} == pids, "a role died of it"
                    if how == "ended":
                        # Whoever is started again meanwhile waits with the others.
                        for role in ("core", "desk"):
                            await site.kill(role, 1)
                        await eventually(lambda: _serves(web), 60, 0.1)
                        pids = {role: site.pid(role, 1) for role in pids}
                        await the_desk_says_so(web)
                        await goes_on(hospitals, 2)
                slow[how] = slowest(hospitals, began, time.time())
                print(how, acknowledged(hospitals) - before, "acknowledged meanwhile", slow[how])
                assert {role: site.pid(role, 1) for role in pids} == pids, "a role died of it"
                assert (await web.get("/")).status_code == 200

    async def begins_after_edge() -> None:
        """Edge is there before the ledger is, and the others come with it."""
        ports = tmp_path / "away/hub1/ports"
        await eventually((ports / "edge-in.json").exists, 60)
        assert not (ports / "core.json").exists()
        await asyncio.to_thread(postgres_server.start)

    with database(postgres_server.url) as url:
        postgres_server.stop("immediate")
        beginning = asyncio.create_task(begins_after_edge())
        wanted = Wanted(seed=5, kills=0, messages=50, rate=6.0)
        campaign = Campaign(tmp_path / "away", wanted, database=url, disturb=disturb)
        told = await campaign.run()
        await beginning
    print(told.figures)
    assert told.held, told.figures["wrong"]
    assert max(slow.values()) < 5


@contextlib.contextmanager
def away(server: PostgresServer, how: str) -> Iterator[None]:
    if how == "frozen":
        with server.frozen():
            yield
        return
    server.stop("immediate")
    try:
        yield
    finally:
        server.start()
