"""Nobody gets past the door without signing in, and a form counts only from our own page."""

import httpx
import pytest

from tests.kit.desk import PASSWORD, Sitting, post, sign_in, text, token


@pytest.mark.parametrize("path", ["/", "/inbox", "/message/x", "/people", "/audit", "/find?q=1"])
async def test_every_page_asks_to_sign_in(sitting: Sitting, path: str) -> None:
    async with sitting.client() as client:
        page = await client.get(path)
        live = await client.get(path, headers={"X-Live": "1"})
        stream = await client.get("/live")
    assert page.status_code == 303
    assert page.headers["location"].startswith("/sign-in")
    assert live.status_code == stream.status_code == 401


async def test_the_cookie_cannot_be_read_or_sent_from_elsewhere(sitting: Sitting) -> None:
    async with sitting.client() as client:
        done = await sign_in(client, "manager@desk.example.org", PASSWORD)
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


async def test_a_wrong_password_never_says_what_was_wrong_and_locks(sitting: Sitting) -> None:
    async with sitting.client() as client:
        known = await sign_in(client, "manager@desk.example.org", "wrong")
        unknown = await sign_in(client, "nobody@desk.example.org", "wrong")
        assert known.status_code == unknown.status_code == 403
        wrong = "That e-mail address and password do not go together."
        assert wrong in text(known)
        assert wrong in text(unknown)
        for _ in range(4):
            locked = await sign_in(client, "manager@desk.example.org", "wrong")
        assert locked.status_code == 429
        assert "Wait under a minute" in text(locked)
        right = await sign_in(client, "manager@desk.example.org", PASSWORD)
        assert right.status_code == 429
        sitting.seconds[0] += 31
        assert (await sign_in(client, "manager@desk.example.org", PASSWORD)).status_code == 303


async def test_a_sign_in_ends_idle_though_the_page_refreshes_itself(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        for _ in range(4):
            sitting.seconds[0] += 600
            live = await client.get("/", headers={"X-Live": "1"})
        assert live.status_code == 401
        assert (await client.get("/")).status_code == 303


async def test_signing_out_ends_it_on_the_server(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        kept = dict(client.cookies)
        await post(client, "/", "/sign-out")
        client.cookies.update(kept)
        again = await client.get("/")
    assert again.status_code == 303


@pytest.mark.parametrize("then", ["https://evil.example.org", "//evil.example.org", "/\\evil"])
async def test_signing_in_never_leads_elsewhere(sitting: Sitting, then: str) -> None:
    async with sitting.client() as client:
        page = await client.get("/sign-in", params={"then": then})
        fields = {
            "email": "manager@desk.example.org",
            "password": PASSWORD,
            "token": token(page.text),
            "then": then,
        }
        done = await client.post("/sign-in", data=fields)
    assert done.headers["location"] == "/"


async def _accept(client: httpx.AsyncClient, where: str, **more: object) -> httpx.Response:
    page = await client.get("/inbox")
    data = {"token": token(page.text), "say": "accepted", **more.pop("data", {})}  # type: ignore[dict-item]
    return await client.post(where, data=data, **more)  # type: ignore[arg-type]


async def test_a_form_without_our_token_or_from_elsewhere_does_nothing(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}/answer"
    async with sitting.as_("service") as other:
        stolen = token((await other.get("/inbox")).text)
    async with sitting.as_("manager") as client:
        tries = [
            await client.post(where, data={"say": "accepted"}),
            await _accept(client, where, data={"token": stolen}),
            await _accept(client, where, data={"token": "é" * 32}),
            await _accept(client, where, headers={"Origin": "https://evil.example.org"}),
            await _accept(client, where, headers={"Sec-Fetch-Site": "cross-site"}),
        ]
        assert [page.status_code for page in tries] == [403] * 5
        assert "nothing was done" in text(tries[0])
        assert sitting.road.published == []
        done = await _accept(client, where, headers={"Origin": "http://desk"})
    assert done.status_code == 303
