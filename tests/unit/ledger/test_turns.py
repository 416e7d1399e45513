"""Who is to be first goes before all who wait for the ledger's thread, and nobody loses a turn."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from hub.core.reader import FEWEST, WORK, as_many
from hub.ledger.session import open_ledger
from hub.ledger.thread import Ledger, Turns


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}"))


class Busy:
    """A transaction that lasts until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, conn: Connection) -> None:
        self.begun.set()
        assert self.go.wait(20)


async def queued(ledger: Ledger, order: list[str], *names: str) -> list["asyncio.Task[None]"]:
    """Transactions that wait, in this order; those whose name begins with ! want to be first."""
    tasks = []
    for name in names:

        def work(_: Connection, name: str = name) -> None:
            order.append(name)

        waiting = ledger.transaction(work, first=name[0] == "!")
        tasks.append(asyncio.create_task(waiting))
        await asyncio.sleep(0)
    return tasks


async def test_the_first_goes_before_all_who_wait(ledger: Ledger) -> None:
    order: list[str] = []
    busy = Busy()
    before = asyncio.create_task(ledger.transaction(busy))
    await asyncio.to_thread(busy.begun.wait, 20)
    tasks = await queued(ledger, order, "a", "b", "!1", "c", "!2")
    busy.go.set()
    await asyncio.gather(before, *tasks)
    assert order == ["!1", "!2", "a", "b", "c"]
    ledger.close()


async def test_who_gives_up_waiting_keeps_nobody_from_a_turn(ledger: Ledger) -> None:
    order: list[str] = []
    busy = Busy()
    before = asyncio.create_task(ledger.transaction(busy))
    await asyncio.to_thread(busy.begun.wait, 20)
    tasks = await queued(ledger, order, "a", "!1", "b")
    tasks[1].cancel()
    busy.go.set()
    async with asyncio.timeout(20):
        await asyncio.gather(before, *tasks, return_exceptions=True)
        await ledger.transaction(lambda _: order.append("after"))
    assert order == ["a", "b", "after"]
    ledger.close()


async def test_a_turn_that_comes_as_its_wait_is_called_off_is_the_next_ones() -> None:
    turns = Turns()

    async def takes() -> None:
        async with turns.turn(False):
            pass

    async with turns.turn(False):
        called_off, after = asyncio.create_task(takes()), asyncio.create_task(takes())
        await asyncio.sleep(0)
    # Its turn has come, and it has not run since.
    called_off.cancel()
    async with asyncio.timeout(20):
        await after
        await takes()
    assert called_off.cancelled()


async def test_a_transaction_that_fails_passes_its_turn_on(ledger: Ledger) -> None:
    def fails(conn: Connection) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await ledger.transaction(fails)
    async with asyncio.timeout(20):
        assert await ledger.transaction(lambda _: 1) == 1
    ledger.close()


@pytest.mark.parametrize(
    ("each", "many"), [(0.0, 500), (0.0001, 500), (0.001, 100), (0.004, 25), (0.5, FEWEST)]
)
def test_a_batch_is_no_more_than_a_transaction_may_take(each: float, many: int) -> None:
    assert as_many(500, each) == many
    assert many in (500, FEWEST) or many * each <= WORK
