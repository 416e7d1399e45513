"""What was typed when a sign-in had ended comes back to who typed it: sealed until then, done by nobody."""

import html
import re

import httpx
import pytest

from hub.desk.kept import LASTS
from tests.kit.desk import PASSWORD, Sitting, post, text, token

WORDS = "Moved to Hull, says her aunt"


def fields(page: str) -> dict[str, str]:
    """What the forms of a page carry unseen."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


async def enter(client: httpx.AsyncClient, shown: httpx.Response, short: str) -> httpx.Response:
    """Fills in the sign-in form that a page shows."""
    data = fields(shown.text) | {"email": f"{short}@desk.example.org", "password": PASSWORD}
    return await client.post("/sign-in", data=data)


async def refused(client: httpx.AsyncClient, sitting: Sitting) -> httpx.Response:
    """A refusal with a reason is typed, the sign-in ends, and the button is pressed."""
    where = f"/message/{sitting.id_of('EDT-0417')}"
    page = await client.get(where)
    sitting.seconds[0] += 31 * 60
    data = fields(page.text) | {"say": "refused", "reason": WORDS}
    return await client.post(f"{where}/answer", data=data)


async def test_it_comes_back_to_who_typed_it_and_nothing_was_done(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        shown = await refused(client, sitting)
        assert shown.status_code == 401
        assert WORDS not in shown.text and "Hull" not in str(shown.url)
        assert "so the button you pressed did nothing" in text(shown)
        assert "what you typed is kept" in text(shown)
        wrong = await client.post("/sign-in", data=fields(shown.text) | {"email": "x@y.z"})
        back = await enter(client, wrong, "manager")
        assert back.status_code == 200
        assert "Nothing was done so far" in text(back)
        assert WORDS in text(back)
        assert sitting.road.published == []
        where = re.search(r'<form class="do" method="post" action="([^"]+)"', back.text)
        assert where is not None
        done = await client.post(where.group(1), data=fields(back.text), follow_redirects=True)
    assert "Refused by" in text(done)
    assert WORDS in text(done)


async def test_nobody_else_gets_it_nor_does_anybody_too_late(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        shown = await refused(client, sitting)
        other = await enter(client, shown, "service")
        assert WORDS not in other.text and "refused" not in other.text
        assert "It is not shown to you" in text(other)
        sitting.seconds[0] += LASTS + 1
        late = await enter(client, shown, "manager")
        assert WORDS not in late.text
    assert sitting.road.published == []


@pytest.mark.parametrize("forged", [{"token": "0" * 64}, {"token": "x"}])
async def test_what_no_page_of_ours_showed_comes_back_to_nobody(
    sitting: Sitting, forged: dict[str, str]
) -> None:
    async with sitting.client() as client:
        data = {"reason": WORDS, "say": "refused"} | forged
        shown = await client.post("/message/x/answer", data=data)
        if "kept" in fields(shown.text):
            assert WORDS not in (await enter(client, shown, "manager")).text
    async with sitting.client() as client:
        across = {"Sec-Fetch-Site": "cross-site"}
        crossed = await client.post("/message/x/answer", data=data, headers=across)
        assert crossed.status_code == 303
    async with sitting.as_("manager") as client:
        sealed = {"kept": "bm90aGluZyBvZiBvdXJz", "token": "x"}
        assert (await client.post("/sign-in", data=sealed)).status_code == 403


async def test_a_press_after_signing_out_elsewhere_says_that_it_did_nothing(
    sitting: Sitting,
) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("manager") as client:
        page = await client.get("/inbox")
        await post(client, "/", "/sign-out")
        data = fields(page.text) | {"say": "accepted"}
        shown = await client.post(f"{where}/answer", data=data, follow_redirects=True)
        assert "so the button you pressed did nothing" in text(shown)
        assert fields(shown.text)["then"] == where
    assert sitting.road.published == []


async def test_who_signed_in_again_beside_the_page_keeps_what_they_typed_there(
    sitting: Sitting,
) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("manager") as client:
        old = fields((await client.get(where)).text)
        await post(client, "/", "/sign-out")
        await enter(client, await client.get("/sign-in"), "manager")
        typed = {"say": "refused", "reason": WORDS}
        shown = await client.post(f"{where}/answer", data=old | typed)
        assert shown.status_code == 409 and WORDS in text(shown)
        assert "Nothing was done so far" in text(shown)
        bare = await client.post(f"{where}/answer", data=old | {"say": "accepted"})
        assert "signed in again since this page was shown, so nothing was done" in text(bare)
        assert sitting.road.published == []
        await post(client, "/", "/sign-out")
        await enter(client, await client.get("/sign-in"), "service")
        other = await client.post(f"{where}/answer", data=old | typed)
        assert other.status_code == 403 and WORDS not in other.text
    assert sitting.road.published == []


async def test_a_correction_comes_back_as_the_form_it_was(sitting: Sitting) -> None:
    stopped = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    where = f"/delivery/{stopped}/repair"
    async with sitting.as_("manager") as client:
        form = await post(client, f"/delivery/{stopped}", where)
        at = re.search(r'name="(f\.[\w.]*concern[\w.]*)"', form.text)
        assert at is not None
        sitting.seconds[0] += 31 * 60
        said = {"token": token(form.text), at.group(1): WORDS}
        shown = await client.post(f"{where}/change", data=said | {"reason": "They said so"})
        assert WORDS not in shown.text
        sitting.road.published.clear()
        back = await enter(client, shown, "manager")
        assert f'action="{where}"' in back.text
        assert WORDS not in text(back), "what is in it is read only where that is recorded"
        again = await client.post(where, data=fields(back.text))
    assert again.status_code == 200
    assert WORDS in again.text and "They said so" in again.text
    assert [one.kind for one in sitting.road.published] == ["content.opened"]


async def test_how_long_is_left_is_told_without_making_it_longer_and_one_press_does(
    sitting: Sitting,
) -> None:
    async with sitting.as_("manager") as client:
        sitting.seconds[0] += 28 * 60
        told = (await client.get("/live/left")).json()
        assert (told["left"], told["idle"]) == (120.0, True)
        assert told["left"] < told["warn"]
        sitting.seconds[0] += 60
        assert (await client.get("/live/left")).json()["left"] == 60.0
        assert (await client.post("/live/stay", data={"token": "x"})).status_code == 403
        data = {"token": token((await client.get("/", headers={"X-Live": "1"})).text)}
        assert (await client.post("/live/stay", data=data)).status_code == 204
        assert (await client.get("/live/left")).json()["left"] == 1800.0
        sitting.seconds[0] += 31 * 60
        assert (await client.get("/live/left")).status_code == 401
