"""Bytes that nobody could read are corrected at a page, seen line by line, and stand beside what they became."""

import pytest

from hub.desk import acts
from tests.kit.desk import Sitting, post, text
from tests.kit.typed import pressed, typed
from tests.kit.unreadable import csv, kept

WHY = "They meant the 30th, says the agent"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.2)


def lying(sitting: Sitting) -> str:
    return f"/parcel/{kept(sitting.bench, 'contact-centre', csv(), 'line 3 column Date')}"


async def test_it_is_opened_mended_looked_at_sent_and_compared(sitting: Sitting) -> None:
    where = lying(sitting)
    async with sitting.as_("manager") as client:
        assert "Correct it and send it as new" in text(await client.get(where))
        form = await post(client, where, f"{where}/repair")
        whole = typed(form.text)["text"]
        assert "Zoë" in whole and "31/11/2026" in whole
        assert "Where reading stopped 3 ▶" in text(form)
        bad = await pressed(client, form, f"{where}/repair/change", reason="")
        assert bad.status_code == 400
        assert "The text: Nothing is different so far" in text(bad)
        assert 'href="#text"' in bad.text and 'href="#reason"' in bad.text
        wrong = whole.replace("31/11/2026", "32/11/2026")
        bad = await pressed(client, form, f"{where}/repair/change", text=wrong, reason=WHY)
        assert "The text: line 3 column Date: " in text(bad)
        assert typed(bad.text)["text"] == wrong.strip("\n") + "\n", "what was typed is kept"
        good = whole.replace("31/11/2026", "30/11/2026")
        seen = await pressed(client, bad, f"{where}/repair/change", text=good, reason=WHY)
        assert seen.status_code == 200
        said = text(seen)
        assert "It is read as 2 messages" in said and "Contact recorded CC-10442" in said
        assert "− before: CC-10442,31/11/2026" in said and "+ after: CC-10442,30/11/2026" in said
        assert sitting.one("select count(*) from parcel where corrects is not null") == 0
        done = await pressed(client, seen, f"{where}/repair/send")
        assert "✓ Done. Read, and sent on its way: 2 messages" in text(done)
        both = await post(client, where, f"{where}/compare")
        assert "as it came, and corrected" in text(both) and "+ after:" in text(both)
        message = sitting.id_of("CC-10442")
        page = await client.get(f"/message/{message}")
        parcel = sitting.one("select parcel_id from message where message_id = :id", id=message)
        assert f'href="/parcel/{parcel}"' in page.text
        assert "A person corrected the bytes it came in" in text(page)
        assert "It was read as a person corrected it" in text(await client.get(f"/parcel/{parcel}"))
        assert (await post(client, "/", f"{where}/repair")).status_code == 409
    kinds = [one.kind for one in sitting.road.published]
    assert kinds.count("parcel.repaired") == 1
    assert kinds[0] == "content.opened"
    assert all(
        "Zo" not in str(one.facts) + str(one.meta.get("reason")) for one in sitting.road.published
    )


async def test_who_may_not_read_it_may_not_mend_it_and_without_kafka_it_stays_closed(
    sitting: Sitting,
) -> None:
    where = lying(sitting)
    for short in ("operations", "auditor"):
        async with sitting.as_(short) as client:
            assert f"{where}/repair" not in (await client.get(where)).text
            for path in ("repair", "repair/change", "repair/send"):
                answer = await post(client, where, f"{where}/{path}", text="x", reason=WHY)
                assert answer.status_code == 403, (short, path)
    async with sitting.as_("manager") as client:
        sitting.road.away = True
        closed = await post(client, where, f"{where}/repair")
    assert closed.status_code == 503 and "Axel" not in closed.text
    assert sitting.road.published == []


async def test_what_is_too_large_for_a_form_says_so(sitting: Sitting) -> None:
    body = csv() * 600
    where = f"/parcel/{kept(sitting.bench, 'contact-centre', body, 'line 3')}"
    async with sitting.as_("manager") as client:
        assert "larger than a form takes" in text(await client.get(where))
        assert (await post(client, where, f"{where}/repair")).status_code == 409
