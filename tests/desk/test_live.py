"""An open page hears within a second that the ledger changed, and one look serves all who listen."""

import asyncio
import time
from datetime import timedelta

from hub.clock import now
from hub.core.acts.effect import record_act
from hub.core.call_sheets import open_call_sheet
from hub.core.custody import overdue
from hub.core.work import Work
from hub.ids import fresh
from hub.ledger.read.stamp import stamp
from hub.ledger.tables import Offset
from hub.ledger.write import insert, run
from hub.topics import ACTS
from hub.wire import Record
from tests.kit.desk import Sitting
from tests.kit.seed import COUNCIL, EAST


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


def test_what_falls_due_by_itself_is_a_change_too(sitting: Sitting) -> None:
    """Nothing comes over the road then: neither a deadline that passes nor a call sheet that opens."""
    bench = sitting.bench

    def now_stands() -> str:
        with sitting.desk.ledger.connect() as conn:
            return stamp(conn)

    seen = [now_stands()]
    row = bench.all(
        "select * from delivery where partner = :p and state = 'offered' limit 1", p=EAST
    )
    partner = bench.site.directory[EAST]
    bench.do(lambda work: open_call_sheet(work, row[0]._mapping, partner))
    seen.append(now_stands())
    late = "update journey set due_at = '2020-01-01 00:00:00.000000' where state = 'sent'"
    with bench.engine.begin() as conn:
        assert run(conn, late).rowcount
    opened = bench.all("select count(*) as n from incident where closed_at is null")[0].n
    bench.do(overdue)
    close = (
        "update incident set closed_at = first_seen where kind = 'overdue' and first_seen > :then"
    )
    with bench.engine.begin() as conn:
        run(conn, close, then=now() - timedelta(minutes=1))
    assert bench.all("select count(*) as n from incident where closed_at is null")[0].n <= opened
    seen.append(now_stands())
    assert len({*seen}) == 3


async def test_the_stamp_stays_while_nothing_changes(sitting: Sitting) -> None:
    with sitting.desk.ledger.connect() as conn:
        assert stamp(conn) == stamp(conn)
