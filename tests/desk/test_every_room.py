"""Whatever goes wrong in any room is said in words, with what to do next and a reference, and none is forgotten."""

import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from hub.desk.app import PAGES
from hub.desk.plain import LARGEST
from tests.kit.desk import Sitting, engine_that_is_away, find, post, text, token

OPEN = {"/sign-in"}
"""Rooms that somebody sees before they are signed in."""


def rooms(method: str) -> list[str]:
    """Every page (GET) or button (POST) of the desk, with something in the place of each name."""
    found = [
        re.sub(r"{(\w+)}", "waiting" if route.path.startswith("/all") else "x", route.path)
        for page in PAGES
        for route in page.router.routes
        if isinstance(route, APIRoute) and method in (route.methods or ())
    ]
    return sorted(set(found) - OPEN)


def told(page: httpx.Response) -> str:
    """What an error page says; it always has one heading, a next step and a reference."""
    said = text(page)
    assert page.text.count("<h1>") == 1, said
    assert re.search(r"Reference: [0-9a-f]{12}", said), said
    assert '<p class="lead">' in page.text, f"nothing says what to do next: {said}"
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert "Traceback" not in said and "sqlite" not in said.lower()
    return said


@pytest.fixture(params=rooms("GET"))
def page(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_rooms_and_buttons_are_those_of_the_program() -> None:
    assert len(rooms("GET")) > 15 and len(rooms("POST")) > 30
    assert {"/", "/inbox", "/failed", "/calls", "/partners", "/incidents", "/find"} <= set(
        rooms("GET")
    )


async def test_while_the_ledger_is_away_every_page_says_so(sitting: Sitting) -> None:
    heard = {}
    async with sitting.as_("auditor") as client:
        object.__setattr__(sitting.desk, "ledger", engine_that_is_away())
        sitting.desk.counts._ledger = sitting.desk.ledger
        for room in rooms("GET"):
            page = await client.get(room)
            heard[room] = page.status_code
            if page.status_code == 503:
                said = told(page)
                assert "The ledger does not answer, so this page cannot be shown" in said, room
                assert "What must be done now, do by telephone" in said
                assert f'<a href="{room}">Try this page again</a>' in page.text
    # These ask nothing of the ledger, or refuse before they would.
    without = {room for room, status in heard.items() if status != 503}
    none = {"/calls", "/failed/retry", "/find", "/people", "/partners/x", "/runbook/x"}
    assert without == none, heard


async def test_a_button_that_no_page_of_ours_showed_does_nothing(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        for button in rooms("POST"):
            page = await client.post(button, data={"token": "0" * 64, "form": "csv", "say": "x"})
            said = told(page)
            assert page.status_code in (400, 403), button
            assert "nothing was done" in said, button


async def test_who_is_no_longer_signed_in_hears_what_became_of_it(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        sitting.seconds[0] += 24 * 3600
        cookie = client.cookies.get("desk_session")
        for room in rooms("GET"):
            client.cookies.set("desk_session", cookie or "")
            page = await client.get(room)
            assert page.status_code == 303, room
            shown = await client.get(page.headers["location"])
            said = text(shown)
            assert "Your sign-in has ended. Sign in to go on: you come back" in said, room
            assert f'name="then" value="{room}"' in shown.text
        for button in rooms("POST"):
            client.cookies.set("desk_session", cookie or "")
            page = await client.post(button, data={"token": "x", "form": "csv"})
            shown = await client.get(page.headers["location"])
            said = text(shown)
            assert "so the button you pressed did nothing. Sign in to go on" in said, button
            then = re.search(r'name="then" value="([^"]+)"', shown.text)
            assert then is not None and then.group(1) in (
                "/", "/message/x", "/delivery/x", "/parcel/x", "/partners/x", "/calls", "/incidents",
                "/failed", "/redrives/x",
            )  # fmt: skip


async def test_who_was_not_signed_in_is_not_told_that_it_ended(sitting: Sitting) -> None:
    async with sitting.client() as client:
        for room in rooms("GET"):
            shown = await client.get(room, follow_redirects=True)
            assert shown.url.path == "/sign-in" and "has ended" not in text(shown)


async def test_what_is_too_large_is_refused_in_words(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        shown = await client.get("/")
        data = {"token": token(shown.text), "text": "a" * (LARGEST + 1)}
        page = await client.post("/message/x/reply", data=data)
    assert page.status_code == 413
    assert "What you sent is too large, so nothing was done" in told(page)
    assert "Inbox" in page.text, "the rooms stand above it"


@pytest.mark.parametrize(
    ("who", "path", "status", "words"),
    [
        ("manager", "/no/such/page", 404, "There is no such page"),
        ("manager", "/message/x", 404, "There is nothing here that you may see"),
        ("manager", "/case/x", 404, "There is nothing here that you may see"),
        ("manager", "/delivery/x", 404, "There is nothing here that you may see"),
        ("manager", "/parcel/x", 404, "There is nothing here that you may see"),
        ("manager", "/redrives/x", 404, "There is nothing here that you may see"),
        ("manager", "/all/x", 404, "There is nothing here that you may see"),
        ("manager", "/partners/x", 404, "There is nothing here that you may see"),
        ("manager", "/find/child/x", 404, "There is nothing here that you may see"),
        ("manager", "/runbook/x", 404, "There is no page in the runbook for that"),
        ("auditor", "/audit?case=x", 404, "There is no chain under that reference"),
        ("worker", "/failed", 403, "You may not"),
        ("worker", "/incidents", 403, "You may not"),
        ("worker", "/partners", 403, "You may not"),
        ("worker", "/audit", 403, "You may not"),
        ("worker", "/people", 403, "You may not"),
        *(
            (
                who,
                "/calls",
                403,
                "that is for duty manager, service manager, EDT worker or operations",
            )
            for who in ("worker", "police", "auditor", "administrator")
        ),
        ("manager", "/inbox?after=x", 400, "There is no such page of this list"),
        ("manager", "/find?q=late&after=x", 400, "That is no place in a list"),
        ("manager", "/failed/x?page=0", 400, "That address is not whole"),
        ("manager", "/sign-out", 405, "That cannot be done here"),
    ],
)
async def test_a_page_that_is_not_shown_says_why(
    sitting: Sitting, who: str, path: str, status: int, words: str
) -> None:
    async with sitting.as_(who) as client:
        page = await client.get(path)
    assert page.status_code == status
    assert words in told(page)
    assert 'aria-label="Rooms"' in page.text, "who is signed in keeps the way to other rooms"


async def test_where_nothing_was_ticked_the_way_leads_back_to_the_list(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        page = await post(
            client, "/failed", "/failed/retry", key="x", which="chosen", reason="They mended it",
            as_of="2026-11-27T20:00:00Z",
        )  # fmt: skip
        loaded = await client.get("/failed/retry", follow_redirects=True)
    assert "Nothing was chosen, so nothing was done" in told(page)
    assert '<a href="/failed">Back to the page it stood on</a>' in page.text
    assert loaded.url.path == "/failed"
    assert "was sent again" not in text(loaded)


async def test_what_somebody_else_has_seen_to_is_a_conflict_in_words(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        page = await post(
            client, "/failed", "/failed/retry", key="gone", which="all", reason="They mended it",
            as_of="2026-11-27T20:00:00Z",
        )  # fmt: skip
    assert page.status_code == 409
    assert "Somebody else has seen to it" in told(page)


async def test_a_room_that_breaks_tells_a_code_that_the_log_has(
    sitting: Sitting, logged: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr("hub.desk.pages.inbox.open_handovers", broken)
    async with sitting.as_("manager") as client:
        page = await client.get("/inbox")
    said = told(page)
    assert page.status_code == 500 and "secret" not in page.text
    assert "tell operations this reference" in said
    [line] = [line for line in logged if line["event"] == "a page broke"]
    assert f"Reference: {line['code']}" in said


async def test_while_kafka_is_away_a_button_says_that_nothing_is_held(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0418')}"
    sitting.road.away = True
    async with sitting.as_("manager") as client:
        shown = await client.get(where)
        assert "Kafka does not answer" in text(shown), "said before anybody presses"
        page = await post(client, where, f"{where}/answer", say="accepted")
    assert page.status_code == 503
    assert "you do not hold this yet" in told(page)


async def test_every_list_says_when_it_is_empty(sitting: Sitting) -> None:
    """Somebody of another authority sees nothing at all, and is told so in each place."""
    empty = {
        "/": ("Nothing is late with anybody you can see",),
        "/inbox": ("Nothing waits for your team", "Nobody in your team holds", "Nothing ended in"),
        "/failed": ("No delivery waits for a person", "Everything that came could be read"),
        "/failed/x": ("Nothing waits for this cause any more",),
        "/calls": ("Nobody needs to be rung",),
        "/partners": ("There is no partner here that you may see",),
        "/all/waiting": ("Nothing here",),
        "/find?q=late": ("Nothing under “late”", "There is nothing here that you may see"),
    }
    async with sitting.as_("elsewhere") as client:
        for path, words in empty.items():
            said = text(await client.get(path))
            for each in words:
                assert each in said, (path, said)


async def test_nothing_found_says_what_else_to_do(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        page = await find(client, "no-such-thing")
    said = text(page)
    assert page.status_code == 404 and "Nothing under “no-such-thing”" in said
    assert "A reference is one of ours, the sender's or the receiver's" in said
