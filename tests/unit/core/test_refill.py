"""A Kafka that is new to the ledger gets every watched child, however many they are."""

import asyncio
from collections.abc import Sequence

import pytest

from hub.broker import Unable
from hub.core.start import refill as page
from hub.core.start.refill import refill
from hub.ledger.tables import Watched
from hub.ledger.thread import Ledger
from hub.ledger.write import insert
from hub.seal import Keyring
from hub.wire import Outbound

_LISTS = {"hospital": 703, "other": 500, "third": 1}
KEYS = Keyring({name: bytes(32) for name in ("road", "order", "watch")})


class Road:
    """Takes what is put out; says once that it cannot, as a real Kafka does at moments of its own."""

    def __init__(self, fails_at: int = -1):
        self.taken: list[bytes] = []
        self.largest = 0
        self._fails_at = fails_at
        self._asked = 0

    async def __call__(self, out: Sequence[Outbound]) -> None:
        self._asked += 1
        if self._asked == self._fails_at:
            raise Unable("not now")
        self.largest = max(self.largest, len(out))
        self.taken += [each.key or b"" for each in out]


@pytest.mark.parametrize("fails_at", [-1, 2, 4])
async def test_every_page_is_put_out_once(
    ready_ledger_url: str, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_AGAIN", 0.0)
    ledger = Ledger.open(ready_ledger_url)
    listed = [(name, f"{n:032x}") for name, count in _LISTS.items() for n in range(count)]
    made = [{"partner": name, "token": token, "because": "case"} for name, token in listed]
    await ledger.transaction(lambda conn: insert(conn, Watched, made))
    road, stop = Road(fails_at), asyncio.Event()
    await refill(ledger, road, KEYS, "new", stop)  # type: ignore[arg-type]
    assert road.taken == [f"{name}.{token}".encode() for name, token in listed]
    # No transaction holds the whole list, and none is asked for twice.
    assert road.largest == 500
    await refill(ledger, road, KEYS, "new", stop)  # type: ignore[arg-type]
    assert len(road.taken) == len(listed)
    ledger.close()


async def test_who_is_stopped_meanwhile_says_nothing_of_a_whole_list(ready_ledger_url: str) -> None:
    ledger = Ledger.open(ready_ledger_url)
    row = {"partner": "hospital", "token": "0" * 32, "because": "case"}
    await ledger.transaction(lambda conn: insert(conn, Watched, [row]))
    road, stop = Road(), asyncio.Event()
    stop.set()
    await refill(ledger, road, KEYS, "new", stop)  # type: ignore[arg-type]
    assert road.taken == []
    await refill(ledger, road, KEYS, "new", asyncio.Event())  # type: ignore[arg-type]
    assert len(road.taken) == 1
    ledger.close()
