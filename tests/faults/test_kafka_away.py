"""While Kafka is away nobody is promised anything, each peer is told in its own terms, and nothing is missing after."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from hub.embedded import EmbeddedKafka
from hub.running.supervise import NAMES
from tests.faults.crash.campaign import Campaign, Wanted
from tests.faults.crash.site import Site
from tests.faults.crash.teams import Team
from tests.faults.crash.wards import Hospital, Line
from tests.faults.evening import SECRET, WHO, Evening, evening, others
from tests.kit.desk import post, text
from tests.kit.frozen import frozen
from tests.kit.waiting import eventually

AWAY = float(os.environ.get("HUB_TEST_AWAY", "0"))
"""Seconds that it is away at least; a minute by hand, in the suite as long as peers need to be told."""
SOON = 8.0
"""Seconds within which everybody is told: edge gives Kafka five of them, the desk three."""
CONTACTS = 3
"""Children in the centre's file, however often it is read."""
BACK = 40.0
"""Seconds within which all goes on."""


@asynccontextmanager
async def soon() -> AsyncIterator[None]:
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < SOON, f"after {took:.1f} s"


async def mllp_is_silent(e: Evening, number: int) -> None:
    """No AA, no AE: the connection is closed."""
    said = e.child.note(0, number)
    async with soon():
        reader, writer = await asyncio.open_connection("127.0.0.1", e.child.port)
        with closing(writer):
            writer.write(b"\x0b" + e.child.words(said) + b"\x1c\r")
            assert await reader.read() == b""


async def the_door_says_later(e: Evening, reference: str) -> None:
    async with soon():
        answer = await e.hand_over(reference)
    assert (answer.status_code, answer.json()["title"]) == (503, "Cannot be taken now")
    assert int(answer.headers["retry-after"]) > 0


async def the_door_is_not_ready(e: Evening) -> None:
    async with soon():
        assert (await e.door.get("/ready")).status_code == 503
    assert (await e.door.get("/health")).status_code == 200


async def the_file_is_left(e: Evening, name: str) -> None:
    """It was tried, and lies where the centre put it."""
    file, body = e.leave(name)
    await eventually(lambda: not file.exists(), SOON)
    await eventually(file.exists, SOON)
    assert file.read_bytes() == body
    assert not (e.folder / "refused").exists()


async def the_desk_shows_the_rest(e: Evening, message: str) -> None:
    for page in ("/", "/inbox", f"/message/{message}"):
        async with soon():
            shown = await e.web.get(page)
        assert shown.status_code == 200
        assert SECRET not in shown.text

    async def says_so() -> bool:
        ready = (await e.web.get("/ready")).json()
        return "Kafka does not answer" in (await e.web.get("/")).text and ready["kafka"] == "away"

    await eventually(says_so, SOON, 0.2)


async def nobody_accepts(e: Evening, message: str) -> None:
    before = e.held_by(message)
    async with soon():
        page = await post(e.web, "/inbox", f"/message/{message}/answer", say="accepted")
    assert page.status_code == 503
    assert "Not confirmed: you do not hold this yet" in text(page)
    assert e.held_by(message) == before
    assert f"/message/{message}/answer" in (await e.web.get("/inbox")).text


async def content_stays_closed(e: Evening, message: str) -> None:
    where = f"/message/{message}"
    async with soon():
        page = await post(e.web, where, f"{where}/content", why="to act on it")
    assert page.status_code == 503
    assert "Content stays closed" in text(page)
    assert SECRET not in page.text


async def nothing_is_collected(e: Evening, message: str) -> None:
    async with soon():
        answer = await e.collect(message)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert SECRET not in answer.text
    async with soon():
        assert (await e.confirm(message)).status_code == 503


async def everybody_is_told(e: Evening, how: str, number: int, waiting: str) -> None:
    """All at once, as it is when something is away."""
    async with asyncio.TaskGroup() as group:
        group.create_task(mllp_is_silent(e, number))
        group.create_task(the_door_says_later(e, f"EDT-{how}"))
        group.create_task(the_door_is_not_ready(e))
        group.create_task(the_file_is_left(e, how))
        group.create_task(the_desk_shows_the_rest(e, waiting))
        group.create_task(nobody_accepts(e, waiting))
        group.create_task(content_stays_closed(e, waiting))
        group.create_task(nothing_is_collected(e, waiting))
        group.create_task(asyncio.sleep(AWAY))


