"""What stopped is corrected in a form, seen before and after, and two journeys name each other."""

import html
import re
from typing import Any

import httpx
import pytest

from hub.desk import acts
from tests.kit.desk import Sitting, post, text, token
from tests.kit.typed import typed

CONCERN = "f.concern"
WHY = "The force has no area of that name"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.2)


def stopped(sitting: Sitting) -> str:
    """The strategy request that the police refused."""
    found = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    return f"/delivery/{found}"


async def looked(client: httpx.AsyncClient, where: str, **changed: str) -> httpx.Response:
    """Opens the form, types the changes and asks to see them."""
    form = await post(client, where, f"{where}/repair")
    assert form.status_code == 200, text(form)
    given = typed(form.text) | changed | {"token": token(form.text)}
    return await client.post(f"{where}/repair/change", data=given)


async def test_it_is_read_corrected_looked_at_and_sent_and_both_journeys_say_so(
    sitting: Sitting,
) -> None:
    where = stopped(sitting)
    old = sitting.id_of("S-2231")
    async with sitting.as_("manager") as client:
        assert "Correct it and send it as new" in text(await client.get(where))
        seen = await looked(
            client, where, **{CONCERN: "Seen running on Weir Street", "reason": WHY}
        )
        said = text(seen)
        assert "1 field changes" in said, said
        assert "Before Bruise on the upper arm" in said
        assert "After Seen running on Weir Street" in said
        assert sitting.one("select count(*) from message where corrects is not null") == 0
        given = typed(seen.text)
        assert set(given) == {"token", "version", "reason", CONCERN}, "no more than that"
        done = await client.post(f"{where}/repair/send", data=given, follow_redirects=True)
        assert "✓ Done. Sent as new, in its place" in text(done), text(done)
        new = str(sitting.one("select message_id from message where corrects = :id", id=old))
        assert f'href="/message/{new}"' in done.text
        assert "corrected it and sent it as new" in text(done)
        page = await client.get(f"/message/{new}")
        assert f'href="/message/{old}"' in page.text
        assert "it stands in an earlier one's place" in html.unescape(text(page))
        opened = await post(
            client, f"/message/{new}", f"/message/{new}/content", why="to act on it"
        )
        assert "Seen running on Weir Street" in text(opened)
        both = await post(client, f"/message/{new}", f"/message/{new}/compare")
        assert "as it came, and corrected" in text(both)
        assert "Second" in text(both) and "Seen running on Weir Street" in text(both)
        assert "Which of the two stands?" not in both.text
        assert WHY in text(await client.get(f"/message/{old}")), "to who may read content"
        again = await post(client, "/", f"{where}/repair")
        assert again.status_code == 409
    kinds = [one.kind for one in sitting.road.published]
    assert kinds[:3] == ["content.opened", "content.opened", "delivery.repaired"]
    assert all("Weir" not in str(one.facts) for one in sitting.road.published)


async def test_mistakes_are_told_at_their_fields_and_what_was_typed_is_kept(
    sitting: Sitting,
) -> None:
    where = stopped(sitting)
    async with sitting.as_("manager") as client:
        wrong = {"f.proposed_at": "next Friday", CONCERN: "", "f.why": "They differ in the hour"}
        page = await looked(client, where, reason="", **wrong)
        assert page.status_code == 400
        assert re.search(
            r'id="f.proposed_at-wrong">▲ Write a date and a time, as 23 Nov', page.text
        )
        assert re.search(r'id="f.concern-wrong">▲ ', page.text)
        assert "Say why it is corrected" in text(page)
        for name in ("f.proposed_at", "f.concern", "reason"):
            assert f'<a href="#{name}">' in page.text and f'id="{name}"' in page.text
        assert "<title>Error: " in page.text and "There is a problem" in text(page)
        kept = typed(page.text)
        assert (kept["f.proposed_at"], kept["f.why"]) == ("next Friday", "They differ in the hour")
        same = await looked(client, where, reason=WHY)
        assert same.status_code == 400 and "Nothing is different so far" in text(same)


async def test_who_it_is_about_is_no_field_and_cannot_be_smuggled_in(sitting: Sitting) -> None:
    where = stopped(sitting)
    async with sitting.as_("manager") as client:
        form = await post(client, where, f"{where}/repair")
        assert not [name for name in typed(form.text) if name.startswith("f.child")]
        data: dict[str, Any] = typed(form.text) | {"f.child.own_number": "4711", "reason": WHY}
        page = await client.post(f"{where}/repair/send", data=data | {"token": token(form.text)})
        assert page.status_code == 400
    assert "delivery.repaired" not in [one.kind for one in sitting.road.published]


async def test_what_is_withheld_from_the_reader_is_not_offered_and_stays(sitting: Sitting) -> None:
    where = stopped(sitting)
    async with sitting.as_("edt") as client:
        form = await post(client, where, f"{where}/repair")
        mine = set(typed(form.text))
    async with sitting.as_("manager") as client:
        whole = set(typed((await post(client, where, f"{where}/repair")).text))
    assert CONCERN in mine
    assert mine <= whole


async def test_who_may_not_read_may_not_correct_and_without_kafka_nothing_is_shown(
    sitting: Sitting,
) -> None:
    where = stopped(sitting)
    async with sitting.as_("operations") as client:
        assert f"{where}/repair" not in (await client.get(where)).text
        assert (await post(client, where, f"{where}/repair")).status_code == 403
    async with sitting.as_("elsewhere") as client:
        assert (await post(client, "/", f"{where}/repair")).status_code in (403, 404)
    async with sitting.as_("manager") as client:
        sitting.road.away = True
        closed = await post(client, where, f"{where}/repair")
    assert closed.status_code == 503
    assert "Bruise" not in closed.text and "Content stays closed" in text(closed)


async def test_changing_it_further_brings_the_form_back_as_it_was(sitting: Sitting) -> None:
    where = stopped(sitting)
    async with sitting.as_("manager") as client:
        seen = await looked(client, where, **{CONCERN: "Seen running", "reason": WHY})
        form = await client.post(f"{where}/repair", data=typed(seen.text))
    assert typed(form.text)[CONCERN] == "Seen running"
    assert typed(form.text)["reason"] == WHY
