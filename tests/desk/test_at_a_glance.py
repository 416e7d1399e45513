"""However much is late or waits, the first page says how much, shows the worst and leads to the rest."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hub.clock import now
from hub.desk.shown.glance import is_broken
from hub.desk.shown.words import Mood
from hub.ledger.read import chores
from hub.ledger.read.failed import failed_deliveries, held_messages, stuck_records, unread_parcels
from hub.ledger.write import run
from tests.kit.desk import MOMENT, Sitting, text
from tests.kit.seed import EAST, HOSPITAL, POLICE

COPIES = """
with recursive n (i) as (select 1 union all select i + 1 from n where i < :many)
insert into journey (journey_id, machine, subject, case_ref, authority, state, custodian, sender,
  receiver, team, holder, holder_role, held_since, due_at, opened_at, changed_at, version)
select j.journey_id || ':copy-' || i, j.machine, j.subject, j.case_ref, j.authority, 'sent', 'sender',
  j.sender, j.receiver, j.team, null, null, null,
  strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (i + 60) || ' minutes'), j.opened_at,
  j.changed_at, 1
from n join (select * from journey where machine = 'handover' and {which} limit 1) j
"""


def copies(sitting: Sitting, many: int, which: str, **named: Any) -> None:
    """So many more handovers, each late for a minute longer than the one before."""
    with sitting.bench.engine.begin() as conn:
        run(conn, COPIES.format(which=which), many=many, **named)


def others(sitting: Sitting, many: int) -> None:
    copies(sitting, many, "receiver <> :mine and sender <> :mine", mine=EAST)


def own(sitting: Sitting, many: int) -> None:
    copies(sitting, many, "receiver = :mine", mine=EAST)


async def walked(client: httpx.AsyncClient, where: str) -> list[httpx.Response]:
    """A list from its first page to its last."""
    pages = []
    while where:
        page = await client.get(where)
        assert page.status_code == 200
        assert len(page.content) < 100_000
        pages.append(page)
        found = re.search(r'<a class="button second" href="([^"]+)">Next</a>', page.text)
        where = found.group(1).replace("&amp;", "&") if found else ""
    return pages


def lines(page: httpx.Response) -> int:
    return page.text.count('<li>\n<span class="due">')


async def test_what_is_late_elsewhere_is_counted_whole_and_shown_ten_at_a_time(
    sitting: Sitting,
) -> None:
    others(sitting, 2_100)
    async with sitting.as_("manager") as client:
        first = await client.get("/")
        pages = await walked(client, "/all/late")
    said = text(first)
    assert "Late elsewhere (2,101)" in said
    assert "and 2,091 more" in said
    assert "2,101 are late elsewhere" in said[: said.index("Waiting for you (")]
    assert len(first.content) < 100_000
    assert [lines(page) for page in pages] == [50] * 42 + [1]
    late = [
        at
        for page in pages
        for at in re.findall(r'<time datetime="([^"]+)"[^>]*class="late"', page.text)
    ]
    assert len(set(late)) == 2_101, "each once"
    assert late == sorted(late), "the longest late comes first"


async def test_past_a_bound_it_says_that_there_is_more(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    others(sitting, 30)
    for module in ("hub.ledger.read.waits", "hub.desk.waiting", "hub.desk.shown.glance"):
        monkeypatch.setattr(f"{module}.MOST", 20)
    async with sitting.as_("manager") as client:
        said = text(await client.get("/"))
    assert "More than 20 are late elsewhere" in said


async def test_who_sees_only_their_own_hears_of_no_other_that_is_late(sitting: Sitting) -> None:
    others(sitting, 30)
    async with sitting.as_("worker") as client:
        said = text(await client.get("/"))
        late = text(await client.get("/all/late"))
    assert "Late elsewhere (0)" in said
    assert "Late elsewhere (0)" in late
    assert "What waits for whom" not in said


async def test_their_own_that_wait_are_all_there_and_the_inbox_has_them_by_pages(
    sitting: Sitting,
) -> None:
    own(sitting, 120)
    async with sitting.as_("worker") as client:
        first = text(await client.get("/"))
        waiting = await walked(client, "/all/waiting")
        inbox = await client.get("/inbox")
        pages = await walked(client, "/inbox?only=waiting")
    number = int(re.search(r"Waiting for you \((\d+)\)", first).group(1))  # type: ignore[union-attr]
    assert number > 120
    assert f"and {number - 20} more" in first
    assert sum(map(lines, waiting)) == number
    accepts = [page.text.count("<button title=") for page in pages]
    assert f"Waiting to be accepted ({sum(accepts)})" in text(inbox)
    assert accepts[:2] == [40, 40]
    assert 0 < accepts[2] <= 40
    assert inbox.text.count("<button title=") == 40
    subjects = [
        one
        for page in pages
        for one in re.findall(r'class="(?:late|soon|calm)">([^<]+)<', page.text)
    ]
    assert subjects


@pytest.mark.parametrize("after", ["x", "a~b~c", "2026-01-01~2026-01-01", "9999-99-99~~"])
@pytest.mark.parametrize("where", ["/inbox", "/all/late", "/all/waiting"])
async def test_a_page_of_a_list_that_is_none_is_refused_in_words(
    sitting: Sitting, where: str, after: str
) -> None:
    async with sitting.as_("manager") as client:
        page = await client.get(where, params={"after": after})
        zoneless = await client.get(where, params={"after": "2026-01-01~2026-01-01~x"})
        unknown = await client.get("/all/nothing")
    assert page.status_code == 400
    assert "There is no such page of this list" in text(page)
    assert zoneless.status_code == 200
    assert unknown.status_code == 404


async def test_what_waits_for_whom_is_told_team_by_team(sitting: Sitting) -> None:
    others(sitting, 30)
    async with sitting.as_("manager") as client:
        said = text(await client.get("/"))
    table = said[said.index("What waits for whom") : said.index("Broken (")]
    assert re.search(
        r"Team waiting oldest due first late Assessment team north, case system 35 ", table
    ), "who has the most late comes first"
    assert re.search(r"Assessment team east 4 .*▲ 1", table)
    assert re.search(r"Emergency Duty Team 1 .* none", table), "a question waits for who sent it"


async def test_the_first_three_lines_answer_the_three_questions(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        said = text(await client.get("/"))
        with sitting.bench.engine.begin() as conn:
            run(conn, "update partner_state set down_since = null")
            run(conn, "update incident set closed_at = first_seen, open_key = null")
        after = text(await client.get("/"))
    short = said[: said.index("Waiting for you (")]
    assert re.search(rf"● 5 wait for you : the first is due {MOMENT}", short)
    assert re.search(rf"▲ 2 are late elsewhere : the longest since {MOMENT}", short)
    ill = (
        rf"▲ 4 are broken : Exemplar Police, public protection, no answer since {MOMENT} ,"
        r" 2 deliveries waiting.*; 3 call sheets open"
    )
    assert re.search(ill, short)
    assert "○ Nothing is broken" in after[: after.index("Waiting for you (")]


async def test_who_is_ill_comes_first_with_since_when_and_how_much_waits(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        for page in ("/", "/partners"):
            shown = await client.get(page)
            links = re.findall(r'href="/partners/([a-z-]+)"><strong>', shown.text)
            assert links[0] == POLICE
            assert re.search(rf"No answer since {MOMENT} , 2 deliveries waiting", text(shown))
            assert shown.text.count('<svg class="strip24"') >= len(links)


async def test_a_strip_is_a_sentence_too(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        page = await client.get("/partners")
    told = re.findall(r'<svg class="strip24"[^>]*role="img" aria-label="([^"]+)"', page.text)
    hospital = next(one for one in told if one.startswith("Exemplar Hospitals"))
    assert re.search(rf": 12 in, 0 delivered in the last 24 hours; quiet since {MOMENT}$", hospital)
    assert "Exemplar Primary School: nothing in the last 24 hours" in told


async def test_an_overdue_handover_pushes_no_fault_out_of_sight(sitting: Sitting) -> None:
    with sitting.bench.engine.begin() as conn:
        run(
            conn,
            "with recursive n (i) as (select 1 union all select i + 1 from n where i < 300)"
            " insert into incident (incident_id, open_key, kind, subject, cause, first_seen,"
            " last_seen, count) select 'o' || i, 'overdue|' || i, 'overdue', i, 'late', :now, :now, 1"
            " from n",
            now=now(),
        )
    async with sitting.as_("operations") as client:
        said = text(await client.get("/"))
    assert "Broken (4)" in said
    assert "Exemplar Police, public protection does not answer" in said


def test_what_only_a_person_moves_on_is_counted_as_it_is_listed(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = now() - timedelta(days=2)
    sender = str(sitting.one("select partner from parcel where state = 'unreadable'"))
    unread = []
    with sitting.desk.ledger.connect() as conn:
        for of, whose in ((None, None), (["383"], [sender]), (["999"], [])):
            found = chores.chores(conn, since, of, whose)
            lists = (
                failed_deliveries(conn, of),
                unread_parcels(conn, whose),
                stuck_records(conn),
                held_messages(conn, since, of),
            )
            assert (found.stopped, found.unread, found.stuck, found.held) == tuple(
                len(one) for one in lists
            )
            unread.append(found.unread)
    assert unread == [1, 1, 0], "whose partners sent it, and nobody else"
    with sitting.bench.engine.begin() as conn:
        run(conn, "update delivery set state = 'needs_person' where partner = :p", p=HOSPITAL)
    with sitting.bench.engine.begin() as conn:
        run(conn, "update delivery set state = 'needs_person'")
        every = run(conn, "select count(*) from delivery").fetchone()[0]
    monkeypatch.setattr(chores, "MOST", 5)
    with sitting.desk.ledger.connect() as conn:
        assert every > 6
        assert chores.chores(conn, since).stopped == 6, "more than the bound, and no more counted"


def test_what_is_broken_is_red_whoever_is_ill() -> None:
    """Its rows are red: a line that says the same in amber would say less."""
    assert is_broken(3, []).mood is Mood.LATE
    assert is_broken(0, []).mood is Mood.CALM