async def peers_try_again(e: Evening, how: str, number: int) -> None:
    """As each of them does."""
    said = next(one for one in e.child.book.values() if one.number == number)
    with closing(Line(e.child.port, e.child.patience)) as line:
        async with asyncio.timeout(BACK):
            await e.child.until_acknowledged(line, said)

    async def owned() -> bool:
        return (await e.hand_over(f"EDT-{how}")).status_code == 202

    await eventually(owned, BACK, 0.2)
    await eventually(lambda: len(list((e.folder / "done").glob("*"))) > number, BACK, 0.1)
    assert not any((e.folder / ".claimed").iterdir())
    await eventually(lambda: e.contacts(how) == CONTACTS, BACK, 0.1)


def nothing_came_late(e: Evening, message: str) -> None:
    """What could not be sent when they were told "not confirmed" was not sent behind their backs."""
    assert e.ask("select type from act where subject = ?", message) == []
    sql = "select state from delivery where message_id = ?"
    assert e.ask(sql, message) == [("offered",), ("offered",)]
    assert e.held_by(message)[0] != "accepted"


async def duty_accepts(e: Evening, message: str) -> None:
    """Reads it, looks who holds it, and presses again only where nobody does."""
    where = f"/message/{message}"

    async def opened() -> bool:
        page = await post(e.web, where, f"{where}/content", why="to act on it")
        return page.status_code == 200 and SECRET in page.text

    await eventually(opened, BACK, 0.2)
    if e.held_by(message)[0] != "accepted":
        page = await post(e.web, "/inbox", f"{where}/answer", say="accepted")
        assert page.status_code == 200, text(page)
    await eventually(lambda: e.held_by(message) == ("accepted", WHO), BACK, 0.1)
    sql = "select outcome from act where type = 'handover.answered' and subject = ?"
    assert e.ask(sql, message) == [("done",)]

    async def collected() -> bool:
        answer = await e.collect(message)
        return answer.status_code == 200 and SECRET in answer.text

    await eventually(collected, BACK, 0.2)
    assert (await e.confirm(message)).status_code == 204


@asynccontextmanager
async def away(node: EmbeddedKafka, how: str, teams: list[Team]) -> AsyncIterator[None]:
    """It goes while each team has something in hand, and is answered meanwhile."""
    answer = asyncio.Event()
    before = {team.name: len(team.arrived) for team in teams}
    for team in teams:
        team.held_back = answer
    await eventually(lambda: all(len(t.arrived) > before[t.name] for t in teams), 20)
    try:
        if how == "frozen":
            async with frozen(node):
                answer.set()
                yield
        else:
            await asyncio.to_thread(node.kill)
            answer.set()
            yield
            await asyncio.to_thread(node.start)
    finally:
        answer.set()


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("crash")
async def test_nothing_is_promised_meanwhile_and_everything_is_had_once(
    tmp_path: Path, kafka_node: EmbeddedKafka
) -> None:
    folder = tmp_path / "centre"
    folder.mkdir()

    async def disturb(site: Site, hospitals: list[Hospital]) -> None:
        async with evening(site, folder, hospitals) as e:
            for reference in ("EDT-before", "EDT-first"):
                assert (await e.hand_over(reference)).status_code == 202
            await duty_accepts(e, await e.offered("EDT-before"))
            waiting = await e.offered("EDT-first")
            pids = {role: site.pid(role, 1) for role in NAMES}
            for number, how in enumerate(("killed", "frozen")):
                async with away(kafka_node, how, campaign.teams):
                    await everybody_is_told(e, how, number, waiting)
                await peers_try_again(e, how, number)
                following = await e.offered(f"EDT-{how}")
                if how == "killed":
                    nothing_came_late(e, waiting)
                await duty_accepts(e, waiting)
                assert {role: site.pid(role, 1) for role in pids} == pids, "a role died of it"
                waiting = following
            await duty_accepts(e, waiting)

    campaign = Campaign(
        tmp_path / "away",
        Wanted(seed=6, kills=0, messages=30, rate=6.0),
        disturb=disturb,
        kafka=await asyncio.to_thread(kafka_node.start),
        others=others(folder),
    )
    told = await campaign.run()
    print(told.figures)
    assert told.held, told.figures["wrong"]
    # They answered while it was away, and edge remembered until it could tell.
    counted = told.figures["counted"]
    assert [counted[f"repeats at {team.name}"] for team in campaign.teams] == [0, 0]
