"""However many are to be rung or are wrong, the number is of all of them and each page leads to the next."""

import re

from httpx import AsyncClient

from hub.ledger.write import run
from tests.desk.test_api import API, problem, program
from tests.kit.desk import Sitting, text

SHEETS, WRONG = 620, 230
_SHEETS = """
with recursive n (i) as (select 1 union all select i + 1 from n where i < :many)
insert into delivery (delivery_id, message_id, case_ref, authority, type, partner, team, purpose,
  transport, mode, lane, lane_no, priority, rank, state, attempt, tries, level_needed,
  level_reached, reason, overtook, withheld, reference, created_at, listed_at, changed_at, version,
  due_at)
select 'sheet-' || i, d.message_id, d.case_ref, d.authority, d.type, d.partner, d.team, d.purpose,
  'call', 'held', 'sheet-' || i, 0, d.priority, i % 3, 'offered', 0, 0, d.level_needed, 'none',
  'ring', '[]', '[]', 'sheet-' || i, d.created_at, d.listed_at, d.changed_at, 1,
  case when i % 2 = 0 then d.created_at end
from n join (select * from delivery where transport = 'call' limit 1) d on 1 = 1
"""
_WRONG = """
with recursive n (i) as (select 1 union all select i + 1 from n where i < :many)
insert into incident (incident_id, open_key, kind, subject, cause, first_seen, last_seen, count)
select 'wrong-' || i, 'behind|' || i, 'behind', 'road-' || i, 'why', m.recorded_at, m.recorded_at, 1
from n join (select recorded_at from message limit 1) m on 1 = 1
"""


async def pages(client: AsyncClient, path: str, pattern: str) -> list[list[str]]:
    """What each page lists, from the first to the last."""
    found, where = [], path
    while where:
        page = await client.get(where)
        assert page.status_code == 200, page.text
        found.append(re.findall(pattern, page.text))
        links = re.findall(r'href="([^"]*after=[^"]*)"', page.text)
        where = links[0].replace("&amp;", "&") if links else ""
    return found


async def told_of(client: AsyncClient, path: str, what: str, name: str, limit: int) -> list[str]:
    """What a program hears of, page by page; each page has the number of all."""
    found, after, number = [], "", 0
    while True:
        page = (await client.get(f"{API}{path}", params={"after": after, "limit": limit})).json()
        assert number in (0, page["number"])
        number, after = page["number"], page["next"]
        found += [one[name] for one in page[what]]
        if after is None:
            assert len(found) == number
            return found


async def test_every_call_sheet_is_counted_and_found_the_most_pressing_first(
    sitting: Sitting,
) -> None:
    count = "select count(*) from delivery where transport = 'call' and state = 'offered'"
    before = int(str(sitting.one(count)))
    with sitting.bench.engine.begin() as conn:
        run(conn, _SHEETS, many=SHEETS)
    assert sitting.one(count) == before + SHEETS
    assert before + SHEETS > 500
    async with sitting.as_("manager") as client:
        said = text(await client.get("/calls"))
        listed = await pages(client, "/calls", r'<article class="sheet" id="([^"]+)"')
        start = text(await client.get("/"))
        waits = await pages(client, "/all/waiting", r'href="/calls/([^"]+)"><strong>')
        nowhere = await client.get("/calls?after=never")
    assert f"Call sheets ({before + SHEETS})" in said
    every = [one for page in listed for one in page]
    assert len(every) == len(set(every)) == before + SHEETS
    assert {len(page) for page in listed[:-1]} == {50}
    sql = "select delivery_id, rank from delivery where transport = 'call'"
    rank = {row.delivery_id: row.rank for row in sitting.bench.all(sql)}
    assert [rank[one] for one in every] == sorted(rank[one] for one in every)
    # The start page counts them as well, and leads to each.
    rung = [one for page in waits for one in page]
    assert len(rung) == len(set(rung)) == before + SHEETS
    number = re.search(r"all (\d+), longest due first", start)
    assert number is not None and int(number[1]) >= before + SHEETS
    assert nowhere.status_code == 400
    async with program(sitting, "manager") as client:
        told = await told_of(client, "/calls", "calls", "delivery_id", 200)
        problem(await client.get(f"{API}/calls?after=never"), 400)
    assert told == every, "a program hears of the same ones, in the same order"


async def test_every_open_incident_is_counted_and_found(sitting: Sitting) -> None:
    with sitting.bench.engine.begin() as conn:
        run(conn, _WRONG, many=WRONG)
    number = int(str(sitting.one("select count(*) from incident where closed_at is null")))
    assert number > 200
    async with sitting.as_("manager") as client:
        said = text(await client.get("/incidents"))
        listed = await pages(client, "/incidents", r'<li id="([^"]+)"><span class="due late">')
    assert f"Open ({number})" in said
    every = [one for page in listed for one in page]
    assert len(every) == len(set(every)) == number
    assert {len(page) for page in listed[:-1]} == {50}
    async with program(sitting, "manager") as client:
        assert await told_of(client, "/incidents", "open", "incident_id", 100) == every
        problem(await client.get(f"{API}/incidents?after=never"), 400)
