"""An open page hears within a second that the ledger changed, and one look serves all who listen."""

import asyncio
import time

from hub.core.acts import record_act
from hub.core.work import Work
from hub.ids import fresh
from hub.ledger.read.stamp import stamp
from hub.ledger.tables import Offset
from hub.ledger.write import insert
from hub.topics import ACTS
from hub.wire import Record
from tests.kit.desk import Sitting
from tests.kit.seed import COUNCIL


async def test_listeners_hear_of_a_change_within_a_second(sitting: Sitting) -> None:
    live = sitting.desk.live
    heard: list[list[float]] = [[], []]

    async def listen(times: list[float]) -> None:
        async for _ in live.changes():
            times += [time.monotonic()]

    tasks = [asyncio.create_task(listen(times)) for times in heard]
    await asyncio.sleep(0.3)
    assert [len(times) for times in heard] == [1, 1]
    began = time.monotonic()
    message = sitting.id_of("EDT-0418")
    await asyncio.to_thread(sitting.bench.do, lambda work: accepted(work, message))
    await asyncio.sleep(0.6)
    await live.stop()
    await asyncio.gather(*tasks)
    assert [len(times) for times in heard] == [2, 2]
    assert all(times[1] - began < 1.0 for times in heard)


def accepted(work: Work, message: str) -> None:
    """As core does it: what somebody did and the offset that tells of it, in one transaction."""
    who = {"person_id": "j", "name": "J. Ahmed", "role": "duty_manager", "agency": COUNCIL}
    meta = {"subject": message, "who": who, "version": 0, "reason": ""}
    record_act(work, Record("handover.answered", fresh(), meta | {"body": {"answer": "accepted"}}))
    moved = {"topic": ACTS, "partition": 0, "cluster": "c", "next": 1, "worker": "core-1"}
    insert(work.conn, Offset, [moved])


async def test_the_stamp_stays_while_nothing_changes(sitting: Sitting) -> None:
    with sitting.desk.ledger.connect() as conn:
        assert stamp(conn) == stamp(conn)
