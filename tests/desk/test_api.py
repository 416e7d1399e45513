"""A program sees and may do through the API what its person may, and nothing a browser keeps opens it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text as sql

from hub.desk import acts
from hub.desk.accounts.open import open_people
from hub.desk.accounts.people import set_active
from hub.desk.accounts.tokens import make_token
from hub.desk.api.acts import OFFERED
from hub.desk.api.reads import make_api
from hub.desk.app import PAGES
from hub.ledger.write import rows
from tests.kit.desk import WHO, Sitting, engine_that_is_away, post, text

API = "/v1/desk"


def secret(sitting: Sitting, short: str) -> str:
    with sitting.desk.people.begin() as conn:
        email = f"{short}@desk.example.org"
        [row] = rows(conn, "select person_id from person where email = :email", email=email)
        return make_token(conn, row.person_id, "a screen of ours", sitting.seconds[0])


@asynccontextmanager
async def program(sitting: Sitting, short: str) -> AsyncIterator[httpx.AsyncClient]:
    async with sitting.client() as client:
        client.headers["authorization"] = f"Bearer {secret(sitting, short)}"
        yield client


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, object] = answer.json()
    assert told["status"] == status and told["title"] and told["type"] == "about:blank"
    return told


@pytest.mark.parametrize("short", WHO)
async def test_what_is_found_is_what_the_page_finds(sitting: Sitting, short: str) -> None:
    async with program(sitting, short) as client:
        found = await client.get(f"{API}/messages", params={"q": "since 2000-01-01"})
    async with sitting.as_(short) as client:
        page = await post(client, "/find", "/export/messages", form="json", q="since 2000-01-01")
    assert found.json()["messages"] == page.json()["rows"]


async def test_pages_go_on_where_the_last_ended(sitting: Sitting) -> None:
    seen: list[str] = []
    async with program(sitting, "auditor") as client:
        whole = await client.get(f"{API}/messages", params={"q": "since 2000-01-01", "limit": 200})
        after = ""
        while after is not None:
            asked = {"q": "since 2000-01-01", "limit": "7", "after": after}
            page = (await client.get(f"{API}/messages", params=asked)).json()
            assert len(page["messages"]) <= 7
            seen += [one["message_id"] for one in page["messages"]]
            after = page["next"]
    assert seen == [one["message_id"] for one in whole.json()["messages"]]
    assert len(seen) > 14


async def test_a_mark_that_is_none_is_refused_as_each_description_says(sitting: Sitting) -> None:
    described = make_api(sitting.desk, 1).openapi()["paths"]
    pages = {
        path: one["get"]
        for path, one in described.items()
        for asked in one.get("get", {}).get("parameters", ())
        if asked["name"] in ("after", "before")
    }
    case = str(sitting.one("select case_ref from message limit 1"))
    asked = {"q": "late", "after": "\U000b5919\x99", "before": "\U000b5919\x99"}
    async with program(sitting, "manager") as client:
        for path, get in pages.items():
            where = f"{API}{path.removeprefix(API).format(case_ref=case)}"
            answer = await client.get(where, params=asked)
            assert str(answer.status_code) in get["responses"], path
            problem(answer, 400)
    assert len(pages) >= 5


async def test_a_reference_is_looked_for_in_a_body_and_never_in_an_address(
    sitting: Sitting,
) -> None:
    async with program(sitting, "manager") as client:
        found = await client.post(f"{API}/messages/search", json={"q": '"EDT-0417" handover'})
        assert [one["reference"] for one in found.json()["messages"]] == ["EDT-0417"]
        for word in ("EDT-0417", "handover Annabel", '"late"'):
            told = problem(await client.get(f"{API}/messages", params={"q": word}), 400)
            assert "POST /messages/search" in str(told)
            assert word not in str(told) and "Annabel" not in str(told)
        timed = {"q": "handover from 25 Oct 2026 01:30 to 2026-10-25T01:30"}
        found = await client.get(f"{API}/messages", params=timed)
        words = "since 25 Oct 2026 01:30 BST until 25 Oct 2026 01:30 GMT edt.handover"
        assert found.json()["understood"] == words
        problem(await client.post(f"{API}/messages/search", json={"q": "9434765919"}), 400)
        problem(await client.post(f"{API}/messages/search", json={"q": "late", "limit": 0}), 422)


async def test_how_an_id_begins_finds_what_it_is_of(sitting: Sitting) -> None:
    parcel = str(sitting.one("select parcel_id from parcel where state = 'unreadable'"))
    case = str(sitting.one("select case_ref from message where reference = 'EDT-0417'"))
    async with program(sitting, "manager") as client:
        found = await client.post(f"{API}/messages/search", json={"q": case[:8]})
        assert {one["case"] for one in found.json()["messages"]} == {case}
        found = await client.post(f"{API}/messages/search", json={"q": parcel[:13]})
    [other] = found.json()["others"]
    assert (other["kind"], other["id"]) == ("parcel", parcel) and other["says"]


async def test_an_agency_reads_its_own_column(sitting: Sitting) -> None:
    async with program(sitting, "police") as client:
        own = await client.get(f"{API}/messages/{sitting.id_of('S-2231')}")
        other = await client.get(f"{API}/messages/{sitting.id_of('EDT-0417')}")
        for where in ("deliveries/failed", "incidents", "partners"):
            problem(await client.get(f"{API}/{where}"), 403)
    assert "Assessment team north" not in own.text and own.json()["happened"]
    problem(other, 404)


async def test_a_journey_shows_who_must_act_and_nothing_said_in_confidence(
    sitting: Sitting,
) -> None:
    message = sitting.id_of("EDT-0419")
    case = sitting.one("select case_ref from message where message_id = :id", id=message)
    async with program(sitting, "manager") as client:
        for where in (f"messages/{message}", f"cases/{case}"):
            told = (await client.get(f"{API}/{where}")).json()
            [custody] = told["custody"]
            assert custody["state"] == "queried" and custody["version"] > 0
            assert "asks a question" in custody["stands"]
            assert "aunt" not in str(told)


async def test_lists(sitting: Sitting) -> None:
    async with program(sitting, "operations") as client:
        stopped = (await client.get(f"{API}/deliveries/failed")).json()["deliveries"]
        wrong = (await client.get(f"{API}/incidents")).json()["open"]
        stand = (await client.get(f"{API}/partners")).json()["partners"]
    assert stopped[0]["partner"] == "exemplar-police"
    assert {one["kind"] for one in wrong} >= {"unreadable"}
    assert {one["partner"] for one in stand} >= {"exemplar-police", "edt"}
    async with program(sitting, "worker") as client:
        told = (await client.get(f"{API}/inbox")).json()
    assert "EDT-0417" in {one["reference"] for one in told["waiting"]}
    assert "EDT-0414" in {one["reference"] for one in told["held"]}


async def test_accepting_is_answered_by_the_ledger_and_only_once(sitting: Sitting) -> None:
    message = sitting.id_of("EDT-0418")
    where = f"{API}/messages/{message}"
    async with program(sitting, "worker") as client:
        [custody] = (await client.get(where)).json()["custody"]
        said = {"say": "accepted", "version": custody["version"]}
        done = await client.post(f"{where}/answer", json=said)
        assert done.status_code == 200 and done.json()["outcome"] == "done", done.text
        kept = await client.get(f"{API}/acts/{done.json()['act_id']}")
        assert kept.json() == done.json()
        [custody] = (await client.get(where)).json()["custody"]
        assert custody["holder"] == "P. Lindqvist" and custody["state"] == "accepted"
    async with program(sitting, "manager") as client:
        told = problem(await client.post(f"{where}/answer", json=said), 409)
        assert told["act_id"] and "Lindqvist" in str(told["detail"])
        problem(await client.get(f"{API}/acts/{done.json()['act_id']}"), 404)
        missing = await client.post(f"{where}/answer", json={"say": "refused"})
        problem(missing, 400)


async def test_trying_again_and_pausing(sitting: Sitting) -> None:
    async with program(sitting, "operations") as client:
        one = (await client.get(f"{API}/deliveries/failed")).json()["deliveries"][0]
        where = f"{API}/deliveries/{one['delivery_id']}/retry"
        said = {"reason": "they mended it", "version": one["version"]}
        assert (await client.post(where, json=said)).json()["outcome"] == "done"
        problem(await client.post(where, json=said), 409)
        pause = {"reason": "they asked us to"}
        done = await client.post(f"{API}/partners/exemplar-police/pause", json=pause)
        assert done.json()["outcome"] == "done"
    async with program(sitting, "worker") as client:
        problem(await client.post(where, json=said), 403)


async def test_what_the_ledger_has_not_answered_is_not_confirmed(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.1)
    where = f"{API}/messages/{sitting.id_of('EDT-0418')}/answer"
    async with program(sitting, "worker") as client:
        sitting.road.deaf = True
        said = await client.post(where, json={"say": "accepted"})
        assert said.status_code == 202 and said.json()["outcome"] == "not_confirmed"
        problem(await client.get(said.headers["location"]), 404)
        sitting.road.away = True
        problem(await client.post(where, json={"say": "accepted"}), 503)


async def test_a_signed_in_browser_is_nobody_here(sitting: Sitting) -> None:
    where = f"{API}/messages/{sitting.id_of('EDT-0418')}"
    async with sitting.as_("worker") as client:
        for headers in ({}, {"authorization": "Bearer fdh_x"}, {"authorization": "Basic eDp5"}):
            answer = await client.get(where, headers=headers)
            problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
            problem(await client.post(f"{where}/answer", json={"say": "accepted"}, headers=headers), 401)  # fmt: skip
    assert sitting.road.published == []
    async with program(sitting, "worker") as client:
        assert (await client.get("/inbox")).status_code == 303, "and a token opens no page"


async def test_an_administrator_makes_a_token_that_is_shown_once_and_ends_it(
    sitting: Sitting,
) -> None:
    person = sitting_person(sitting, "worker")
    async with sitting.as_("administrator") as client:
        page = await post(client, "/people", f"/people/{person}/token", label="Screens of ours")
        shown = page.text.split('class="password">')[1].split("<")[0]
        assert shown.startswith("fdh_")
        again = await client.get("/people")
        assert shown not in again.text and "never used" in text(again)
        async with sitting.client() as other:
            headers = {"authorization": f"Bearer {shown}"}
            assert (await other.get(f"{API}/inbox", headers=headers)).status_code == 200
            assert "last used" in text(await client.get("/people"))
            stored = [str(row) for row in people(sitting, "select * from api_token")]
            assert len(stored) == 1 and shown not in stored[0]
            token_id = people(sitting, "select token_id from api_token")[0].token_id
            await post(client, "/people", f"/people/{person}/token/{token_id}/end")
            problem(await other.get(f"{API}/inbox", headers=headers), 401)
        assert "Screens of ours" not in text(await client.get("/people"))
        nameless = await post(client, "/people", f"/people/{person}/token", label=" ")
        assert nameless.status_code == 400
    async with sitting.as_("auditor") as client:
        page = await post(client, "/people", f"/people/{person}/token", label="x")
        assert page.status_code == 403


async def test_a_closed_account_has_no_token_left(sitting: Sitting) -> None:
    person = sitting_person(sitting, "worker")
    async with program(sitting, "worker") as client:
        async with sitting.as_("administrator") as other:
            await post(other, "/people", f"/people/{person}/close")
        problem(await client.get(f"{API}/inbox"), 401)
        with sitting.desk.people.begin() as conn:
            set_active(conn, person, True)
        problem(await client.get(f"{API}/inbox"), 401)


def sitting_person(sitting: Sitting, short: str) -> str:
    email = f"{short}@desk.example.org"
    return str(people(sitting, "select person_id from person where email = :e", e=email)[0][0])


def people(sitting: Sitting, asked: str, **named: object) -> list[Any]:
    with sitting.desk.people.connect() as conn:
        return list(rows(conn, asked, **named))


async def test_every_refusal_is_a_problem(sitting: Sitting) -> None:
    async with program(sitting, "manager") as client:
        problem(await client.get(f"{API}/nothing"), 404)
        problem(await client.put(f"{API}/inbox"), 405)
        told = problem(await client.get(f"{API}/messages", params={"q": "late", "limit": "0"}), 422)
        assert "limit" in str(told["errors"])
        number = "9434765919"
        told = problem(await client.get(f"{API}/messages", params={"q": number}), 400)
        assert number not in str(told)
        where = f"{API}/messages/x/answer"
        odd = problem(await client.post(where, json={"say": "queried", "text": "a\0b"}), 422)
        assert "no text" in str(odd)
        problem(await client.post(where, json={"say": "accepted", "more": 1}), 422)
        assert (await client.post(where, content=b"x" * 300_000)).status_code == 413
        object.__setattr__(sitting.desk, "ledger", engine_that_is_away())
        problem(await client.get(f"{API}/inbox"), 503)
    assert sitting.road.published == []


async def test_a_program_that_would_wait_too_long_is_told_as_of_every_other_refusal(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(_: object) -> list[object]:
        time.sleep(0.6)
        return []

    monkeypatch.setattr("hub.desk.patience.LONGEST", 0.05)
    monkeypatch.setattr("hub.desk.api.lists.stuck_records", slowly)
    async with program(sitting, "operations") as client:
        told = problem(await client.get(f"{API}/stuck"), 503)
        assert "does not answer in time" in str(told["title"])
        await asyncio.sleep(0.8)


NOT_OFFERED = {
    "/sign-": "a browser's: a program shows its token",
    "/people": "a token that makes people and tokens would outlive its own end",
    "/export/": "a program reads the lists themselves, as JSON",
}
"""Buttons that no program presses, and why."""
TWINS = {
    "/message/{message_id}/content": "/messages/{message_id}/content",
    "/message/{message_id}/compare": "/messages/{message_id}/compare",
    "/find": "/messages/search",
    "/find/child": "/children/search",
    "/delivery/{delivery_id}/repair": "/deliveries/{delivery_id}/repair/open",
    "/delivery/{delivery_id}/repair/change": "/deliveries/{delivery_id}/repair/look",
    "/delivery/{delivery_id}/repair/send": "/deliveries/{delivery_id}/repair",
    "/parcel/{parcel_id}/bytes": "/parcels/{parcel_id}/bytes",
    "/parcel/{parcel_id}/compare": "/parcels/{parcel_id}/compare",
    "/parcel/{parcel_id}/repair": "/parcels/{parcel_id}/repair/open",
    "/parcel/{parcel_id}/repair/change": "/parcels/{parcel_id}/repair/look",
    "/parcel/{parcel_id}/repair/send": "/parcels/{parcel_id}/repair",
} | {one.button: one.path for one in OFFERED}
"""Each button of a page, and the call by which a program does the same."""


def test_every_button_has_a_call_or_it_is_said_why_not(sitting: Sitting) -> None:
    buttons = {
        route.path
        for page in PAGES
        for route in page.router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }
    without = {path for path in buttons - set(TWINS) if path.startswith(tuple(NOT_OFFERED))}
    assert buttons - without == set(TWINS)
    described = make_api(sitting.desk, 1).openapi()["paths"]
    for path in TWINS.values():
        assert "post" in described[path], path
    calls = {path for path, way in described.items() if "post" in way}
    fixed = {one.path for one in OFFERED}
    assert calls == set(TWINS.values()) | fixed, "no call does what no page does"


def test_people_of_before_there_was_an_api_can_have_tokens(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'people.db'}"
    engine = open_people(url)
    with engine.begin() as conn:
        conn.execute(sql("drop table api_token"))
        conn.execute(sql("update people_version set version_num = '0001'"))
    engine.dispose()
    engine = open_people(url)
    with engine.connect() as conn:
        assert rows(conn, "select * from api_token") == []
    engine.dispose()
