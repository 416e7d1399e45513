"""What somebody holds they begin and complete on its page, and it leaves their list."""

import pytest

from tests.kit.deeds import act
from tests.kit.desk import Sitting, post, text
from tests.kit.seed import EAST


async def test_whoever_holds_it_completes_it_and_it_leaves_their_list(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        seen = await client.get("/inbox")
        assert 'aria-label="Complete or pass on EDT-0414"' in seen.text
        page = await client.get(where)
        assert "You hold this" in text(page)
        assert "Complete: it is finished and leaves your list" in text(page)
        begun = await post(client, where, f"{where}/start", version=version(page.text))
        assert "✓ Done. You work on it" in text(begun), text(begun)
        assert "In progress with J. Ahmed, duty manager" in text(begun)
        assert 'action="' + where + '/start"' not in begun.text
        done = await post(
            client, where, f"{where}/complete", version=version(begun.text), reason="Seen, safe"
        )
        assert "✓ Done. Completed" in text(done)
        assert "J. Ahmed, duty manager : completed it: nothing more is asked" in text(done)
        assert "Seen, safe" in text(done), "who may open content reads what was said"
        inbox, now = text(await client.get("/inbox")), text(await client.get("/"))
    assert "EDT-0414" not in inbox[: inbox.index("Ended since yesterday")]
    assert "EDT-0414" in inbox[inbox.index("Ended since yesterday") :]
    assert "EDT-0414" not in now


@pytest.mark.parametrize("name", ["P. Lindqvist", "T. Overbury"])
async def test_what_was_taken_by_telephone_its_team_completes(sitting: Sitting, name: str) -> None:
    """Whether the worker took the call, as practice lead, or a colleague did who has no account."""
    message = sitting.id_of("EDT-0418")
    sql = "select delivery_id from delivery where message_id = :id and partner = :p"
    delivery = str(sitting.one(sql, id=message, p=EAST))
    act(
        sitting.bench,
        "delivery.taken_by_phone",
        delivery,
        "O. Penhaligon",
        "operations",
        taken_by=name,
        taken_role="Practice lead",
    )
    where = f"/message/{message}"
    seen = {"edt": f"held by {name}", "operations": "and you are operations", "police": ""}
    for short, why in seen.items():
        async with sitting.as_(short) as client:
            assert f'action="{where}/complete"' not in (await client.get(where)).text
            refused = await post(client, "/", f"{where}/complete")
            assert refused.status_code == (403 if why else 404), "who may not see it hears nothing"
            assert why in text(refused)
    async with sitting.as_("worker") as client:
        page = await client.get(where)
        own = name == "P. Lindqvist"
        assert f"{'You hold this' if own else f'Held by {name}, in your team'}" in text(page)
        assert (f'action="{where}/start"' in page.text) is own
        assert (f'action="{where}/pass-on"' in page.text) is own
        assert ("anybody of the team may complete it" in text(page)) is not own
        words = "Complete or pass on" if own else "Complete"
        assert f'aria-label="{words} EDT-0418"' in (await client.get("/inbox")).text
        begun = await post(client, where, f"{where}/start", version=version(page.text))
        if own:
            assert "✓ Done. You work on it" in text(begun), text(begun)
            page = begun
        else:
            assert begun.status_code == 403
            assert f"it is held by {name}" in text(begun)
        done = await post(client, where, f"{where}/complete", version=version(page.text))
    assert "✓ Done. Completed" in text(done), text(done)
    assert f"{name} held it until then" in text(done)
    assert "P. Lindqvist, team worker : completed it" in text(done)


async def test_whoever_does_not_hold_it_is_told_who_does(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("worker") as client:
        page = await client.get(where)
        assert f'action="{where}/complete"' not in page.text
        refused = await post(client, where, f"{where}/complete")
        assert refused.status_code == 403
        assert "it is held by J. Ahmed" in text(refused)
        assert "Complete or pass on EDT-0414" not in (await client.get("/inbox")).text


async def test_a_manager_of_the_team_completes_for_who_went_home(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        await post(client, where, f"{where}/answer", say="accepted")
    async with sitting.as_("service") as client:
        page = await client.get(where)
        assert "Held by P. Lindqvist, in your team" in text(page)
        assert f'action="{where}/start"' not in page.text
        done = await post(client, where, f"{where}/complete", version=version(page.text))
    assert "✓ Done." in text(done)
    assert "R. Castellane, service manager : completed it" in text(done)
    assert "; P. Lindqvist held it until then" in text(done)


async def test_what_was_completed_meanwhile_is_not_done_again(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as one, sitting.as_("service") as two:
        await post(one, where, f"{where}/answer", say="accepted")
        old = version((await two.get(where)).text)
        await post(one, where, f"{where}/complete", version=old)
        late = await post(two, where, f"{where}/complete", version=old)
    assert "▲ Not done. It has changed since you looked: it is now completed" in text(late)
    assert "R. Castellane, service manager : tried: completed it" in text(late)


def version(page: str) -> int:
    """The version that the page's forms carry."""
    return int(page.split('name="version" value="')[1].split('"')[0])
