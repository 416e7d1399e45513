"""Who asks for a test of a partner hears within seconds what the edge found, whatever is being sent meanwhile."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

from connectors.base import Refused, TryAgain
from hub import clock, topics, wire
from hub.wire import Outbound, Record
from tests.flow.edge_kit import Bench, bench, takes
from tests.kit.waiting import eventually
from tests.unit.edge.speaks import KEYS


def asked(b: Bench, test: str, seconds: float = 30.0) -> Outbound:
    meta = {
        "partner": b.partner.partner,
        "not_after": (clock.machine() + timedelta(seconds=seconds)).isoformat(),
    }
    topic = topics.deliveries_now(b.partner.partner)
    return wire.write(KEYS, topic, b.partner.partner, Record(wire.PROBE, test, meta))


async def test_what_was_found_is_told(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering():
        await b.hand_out(asked(b, "t-1"))
        await eventually(lambda: b.records(wire.PROBED))
        [told] = b.records(wire.PROBED)
        assert (told["test"], told["reached"], told["found"]) == ("t-1", True, "there")
        assert told["partner"] == b.partner.partner
        # It stands on the road like an order, and is none: orders go on, and nothing is owed.
        await b.hand_out(b.order("a", immediate=True))
        await eventually(lambda: b.outcomes() == {"a": "delivered"})


def told(b: Bench, number: int) -> bool:
    return len(b.records(wire.PROBED)) == number


async def test_each_way_of_not_being_reached_is_a_sentence(kafka: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("hub.edge.probe.WITHIN", 0.3)
    fails: list[Any] = [
        TryAgain("connection refused"),
        Refused("no such certificate"),
        ValueError("a slip of ours"),
        None,
    ]

    async def probe() -> str:
        if (error := fails.pop(0)) is None:
            await asyncio.Event().wait()
        raise error

    async with bench(kafka) as b, b.delivering():
        b.peer.probe = probe  # type: ignore[method-assign]
        for number in range(4):
            await b.hand_out(asked(b, f"t-{number}"))
            await eventually(partial(told, b, number + 1))
        found = [told["found"] for told in b.records(wire.PROBED)]
        assert not any(told["reached"] for told in b.records(wire.PROBED))
    assert found[0] == "not now: connection refused"
    assert found[1] == "mend its file or its side: no such certificate"
    assert "the fault is ours" in found[2]
    assert "a slip of ours" not in found[2]
    assert found[3] == "no answer within 0 s"


async def test_it_waits_for_nothing_that_is_being_sent(kafka: str) -> None:
    held = asyncio.Event()

    async def hangs(reference: str, text: str) -> Any:
        await held.wait()
        return await takes(reference, text)

    async with bench(kafka) as b, b.delivering():
        b.peer.behave = hangs
        await b.hand_out(b.order("a", immediate=True))
        await eventually(lambda: b.peer.sent == ["a"])
        await b.hand_out(asked(b, "t-1"))
        await eventually(lambda: b.records(wire.PROBED))
        assert b.receipts() == []
        held.set()


async def test_one_that_comes_too_late_or_cannot_be_read_is_left(kafka: str) -> None:
    async with bench(kafka) as b, b.delivering():
        topic = topics.deliveries_now(b.partner.partner)
        unread = wire.write(KEYS, topic, "x", Record(wire.PROBE, "t-1", {"not_after": "soon"}))
        await b.hand_out(asked(b, "t-2", seconds=-1.0), unread, asked(b, "t-3"))
        await eventually(lambda: b.records(wire.PROBED))
        assert [told["test"] for told in b.records(wire.PROBED)] == ["t-3"]
