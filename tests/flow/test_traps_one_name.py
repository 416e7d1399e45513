"""Two live processes under one name do nothing twice, and people hear of them; members that come and go are none."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from hub.broker import make_broker
from hub.partners import Directory
from tests.flow.core_kit import Road, attendances
from tests.flow.edge_kit import Bench, Peer, bench
from tests.flow.reader_kit import shelf
from tests.kit.site import the_partners
from tests.kit.waiting import eventually


async def test_members_that_come_and_go_are_not_taken_for_one_another(
    kafka: str, tmp_path: Path
) -> None:
    async with shelf(kafka, tmp_path, partitions=5) as s, s.reading("1") as first:
        assignments = 0
        real = first.stale.member.assigned

        def counted(consumer: object) -> None:
            nonlocal assignments
            assignments += 1
            real(consumer)

        first.stale.member.assigned = counted  # type: ignore[method-assign]
        others = []
        async with AsyncExitStack() as stack:
            for instance in ("2", "3", "4", "5"):
                others.append(await stack.enter_async_context(s.reading(instance)))
                await s.publish([instance.encode()])
            await eventually(lambda: len(s.effects()) == 4, 20)
        assert assignments >= 3
        assert not any(reader.stale.member.contended() for reader in (first, *others))


async def test_two_cores_of_one_name_are_an_incident_until_one_has_gone(
    empty_kafka: str, tmp_path: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    monkeypatch.setattr("hub.running.member.MINUTE", 10.0)
    road = Road(empty_kafka, tmp_path, postgres_database)
    sql = "select subject, open_key from incident where kind = 'two_of_one_name'"

    def told() -> list[tuple[str, bool]]:
        return [(one.subject, one.open_key is not None) for one in road.all(sql)]

    async with road.core("1"):
        await road.say(*attendances(range(5)))
        async with road.core("1"):
            await eventually(lambda: told() == [("core-1", True)], 30)
            await road.say(*attendances(range(5, 10)))
            await eventually(lambda: road.count("message") == 10, 20)
        await road.say(*attendances(range(10, 15)))
        await eventually(lambda: road.count("message") == 15, 20)
        await eventually(lambda: told() == [("core-1", False)], 30)
    assert road.count("repeat") == 0
    assert road.balance().balanced
    road.engine.dispose()


async def test_two_edges_of_one_name_send_nothing_twice_and_say_so(kafka: str) -> None:
    async with bench(kafka) as b:
        namesake, stop = make_broker(b.settings()), asyncio.Event()
        await namesake.connect()
        other = Peer()
        edges = [b.deliverer(), replace(b, peer=other).deliverer(namesake)]
        tasks = [asyncio.create_task(edges[0].run(stop))]
        try:
            await eventually(lambda: edges[0].says.startswith("ready"))
            tasks.append(asyncio.create_task(edges[1].run(stop)))
            texts = [f"{n}" for n in range(60)]
            for text in texts:
                await b.hand_out(b.order(text))
                await asyncio.sleep(0.15)
            await eventually(lambda: any(edge.member.contended() for edge in edges))
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await namesake.stop()
        async with b.delivering():
            await eventually(lambda: {"59"} <= set(b.outcomes()) | doubtful(b), 30)
        sent = b.peer.sent + other.sent
        assert len(sent) == len(set(sent)), "an attempt was sent twice"
        assert set(texts) <= set(sent) | doubtful(b), "an attempt nobody told of"


def doubtful(b: Bench) -> set[str]:
    """What takeovers told of."""
    told = b.records("takeover")
    return {name.removeprefix("d-") for one in told for name, _ in one["attempts"]}
