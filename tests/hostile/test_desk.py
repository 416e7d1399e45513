"""No address and no form of the desk breaks it: what is asked for is shown escaped, refused in words, or not there."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import BaseRoute

from hub.desk.app import make_app
from tests.flow.marked import ALL, marks_in
from tests.kit.desk import WHO, Sitting, evenings, filled, sitting, token
from tests.kit.effort import tries
from tests.kit.log_lines import Log, logged_as

__all__ = ["evenings", "filled", "sitting"]

MARKUP = "<i>q</i>\"'><script>"
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            "\0",
            "a\0b",
            MARKUP,
            "\u202e" + ALL,
            "\u200b\u2066\ufeff",
            "=HYPERLINK(1)",
            "'; drop table message; --",
            "{{7*7}}",
            "../../etc/passwd",
            "%s%n",
            "x" * 5000,
            "9" * 5000,
            "-1",
            "9" * 30,
            "1e999",
            "NaN",
            "new",
            "accepted",
            "queried",
            "refused",
            "released",
            "proceed",
            "drop",
        ]
    ),
)


@pytest.fixture
def log() -> Iterator[Log]:
    with logged_as("desk") as made:
        yield made


def routes(sitting: Sitting, method: str) -> list[APIRoute]:
    """The pages, or the buttons."""
    found: list[BaseRoute] = list(make_app(sitting.desk).router.routes)
    apis = [each for each in walked(found) if isinstance(each, APIRoute)]
    return [one for one in apis if method in (one.methods or set()) and one.path != "/live"]


def walked(found: Any) -> Iterator[Any]:
    """Routes within routers, too."""
    for each in found:
        yield each
        yield from walked(getattr(getattr(each, "original_router", None), "routes", ()))


def ids(sitting: Sitting) -> list[str]:
    """Names of things that exist."""
    found = [
        *sitting.bench.all("select message_id from message limit 5"),
        *sitting.bench.all("select delivery_id from delivery limit 5"),
        *sitting.bench.all("select parcel_id from parcel limit 3"),
        *sitting.bench.all("select incident_id from incident limit 3"),
        *sitting.bench.all("select case_ref from case_file limit 3"),
    ]
    return [str(row[0]) for row in found]


def safe(answer: httpx.Response) -> None:
    """Nothing broke, nothing was taken for markup, and the headers are those of every page."""
    assert answer.status_code < 500, (answer.request.method, answer.request.url, answer.text[:300])
    assert MARKUP not in answer.text and "<i>q</i>" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def client_of(app: FastAPI, cookies: httpx.Cookies) -> httpx.AsyncClient:
    """Somebody at the desk."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://desk", cookies=cookies)


async def every_role(sitting: Sitting) -> dict[str, httpx.Cookies]:
    """Cookies of somebody of each role."""
    found = {}
    for short in WHO:
        async with sitting.as_(short) as client:
            found[short] = client.cookies
    return found


def test_no_page_breaks(sitting: Sitting, log: Log) -> None:
    app, pages, there = make_app(sitting.desk), routes(sitting, "GET"), ids(sitting)
    assert len(pages) > 15
    with asyncio.Runner() as runner:
        cookies = runner.run(every_role(sitting))

        @tries(40)
        @given(data=st.data())
        def look(data: st.DataObject) -> None:
            page, words = (
                data.draw(st.sampled_from(pages)),
                st.one_of(TEXTS, st.sampled_from(there)),
            )
            path = re.sub(r"\{[^}]+\}", lambda _: quote(data.draw(words), safe=""), page.path)
            query = {
                name: data.draw(words)
                for name in ("q", "act", "then", "after", "before", "limit", "day", "kind", "state")
                if data.draw(st.booleans())
            }
            who = data.draw(st.sampled_from(sorted(cookies)))
            headers = {"x-live": "1"} if data.draw(st.booleans()) else {}

            async def once() -> None:
                async with client_of(app, cookies[who]) as client:
                    safe(await client.get(path, params=query, headers=headers))

            runner.run(once())

        look()
    assert log.worst() == [] and marks_in(log.getvalue()) == []


