"""Every room answers every role within its budget, in words, and safe to show."""

import re
import time

import pytest

from tests.kit.desk import WHO, Sitting, find, text

ROOMS = (
    "/",
    "/inbox",
    "/failed",
    "/calls",
    "/partners",
    "/incidents",
    "/audit?all=true",
    "/people",
)
CLOSED = {
    "worker": {"/failed", "/calls", "/partners", "/incidents", "/audit?all=true", "/people"},
    "manager": {"/audit?all=true", "/people"},
    "service": {"/people"},
    "edt": {"/audit?all=true", "/people"},
    "police": {"/failed", "/calls", "/partners", "/incidents", "/audit?all=true", "/people"},
    "operations": {"/audit?all=true", "/people"},
    "auditor": {"/calls"},
    "administrator": {"/audit?all=true", "/calls"},
    "elsewhere": {"/audit?all=true", "/people"},
}


@pytest.mark.parametrize("short", WHO)
async def test_every_room_answers_every_role(sitting: Sitting, short: str) -> None:
    async with sitting.as_(short) as client:
        for path in ROOMS:
            page = await client.get(path)
            refused = path in CLOSED[short]
            assert page.status_code == (403 if refused else 200), (path, text(page))
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            assert page.headers["cache-control"] == "no-store"
            assert " style=" not in page.text
            assert "<script>" not in page.text


async def test_pages_are_small_and_fast(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        for path in ("/", "/inbox", "/failed", f"/message/{sitting.id_of('S-2231')}"):
            await client.get(path)
            taken = []
            for _ in range(5):
                began = time.perf_counter()
                page = await client.get(path)
                taken.append(time.perf_counter() - began)
            assert min(taken) < 0.1, (path, taken)
            assert len(page.content) < 100_000


async def test_now_answers_the_three_questions_in_their_order(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        page = await client.get("/")
    order = ["waiting", "holding", "late", "broken", "partners"]
    places = [page.text.index(f'id="h-{name}"') for name in order]
    assert places == sorted(places)
    said = text(page)
    assert "▲ LATE" in said
    assert "EDT-0417" in said[: said.index("You hold")]
    assert "EDT-0414" in said[said.index("You hold") : said.index("Late elsewhere")]
    assert "EDT-0421" in said[said.index("Late elsewhere") : said.index("Broken")]
    assert "Exemplar Police, public protection does not answer" in said
    assert "✓ balanced" in said


async def test_what_waits_for_one_does_not_wait_for_another(sitting: Sitting) -> None:
    async with sitting.as_("edt") as client:
        edt = text(await client.get("/"))
    async with sitting.as_("operations") as client:
        operations = text(await client.get("/"))
    waiting = edt[: edt.index("Yours still")]
    assert "EDT-0419" in waiting, "a question is waiting for its sender"
    assert "EDT-0417" not in waiting
    assert "Yours still: nobody took it in time (2)" in edt
    assert "1 delivery stopped" in operations
    assert "Ring Exemplar Police" in operations


async def test_times_have_their_exact_instant_behind_them(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        page = await client.get("/inbox")
    assert re.search(r'title="\w+day \d+ \w+ \d{4}, \d\d:\d\d:\d\d (GMT|BST)"', page.text)
    assert page.text.count("<time datetime=") >= 5


async def test_no_list_names_anybody(sitting: Sitting) -> None:
    from tests.kit.persons import _FAMILY, _GIVEN

    async with sitting.as_("auditor") as client:
        for path in ROOMS[:-1]:
            page = text(await client.get(path))
            for word in (*_GIVEN, *_FAMILY, "LS99", "Tannery"):
                assert word not in page, (path, word)


async def test_another_authority_sees_nothing(sitting: Sitting) -> None:
    async with sitting.as_("elsewhere") as client:
        now = text(await client.get("/"))
        message = await client.get(f"/message/{sitting.id_of('EDT-0417')}")
        found = await find(client, "EDT-0417")
    assert "EDT-" not in now
    assert "S-22" not in now
    assert message.status_code == found.status_code == 404
    assert "nothing here that you may see" in text(message)


@pytest.mark.parametrize("word", ["EDT-0417", "EDT-041", "nothing at all"])
async def test_one_box_finds_references(sitting: Sitting, word: str) -> None:
    async with sitting.as_("manager") as client:
        page = await find(client, word)
    if word == "EDT-0417":
        assert page.url.path == f"/message/{sitting.id_of('EDT-0417')}"
    elif word == "EDT-041":
        assert "4 messages under" in text(page)
    else:
        assert page.status_code == 404


async def test_an_error_has_words_and_a_reference(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        missing = await client.get("/no/such/page")
        unwhole = await client.post("/message/x/answer", data={})
    assert missing.status_code == 404
    assert "There is no such page" in text(missing)
    assert "Reference:" in text(missing)
    assert unwhole.status_code in (400, 403)


async def test_while_the_ledger_is_away_the_page_says_so(sitting: Sitting) -> None:
    from tests.kit.desk import engine_that_is_away

    async with sitting.as_("manager") as client:
        object.__setattr__(sitting.desk, "ledger", engine_that_is_away())
        page = await client.get("/")
        health = await client.get("/health")
        ready = await client.get("/ready")
    assert page.status_code == ready.status_code == 503
    assert "The ledger does not answer" in text(page)
    assert health.status_code == 200
