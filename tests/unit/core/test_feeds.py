"""A feed that is added later keeps the children of every case that stands open, and says so only then."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from hub import ids, topics
from hub.broker import Unable
from hub.core.start import feeds as page
from hub.core.start.feeds import Feeds
from hub.ledger.thread import Ledger
from hub.ledger.write import run
from hub.partners import Partner, Role
from hub.wire import Outbound
from tests.kit.people import a_handover, an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

Benches = Callable[[list[Partner]], Bench]
EDT = a_partner("edt", Role.EDT, sends=("edt.handover",))
LATE = a_partner("late", Role.HEALTH, sends=("health.attendance",), filtered=True)
MARK = topics.whole("late", LATE.authorities[0]).encode()


class Road:
    """Takes what is put out; says once that it cannot."""

    def __init__(self, fails_at: int = -1):
        self.taken: list[bytes] = []
        self._fails_at = fails_at
        self._asked = 0

    async def __call__(self, out: Sequence[Outbound]) -> None:
        self._asked += 1
        if self._asked == self._fails_at:
            raise Unable("not now")
        self.taken += [each.key or b"" for each in out]


def opened(bench: Bench, many: int) -> list[str]:
    """So many cases by handover, and the keys by which the late feed is to know their children."""
    found = []
    for number in range(many):
        body = a_handover(number)
        subject = body.child.subject
        bench.record(an_arrival("edt.handover", body, "edt", f"EDT-{number}", subject=subject))
        if subject.nhs_number:
            made = ids.token(bench.site.keys.watch("late"), "nhs", subject.nhs_number)
            found.append(f"late.{made}")
    return sorted(set(found))


async def made_whole(
    bench: Bench,
    road: Road,
    cluster: str = "one",
    core: str = "1",
    partners: Sequence[Partner] = (EDT, LATE),
) -> None:
    """A core begins, by default with the late hospital in its directory."""
    ledger = Ledger.open(bench.engine.url.render_as_string(hide_password=False))
    lists = Feeds(ledger, bench.site.keys, core, cluster, partners)
    await lists.run(road, asyncio.Event())  # type: ignore[arg-type]
    ledger.close()


def keys(road: Road) -> list[str]:
    return [key.decode() for key in road.taken]


@pytest.mark.parametrize("fails_at", [-1, 1, 2])
async def test_a_feed_that_is_added_later_keeps_who_was_known(
    a_bench: Benches, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    monkeypatch.setattr(page, "_AT_ONCE", 3)
    monkeypatch.setattr(page, "_AGAIN", 0.0)
    bench = a_bench([EDT])
    wanted = opened(bench, 8)
    assert len(wanted) > 3
    road = Road(fails_at)
    await made_whole(bench, road)
    assert sorted(set(keys(road)) - {MARK.decode()}) == wanted
    assert road.taken[-1] == MARK, "and it is said last"
    listed = bench.all("select partner, token from watched")
    assert sorted(f"{row.partner}.{row.token}" for row in listed) == wanted


async def test_it_is_done_once_for_each_core_and_said_again_to_another_kafka(
    a_bench: Benches,
) -> None:
    bench = a_bench([EDT])
    opened(bench, 2)
    await made_whole(bench, Road())
    again, other, second = Road(), Road(), Road()
    await made_whole(bench, again)
    assert again.taken == []
    await made_whole(bench, other, cluster="two")
    assert other.taken == [MARK]
    there = Road()
    await made_whole(bench, there, cluster="two")
    assert there.taken == []
    opened(bench, 4)
    await made_whole(bench, second, cluster="two", core="2")
    assert len(second.taken) > 2, "what a core without its file recorded meanwhile"


async def test_a_feed_that_was_away_is_filled_anew(a_bench: Benches) -> None:
    bench = a_bench([EDT])
    await made_whole(bench, Road())
    await made_whole(bench, Road(), partners=[EDT])
    wanted, road = opened(bench, 3), Road()
    await made_whole(bench, road)
    assert sorted(set(keys(road)) - {MARK.decode()}) == wanted


async def test_one_damaged_content_keeps_no_core_from_beginning(a_bench: Benches) -> None:
    bench = a_bench([EDT])
    wanted = opened(bench, 3)
    with bench.engine.begin() as conn:
        damaged = (
            "update content set sealed = :junk where message_id ="
            " (select message_id from message where reference = 'EDT-0')"
        )
        run(conn, damaged, junk=b"\0" * 64)
    road = Road()
    await made_whole(bench, road)
    assert road.taken[-1] == MARK
    assert len(set(keys(road)) - {MARK.decode()}) == len(wanted) - 1


async def test_who_is_stopped_meanwhile_says_of_no_list_that_it_is_whole(a_bench: Benches) -> None:
    bench = a_bench([EDT])
    opened(bench, 1)
    ledger, road, stop = (
        Ledger.open(bench.engine.url.render_as_string(False)),
        Road(),
        asyncio.Event(),
    )
    lists = Feeds(ledger, bench.site.keys, "1", "one", [LATE])

    async def stopping() -> None:
        await asyncio.sleep(0)
        stop.set()

    await asyncio.gather(lists.run(road, stop), stopping())  # type: ignore[arg-type]
    ledger.close()
    assert MARK not in road.taken


async def test_erased_content_and_the_feed_itself_put_nobody_on_a_list(a_bench: Benches) -> None:
    bench = a_bench([EDT, LATE])
    bench.record(an_arrival("health.attendance", an_attendance(1), "late", "A-1"))
    opened(bench, 1)
    with bench.engine.begin() as conn:
        run(conn, "update case_file set wrapped = null")
        run(conn, "delete from watched")
    road = Road()
    await made_whole(bench, road)
    assert road.taken == [MARK]