def test_no_button_breaks(sitting: Sitting, log: Log) -> None:
    app, buttons, there = make_app(sitting.desk), routes(sitting, "POST"), ids(sitting)
    assert len(buttons) > 25
    with asyncio.Runner() as runner:
        cookies = runner.run(every_role(sitting))

        @tries(40)
        @given(data=st.data())
        def press(data: st.DataObject) -> None:
            button = data.draw(st.sampled_from(buttons))
            name = data.draw(st.one_of(TEXTS, st.sampled_from(there)))
            path = re.sub(r"\{[^}]+\}", lambda _: quote(name, safe=""), button.path)
            asked = sorted({each.alias for each in fields(button.dependant)} - {"token"})
            words = st.one_of(TEXTS, st.sampled_from([*there, "1", "2", "0", "because it was so"]))
            form = {each: data.draw(words) for each in asked if data.draw(st.integers(0, 9))}
            who = data.draw(st.sampled_from(sorted(cookies)))
            ours = data.draw(st.integers(0, 9)) > 0

            async def once() -> None:
                async with client_of(app, cookies[who]) as client:
                    shown = token((await client.get("/sign-in")).text) if ours else "wrong"
                    before = len(sitting.road.published)
                    answer = await client.post(path, data=form | {"token": shown})
                    safe(answer)
                    assert ours or len(sitting.road.published) == before
                    for published in sitting.road.published[before:]:
                        assert "\\u0000" not in str(published.meta)

            runner.run(once())

        press()
    assert log.worst() == [] and marks_in(log.getvalue()) == []


def fields(dependant: Any) -> list[Any]:
    """What a form carries, with what its dependencies ask for."""
    found = list(dependant.body_params)
    for each in dependant.dependencies:
        found += fields(each)
    return found


@pytest.mark.parametrize("where", ["path", "query", "form"])
async def test_the_character_that_no_database_keeps_is_refused(
    sitting: Sitting, where: str
) -> None:
    async with sitting.as_("manager") as client:
        shown = token((await client.get("/")).text)
        match where:
            case "path":
                answer = await client.get("/message/a%00b")
            case "query":
                answer = await client.get("/inbox?act=a%00b")
            case _:
                there = ids(sitting)[0]
                form = {"token": shown, "say": "queried", "text": "who\0is it?"}
                answer = await client.post(f"/message/{there}/answer", data=form)
    assert answer.status_code in (400, 404)
    assert sitting.road.published == []


async def test_forms_of_every_size_and_shape_are_refused_or_read(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        for body, kind in (
            (b"a=" + b"x" * 2_000_000, "application/x-www-form-urlencoded"),
            (b"&".join(b"f%d=1" % n for n in range(20_000)), "application/x-www-form-urlencoded"),
            (b"token=%ff%fe%ed%a0%80", "application/x-www-form-urlencoded"),
            (
                b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nno end",
                "multipart/form-data; boundary=x",
            ),
            (b"\xff" * 9999, "multipart/form-data; boundary=" + "x" * 300),
            (b"{}", "application/json"),
            (b"\0", "text/plain"),
        ):
            answer = await client.post("/sign-out", content=body, headers={"content-type": kind})
            assert 400 <= answer.status_code < 500, (body[:40], answer.status_code)


async def test_what_was_asked_for_is_shown_as_text(sitting: Sitting) -> None:
    async with sitting.client() as client:
        answer = await client.get("/sign-in", params={"then": f"/{MARKUP}"})
        safe(answer)
        assert "&lt;i&gt;q&lt;/i&gt;" in answer.text


async def test_no_button_works_without_our_token(sitting: Sitting) -> None:
    """Every form, filled in whole, by somebody who may press most of them."""
    async with sitting.as_("service") as client:
        answers = {}
        for button in routes(sitting, "POST"):
            form = {each.alias: "1" for each in fields(button.dependant)} | {"token": "0" * 32}
            path = re.sub(r"\{[^}]+\}", "1", button.path)
            answers[button.path] = (await client.post(path, data=form)).status_code
    # Where a field has a few words to choose from, `1` is refused first.
    assert set(answers.values()) <= {400, 403} and list(answers.values()).count(403) > 25, answers
    assert sitting.road.published == []
