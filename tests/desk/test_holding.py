"""What somebody holds they begin and complete on its page, and it leaves their list."""

from tests.kit.desk import Sitting, post, text


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
