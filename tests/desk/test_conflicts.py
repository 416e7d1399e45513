"""Whoever may looks at two messages under one reference side by side and clears them, with what they found."""

import pytest

from hub.desk import acts
from tests.kit.desk import Sitting, post, text
from tests.kit.seed import AHMED


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.2)


def second(sitting: Sitting) -> str:
    """Where the second of the two stands."""
    sql = "select message_id from message where conflict_of is not null"
    return f"/message/{sitting.one(sql)}"


async def test_the_two_are_compared_after_both_readings_are_recorded(sitting: Sitting) -> None:
    where = second(sitting)
    async with sitting.as_("manager") as client:
        failed = await client.get("/failed")
        assert f'href="{where}#conflict"' in failed.text
        before = len(sitting.road.published)
        page = await post(client, where, f"{where}/compare")
    said = text(page)
    assert page.status_code == 200, said
    assert "1 field differs" in said, said
    assert "Concern, immediate danger First" in said, said
    assert "not said" in said or "No" in said
    assert "Which of the two stands?" in said
    opened = [one for one in sitting.road.published[before:] if one.kind == "content.opened"]
    assert {one.meta["subject"] for one in opened} == {
        where.removeprefix("/message/"),
        sitting.id_of("CALL-000041"),
    }


async def test_while_kafka_is_away_both_stay_closed(sitting: Sitting) -> None:
    where = second(sitting)
    sitting.road.away = True
    async with sitting.as_("manager") as client:
        page = await post(client, where, f"{where}/compare")
    assert page.status_code == 503
    assert "Content stays closed" in text(page)
    assert "Which of the two stands?" not in text(page)


async def test_it_is_cleared_and_is_nowhere_in_conflict_any_more(sitting: Sitting) -> None:
    where = second(sitting)
    async with sitting.as_("manager") as client:
        assert "in conflict" in text(await client.get("/inbox"))
        lost = await post(client, where, f"{where}/clear", end="second_stands")
        assert lost.status_code == 400
        said = {"end": "second_stands", "reason": "The caller rang back"}
        done = await post(client, where, f"{where}/clear", **said)
        page = text(done)
        assert "✓ Done. Cleared: the second is right: it corrects the first" in page, page
        assert "J. Ahmed, duty manager : looked at the two under one reference" in page
        assert "a person has looked" in page
        assert "/clear" not in done.text
        assert "in conflict" not in text(await client.get("/inbox"))
        assert "in conflict" not in text(await client.get("/")).partition("Broken")[0]
        assert "sent other content" not in text(await client.get("/")).partition("Partners")[0]
        failed = text(await client.get("/failed"))
        assert "Same reference, other content" not in failed
    async with sitting.as_("service") as client:
        late = await post(client, where, f"{where}/clear", **said)
    assert f"cleared already, by {AHMED[0]}, duty manager" in text(late)


async def test_whoever_may_not_read_both_clears_nothing(sitting: Sitting) -> None:
    where = second(sitting)
    async with sitting.as_("worker") as client:
        assert "/clear" not in (await client.get(where)).text
        page = await post(client, where, f"{where}/clear", end="both_stand", reason="No idea")
        assert page.status_code == 403
    for short in ("operations", "auditor"):
        async with sitting.as_(short) as client:
            page = await post(client, "/", f"{where}/compare")
            assert page.status_code == 403, short
            assert "may not clear a conflict" in text(page)
    async with sitting.as_("police") as client:
        assert (await post(client, "/", f"{where}/compare")).status_code == 404
    first = f"/message/{sitting.id_of('CALL-000041')}"
    async with sitting.as_("manager") as client:
        assert (await post(client, first, f"{first}/compare")).status_code == 404
