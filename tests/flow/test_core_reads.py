"""What is on the road is recorded once, whoever reads it and however often, and poison stops nothing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hub import topics
from hub.core.arrival import Arrival
from hub.partners import Directory
from hub.wire import Outbound
from tests.flow.core_kit import Road, attendances
from tests.kit.deeds import act, incidents, told
from tests.kit.site import Bench, the_partners
from tests.kit.waiting import eventually


@pytest.fixture
async def road(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Road]:
    """A road with a SQLite ledger."""
    monkeypatch.setattr("hub.core.app.load", lambda _: Directory(the_partners()))
    made = Road(empty_kafka, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}")
    yield made
    made.engine.dispose()


async def test_said_recorded_handed_out_and_settled(road: Road) -> None:
    async with road.core():
        await road.say(*attendances(range(20)))
        await eventually(lambda: road.count("message") == 20)
        orders = await eventually(lambda: _orders(road, 8))
        await road.receive(*(told(order) for order in orders))
        await eventually(lambda: _states(road).get("delivered") == 8)
        assert len(await eventually(lambda: _orders(road, 16))) == 16
    await _balanced(road)


async def test_a_core_that_starts_again_goes_on_where_it_was(road: Road) -> None:
    async with road.core():
        await road.say(*attendances(range(10)))
        await eventually(lambda: road.count("message") == 10)
    await road.say(*attendances(range(10, 20)))
    async with road.core():
        await eventually(lambda: road.count("message") == 20)
    assert road.count("repeat") == 0
    assert road.count("delivery") == 20
    await _balanced(road)


async def test_poison_foreign_and_null_are_kept_and_the_rest_goes_on(road: Road) -> None:
    good = attendances(range(4))
    flow = road.record(good[3])
    foreign = {"ce_id": "1", "ce_type": "theirs", "ce_source": "x", "ce_specversion": "1.0"}
    poison = [
        Outbound("flows.health", None, b"not ours", {"ce_id": "x", "content-type": "text/plain"}),
        Outbound("flows.health", None, b"\xff\x00", foreign),
        Outbound("flows.health", b"k", None, {"ce_id": "gone"}),
        replace(flow, value=(flow.value or b"")[:-1] + b"!"),
        replace(flow, topic=topics.PARCELS),
        Outbound(topics.RECEIPTS, None, b"?", {"ce_id": "y"}),
        road.record(_odd(reference="a\x00b", n=5)),
        road.record(_odd(reference="x" * 4000, n=6)),
    ]
    async with road.core():
        await road.say(good[0])
        await road.publish(*poison)
        await road.say(good[1], good[2])
        ids = {one.message_id for one in good[:3]}
        await eventually(
            lambda: {row.message_id for row in road.all("select message_id from message")} >= ids
        )
        await eventually(lambda: road.count("stuck") >= 7, 15)
    kinds = {row.reason.split(":")[0] for row in road.all("select reason from stuck")}
    assert kinds == {"foreign", "stuck"}


async def test_a_record_of_a_newer_hub_is_kept_whole_until_this_one_is_upgraded(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    [one] = attendances([1])
    flow = road.record(one)
    async with road.core():
        await road.publish(replace(flow, headers=flow.headers | {"ce_wireversion": "9"}))
        await eventually(lambda: road.count("stuck") == 1)
    [kept] = road.all("select stuck_id, reason, value from stuck")
    assert kept.reason == "parked: wire version '9'" and bytes(kept.value) == flow.value
    await _balanced(road)
    bench = Bench(road.url, road.folder)
    assert act(bench, "stuck.retried", kept.stuck_id)[0] == "refused"
    assert incidents(bench) == {"unknown_version": 1}
    monkeypatch.setattr("hub.wire._VERSION", "9")
    assert act(bench, "stuck.retried", kept.stuck_id)[0] == "done"
    assert incidents(bench) == {}
    bench.engine.dispose()
    assert road.all("select message_id from message")[0].message_id == one.message_id
    assert _states(road) == {"under_way": 1}
    assert road.count("parcel") == 1
    await _balanced(road)


async def test_repeats_wait_until_receipts_are_read_and_new_ones_do_not(road: Road) -> None:
    """An attempt whose receipt is on the road already is not made again."""
    async with road.core():
        await road.say(*attendances([1]))
        [order] = await eventually(lambda: _orders(road, 1))
    await road.receive(told(order))
    with road.engine.begin() as conn:
        conn.exec_driver_sql("update delivery set state = 'waiting', next_at = null")
    async with road.core():
        await road.say(*attendances([2]))
        await eventually(lambda: _states(road) == {"delivered": 1, "under_way": 1})
    assert [one["attempt"] for one in await _orders(road, 2)] == [1, 1]


async def _orders(road: Road, least: int) -> list[dict[str, object]]:
    found = await road.orders()
    return found if len(found) >= least else []


def _states(road: Road) -> dict[str, int]:
    sql = "select state, count(*) as n from delivery group by state"
    return {row.state: row.n for row in road.all(sql)}


async def _balanced(road: Road) -> None:
    found = road.balance()
    assert found.balanced, found


def _odd(reference: str, n: int) -> Arrival:
    [one] = attendances([n])
    one.reference = reference
    return one
