"""A page comes over a telephone's connection at two in the morning: it weighs little, whatever it shows."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute

from hub.clock import now
from hub.desk.app import PAGES, STATIC
from hub.ledger.write import run
from tests.kit.desk import Sitting, find, post
from tests.kit.seed import EAST, NORTH
from tests.kit.shown import shown
from tests.kit.weight import MOST, loaded, on_the_wire, statements, weight

ASKED = 30
"""Statements of one page: it has so many questions, however much there is to answer."""
MANY = 400
_COPIES = """
with recursive n (i) as (select 1 union all select i + 1 from n where i < :many)
insert into journey (journey_id, machine, subject, case_ref, authority, state, custodian, sender,
  receiver, team, holder, holder_role, held_since, due_at, opened_at, changed_at, version)
select j.journey_id || ':copy-' || i, j.machine, j.subject, j.case_ref, j.authority, j.state,
  j.custodian, j.sender, j.receiver, j.team, j.holder, j.holder_role, j.held_since, j.due_at,
  j.opened_at, j.changed_at, 1
from n join (select * from journey where machine = 'handover' and receiver = :team) j
"""


def routes() -> Iterator[APIRoute]:
    """Every page that somebody can be on."""
    for page in PAGES:
        for route in page.router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                yield route


@pytest.mark.slow
async def test_no_page_weighs_more_than_100_kb_with_all_that_it_loads(sitting: Sitting) -> None:
    heavy, asked, seen = {}, {}, {"/sign-in"}
    async with sitting.client() as client:
        assert weight(await client.get("/sign-in")) < MOST
    for short, pages in shown(sitting.bench).items():
        async with sitting.as_(short) as client:
            found = []
            for name, path in pages.items():
                with statements() as said:
                    found.append((name, await client.get(path)))
                asked[f"{short} {name}"] = len(said)
            if short == "operations":
                stopped = dict(key=pages["cause"].split("/")[-1], which="all", reason="mended")
                moment = sitting.one("select max(changed_at) from delivery")
                again = await post(client, "/failed", "/failed/retry", as_of=moment, **stopped)
                found.append(("tried again", again))
                found.append(("its address", await client.get("/failed/retry")))
            if short == "manager":
                child = dict(number="9434765919", reason="rang about it")
                found.append(("child", await post(client, "/find", "/find/child", **child)))
                found.append(("words", await find(client, "EDT-04 nobody knows")))
        for name, page in found:
            seen |= {one.path for one in routes() if one.path_regex.match(page.url.path)}
            if weight(page) > MOST:
                heavy[f"{short} {name}"] = weight(page)
    assert {one.path for one in routes()} - seen == set(), "pages that nobody looked at"
    assert heavy == {}
    assert {name: count for name, count in asked.items() if count > ASKED} == {}


async def test_many_causes_weigh_no_more(sitting: Sitting) -> None:
    with sitting.bench.engine.begin() as conn:
        run(conn, "create temp table one as select * from delivery where state = 'needs_person'")
        for number in range(MANY):
            reason = "no such ward " + "abcdefghijklmnopqrst"[number % 20]
            run(
                conn,
                "update one set delivery_id = :id, reason = :reason",
                id=f"d-{number}",
                reason=reason,
            )
            run(conn, "insert into delivery select * from one")
    async with sitting.as_("operations") as client:
        page = await client.get("/failed")
        keys = re.findall(r'href="/failed/([0-9a-f]{16})"', page.text)
        assert len(set(keys)) >= 20, "every cause has its way"
        for one in (page, await client.get(f"/failed/{keys[0]}")):
            assert weight(one) <= MOST, f"{weight(one) / 1024:.0f} KB"


async def test_a_day_with_something_in_each_quarter_weighs_no_more(sitting: Sitting) -> None:
    """Two of the demo's own partners, for whom something waited all night, weighed 103 KB."""
    with sitting.bench.engine.begin() as conn:
        run(
            conn,
            "create temp table one as select * from delivery where partner = :p and state = 'delivered' limit 1",
            p=NORTH,
        )
        for quarter in range(1, 97):
            ended = now() - timedelta(minutes=15 * quarter)
            began = ended - timedelta(hours=12, minutes=quarter)
            sql = "update one set delivery_id = :id, created_at = :began, changed_at = :ended"
            run(conn, sql, id=f"d-{quarter}", began=began, ended=ended)
            run(conn, "insert into delivery select * from one")
    async with sitting.as_("operations") as client:
        page = await client.get(f"/partners/{NORTH}")
    assert page.text.count("<tr data-at=") >= 95, "each quarter has its figures"
    assert weight(page) <= MOST, f"{weight(page) / 1024:.0f} KB"


async def test_what_is_the_same_for_everybody_comes_compressed_and_a_page_as_it_is(
    sitting: Sitting,
) -> None:
    """Of a page with a secret in it, the length when compressed tells what the secret looks like."""
    asks = {"Accept-Encoding": "gzip"}
    async with sitting.as_("operations") as client:
        page = await client.get(f"/partners/{NORTH}", headers=asks)
        assert "content-encoding" not in page.headers
        for name in loaded(page):
            whole = (STATIC / name).read_bytes()
            plain = await client.get(f"/static/{name}", headers={"Accept-Encoding": "identity"})
            assert plain.content == whole and "content-encoding" not in plain.headers
            packed = await client.get(f"/static/{name}", headers=asks)
            assert packed.content == whole, "unpacked, it is the same"
            assert int(packed.headers["content-length"]) == on_the_wire(name), name
            assert (
                packed.headers["content-security-policy"]
                == plain.headers["content-security-policy"]
            )


@pytest.mark.parametrize("path", ["/", "/inbox", "/inbox?only=waiting", "/all/waiting"])
async def test_long_lists_weigh_no_more_and_ask_no_more(sitting: Sitting, path: str) -> None:
    # Also where a machine is slow each page has it counted anew: so each asks the same.
    sitting.desk.counts._quick = 60.0
    async with sitting.as_("manager") as client:
        with statements() as before:
            await client.get(path)
        with sitting.bench.engine.begin() as conn:
            run(conn, _COPIES, many=MANY, team=EAST)
        copies = "select count(*) from journey where journey_id like '%copy%' and state = 'sent'"
        assert int(str(sitting.one(copies))) >= MANY
        with statements() as after:
            page = await client.get(path)
    assert weight(page) <= MOST, f"{weight(page) / 1024:.0f} KB"
    assert len(after) == len(before) > 0
