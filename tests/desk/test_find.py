"""One box finds what its reader may see and nothing else, page after page, and says in which way it was understood."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from hub import clock
from hub.desk.access import Person
from hub.desk.frame import Visit
from hub.desk.search.filters import State
from hub.desk.search.found import Hit, Looked, look, mark_of, text_of, understood
from hub.desk.search.sealed import LASTS
from hub.desk.shown.words import short as shortened
from hub.ledger.write import at, rows
from tests.kit.desk import WHO, Sitting, find, post, text
from tests.kit.persons import nhs

EVERYTHING = "since 2000-01-01"


@pytest.fixture
def conn(sitting: Sitting) -> Iterator[Connection]:
    with sitting.desk.ledger.connect() as conn:
        yield conn


def visit(sitting: Sitting, short: str) -> Visit:
    name, grant = WHO[short]
    return Visit(cast(Any, None), sitting.desk, Person(short, name, "", (grant,)), clock.now())


def those(sitting: Sitting, conn: Connection, short: str, words: str) -> list[Hit]:
    who = visit(sitting, short)
    return look(who, conn, understood(who, words).filters, most=500).hits


def references(hits: list[Hit]) -> set[str]:
    return {hit.said.reference for hit in hits}


@pytest.mark.parametrize("short", WHO)
def test_a_state_finds_all_that_stands_so_and_nothing_else(
    sitting: Sitting, conn: Connection, short: str
) -> None:
    everything = those(sitting, conn, short, EVERYTHING)
    assert bool(everything) == (short not in ("administrator", "elsewhere"))
    for state in State:
        wanted = {hit.said.message_id for hit in everything if state in hit.states}
        hits = those(sitting, conn, short, state.value)
        assert {hit.said.message_id for hit in hits} == wanted, state


def test_the_evening_stands_in_many_ways(sitting: Sitting, conn: Connection) -> None:
    everything = those(sitting, conn, "auditor", EVERYTHING)
    assert {state for hit in everything for state in hit.states} >= {
        State.LATE, State.STOPPED, State.WAITING, State.DELIVERED, State.ACCEPTED, State.CONFLICT,
        State.QUERIED,
    }  # fmt: skip


def test_filters_of_one_kind_add_up_and_of_several_narrow(
    sitting: Sitting, conn: Connection
) -> None:
    def of(words: str) -> set[str]:
        return references(those(sitting, conn, "manager", words))

    assert of("handover accepted") == {"EDT-0414"}
    assert of("accepted queried from edt") == {"EDT-0414", "EDT-0419"}
    assert of("S-2231 EDT-0417") == {"S-2231", "EDT-0417"}
    assert of("EDT-0417 yesterday until 2001-01-01") == set()
    assert "S-2231" in of("to police urgent") and "EDT-0417" not in of("to police")
    assert of("from assessment-east") == {"S-2231", "S-2232", "S-2233"}
    assert of("from police") == {"WYP-0005"}
    assert of("edt-04") == of("EDT-04") != set()


def test_an_agency_finds_its_own_and_is_not_told_how_it_stands_with_others(
    sitting: Sitting, conn: Connection
) -> None:
    hits = those(sitting, conn, "police", EVERYTHING)
    assert references(hits) == {"S-2231", "S-2232", "S-2233", "WYP-0005"}
    assert {name for hit in hits for name in hit.to} <= {"exemplar-police"} | {"edt"}
    assert those(sitting, conn, "police", "to assessment-north") == []
    assert those(sitting, conn, "police", "EDT-0417") == []


def pages(sitting: Sitting, conn: Connection, words: str, most: int, budget: float) -> list[Looked]:
    who = visit(sitting, "auditor")
    filters = understood(who, words).filters
    made = [look(who, conn, filters, most=most, budget=budget)]
    while made[-1].after is not None:
        after = mark_of(text_of(made[-1].after))
        made.append(look(who, conn, filters, after, most, budget))
    return made


@pytest.mark.parametrize("words", [EVERYTHING, "waiting", "from exemplar-hospital", "X26"])
@pytest.mark.parametrize(("most", "budget"), [(3, 1.0), (500, 0.0), (2, 0.0)])
def test_pages_together_are_everything_once_and_newest_first(
    sitting: Sitting,
    conn: Connection,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    most: int,
    budget: float,
) -> None:
    who = visit(sitting, "auditor")
    whole = look(who, conn, understood(who, words).filters, most=500)
    assert len(whole.hits) > 5 and whole.after is None
    monkeypatch.setattr("hub.ledger.read.seek.FIRST", 4)
    made = pages(sitting, conn, words, most, budget)
    assert [hit.said.message_id for page in made for hit in page.hits] == [
        hit.said.message_id for hit in whole.hits
    ]
    moments = [hit.said.recorded_at for hit in whole.hits]
    assert moments == sorted(moments, reverse=True)
    assert all(len(page.hits) <= most for page in made)
    assert len(made) > 1 or most == 500


def test_when_time_is_over_it_says_how_far_was_looked(
    sitting: Sitting, conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.ledger.read.seek.FIRST", 4)
    first = pages(sitting, conn, "from exemplar-hospital", 50, 0.0)[0]
    assert first.back_to is not None and first.after is not None


async def test_the_page_shows_filters_that_can_be_taken_away_and_what_is_a_reference(
    sitting: Sitting,
) -> None:
    async with sitting.as_("manager") as client:
        page = await client.get("/find", params={"q": "handover accepted from edt"})
        said = text(page)
        assert "1 message under “handover accepted from edt”" in said
        assert "Accepted by J. Ahmed" in said and "Took " in said
        assert 'aria-label="Take away: state accepted"' in page.text
        assert "q=from+edt+edt.handover" in page.text
        odd = await find(client, "Thistlewood")
        assert odd.status_code == 404
        assert "is no word of the desk, and was taken for a reference" in text(odd)
        assert (await client.get("/find")).status_code == 200
        assert (await client.get("/find", params={"q": "late", "after": "x"})).status_code == 400


NUMBER = nhs(100)
"""Of the child that `X26000000000` is about."""


async def test_a_childs_number_finds_the_case_and_is_noted_and_kept_nowhere(
    sitting: Sitting, logged: list[dict[str, object]]
) -> None:
    number, read_at = NUMBER, re.compile(r"\d\d:\d\d(:\d\d)?")
    case = sitting.one("select case_ref from message where reference = 'X26000000000'")
    async with sitting.as_("edt") as client:
        page = await post(client, "/find", "/find/child", number=number, reason="rang about it")
        assert str(page.url).endswith(f"/case/{case}")
        none = await post(client, "/find", "/find/child", number="9434765919", reason="rang")
        assert none.status_code == 404 and "Nothing" not in none.text
        odd = await post(client, "/find", "/find/child", number="9434765918", reason="rang")
        assert odd.status_code == 400 and "943476" not in odd.text
        again = await client.get(none.url)
        assert again.status_code == 404, "loaded again without it"
        assert read_at.sub("", text(again)) == read_at.sub("", text(none))
    async with sitting.as_("manager") as client:
        assert (await client.get(none.url)).status_code == 404, "somebody else's"
    sql = "select entry from audit where case_ref = :ref and entry like '%found by number%'"
    [entry] = sitting.bench.all(sql, ref=case)
    assert "D. Quillfeather" in entry.entry
    acts = sitting.bench.all("select * from act where type = 'child.sought'")
    assert len(acts) == 2
    with sitting.bench.engine.connect() as conn:
        everything = [
            str(row)
            for table in ("act", "audit", "incident", "move")
            for row in rows(conn, f"select * from {table}")
        ]
    assert not any(number in row or "9434765919" in row for row in everything)
    assert not any(number in str(line) for line in logged)


async def test_a_childs_number_is_looked_for_by_roles_that_may_and_while_kafka_answers(
    sitting: Sitting,
) -> None:
    number = NUMBER
    for short in ("worker", "police", "operations", "administrator"):
        async with sitting.as_(short) as client:
            page = await post(client, "/", "/find/child", number=number, reason="rang about it")
            assert page.status_code == 403, short
            assert "Find a child" not in text(await client.get("/find"))
    async with sitting.as_("elsewhere") as client:
        page = await post(client, "/", "/find/child", number=number, reason="rang about it")
        assert page.status_code == 404
    sitting.road.away = True
    async with sitting.as_("manager") as client:
        page = await post(client, "/", "/find/child", number=number, reason="rang about it")
    assert page.status_code == 503


async def test_nothing_that_was_written_in_the_box_stands_in_an_address(sitting: Sitting) -> None:
    """But words of the desk: the search is loaded again and gone through by what is sealed in it."""
    async with sitting.as_("manager") as client:
        for words in ("EDT-04", "Amberly Thistlewood", f'"{NUMBER}"'):
            page = await find(client, words)
            address = str(page.url)
            assert page.history and "/find?s=" in address, words
            assert not any(word in address for word in words.replace('"', "").split()), address
            assert f"under “{words}”".replace('"', "&#34;") in page.text
            again = await client.get(address)
            assert (again.status_code, text(again).split("Took")[0]) == (
                page.status_code,
                text(page).split("Took")[0],
            )
        page = await find(client, "EDT-04")
        links = re.findall(r'href="(/find\?[^"]*)"', page.text)
        assert links and all("EDT" not in each for each in links)
        assert (await find(client, "late")).url.query == b"q=late", "what is the desk's may be kept"
        for words in ("EDT-0417", "Amberly Thistlewood", NUMBER):
            page = await client.get("/find", params={"q": words})
            assert page.status_code == 400 and "not looked for in an address" in text(page)
            assert words not in page.text


async def test_nor_when_nobody_is_signed_in(sitting: Sitting) -> None:
    async with sitting.client() as client:
        asked = await client.get("/find", params={"q": NUMBER})
    assert asked.headers["location"] == "/sign-in?then=%2Ffind"


async def test_who_may_ask_for_a_child_finds_the_number_in_the_form_and_nobody_else_does(
    sitting: Sitting,
) -> None:
    spaced = f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}"
    for short, may in (("manager", True), ("operations", False)):
        async with sitting.as_(short) as client:
            page = await find(client, f"late {spaced}")
            assert (f'value="{spaced}"' in page.text) == may
            assert str(page.url).endswith("/find") and page.text.count(spaced) == may
            said = "Ask for the child’s case below" if may else "ask a duty manager"
            assert said in text(page)
            assert "q=&#34;" not in page.text and spaced.replace(" ", "+") not in page.text


async def test_a_search_is_of_whoever_asked_and_of_a_day(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting.as_("manager") as client:
        address = str((await find(client, "EDT-04")).url)
        for broken in (address[:-6], f"{address[:-4]}AAAA", "/find?s=é", "/find?s=AAAA"):
            assert (await client.get(broken)).status_code == 400, broken
    async with sitting.as_("worker") as client:
        page = await client.get(address)
        assert page.status_code == 400 and "none of yours" in text(page)
        assert "EDT-04" not in page.text
    later = clock.now() + LASTS
    async with sitting.as_("manager") as client:
        assert (await client.get(address)).status_code == 200
        monkeypatch.setattr(
            "hub.desk.search.sealed.clock.now", lambda: later + timedelta(seconds=2)
        )
        page = await client.get(address)
    assert page.status_code == 400 and "of another day" in text(page)


SHOWN = {
    "message": "select message_id from message where reference = 'EDT-0417'",
    "case": "select case_ref from message where reference = 'EDT-0417'",
    "parcel": "select parcel_id from parcel where state = 'unreadable'",
    "incident": "select incident_id from incident where closed_at is null limit 1",
    "delivery": "select d.delivery_id from delivery d join message m"
    " on m.message_id = d.message_id where m.reference = 'EDT-0417'",
}
"""By what the desk shows of it, where its id stands."""


@pytest.mark.parametrize("kind", SHOWN)
async def test_every_reference_that_is_shown_is_found_by_how_it_begins(
    sitting: Sitting, kind: str
) -> None:
    whole = str(sitting.one(SHOWN[kind]))
    short = shortened(whole)
    assert len(short) < 14 and whole.startswith(short)
    async with sitting.as_("operations" if kind == "incident" else "manager") as client:
        for words in (whole, short, short.upper(), f"{kind} {short}"):
            page = await find(client, words)
            assert page.status_code == 200, (words, text(page))
            where = str(page.url)
            if kind in ("message", "case", "parcel"):
                assert where.endswith(f"/{kind}/{whole}"), (words, where)
            elif kind == "incident":
                assert f"/incidents/{whole}" in page.text and short in text(page)
            else:
                assert where.endswith(f"/message/{sitting.id_of('EDT-0417')}"), where


async def test_what_is_no_message_is_found_by_those_alone_who_may_see_it(sitting: Sitting) -> None:
    for kind, others in {"parcel": ("police", "elsewhere"), "incident": ("police",)}.items():
        for who in others:
            async with sitting.as_(who) as client:
                page = await find(client, shortened(str(sitting.one(SHOWN[kind]))))
                assert page.status_code == 404 and f"/{kind}" not in page.text.split("<main")[1]


async def test_the_word_of_a_state_is_that_state(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        for word, state in (
            ("conflict", "in conflict"),
            ("overdue", "late"),
            ("failed", "stopped"),
        ):
            page = await find(client, word)
            assert f"state {state}" in page.text and "is no word of the desk" not in page.text


async def test_a_time_of_day_narrows_a_search_in_words_and_in_the_form(sitting: Sitting) -> None:
    came = sitting.bench.all("select recorded_at from message where reference = 'EDT-0417'")
    here = clock.london(at(came[0].recorded_at) or clock.now())
    async with sitting.as_("manager") as client:
        for minutes, there in ((-1, True), (1, False)):
            since = here + timedelta(minutes=minutes)
            page = await find(client, f"handover since {since:%d/%m/%Y %H:%M}")
            assert ("EDT-0417" in text(page)) == there and "is no word" not in page.text
            field = f"{since:%Y-%m-%dT%H:%M}"
            chosen = await post(client, "/find", "/find", q="handover", since=field)
            assert str(chosen.url) == str(page.url)
            assert f'name="since" value="{field}"' in chosen.text
        minute = await find(client, f"{here:%d/%m/%Y %H:%M}")
        assert "EDT-0417" in text(minute)
        page = await find(client, "last hour")
        assert "Take away: time since" in page.text and "is no word" not in page.text
        page = await find(client, "tomorrow")
        assert "may have been meant for a time" in text(page)
        page = await find(client, "since 25 Oct 2026 01:30")
        assert "showed this time twice" in text(page) and "since 25 Oct 2026 01:30 BST" in text(
            page
        )
