"""What is passed on waits for its new receiver and stays in view of who passed it on."""

from tests.desk.test_holding import version
from tests.kit.desk import Sitting, post, text
from tests.kit.seed import EAST, NORTH


async def test_its_holder_passes_it_on_and_holds_it_until_they_accept(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        page = await client.get(where)
        assert "Assessment team north, case system" in text(page)
        assert "Pass on: you hold it until they accept" in text(page)
        empty = await post(client, where, f"{where}/pass-on", to=NORTH)
        assert empty.status_code == 400
        done = await post(
            client, where, f"{where}/pass-on", to=NORTH, reason="They moved north",
            version=version(page.text),
        )  # fmt: skip
        said = text(done)
        assert "✓ Done. Passed on to Assessment team north" in said, said
        assert "J. Ahmed, duty manager holds it until somebody there accepts it" in said
        assert "J. Ahmed, duty manager : passed it on to Assessment team north" in said
        assert "/complete" not in done.text
        assert 'value="accepted"' not in done.text, "the giver's team does not take it again"
        now, inbox = text(await client.get("/")), text(await client.get("/inbox"))
    assert "EDT-0414" in now[now.index("You hold") : now.index("Late elsewhere")]
    held = inbox[inbox.index("Who holds what") : inbox.index("Ended since")]
    assert "EDT-0414" in held
    assert "EDT-0414" not in inbox[: inbox.index("Who holds what")]


async def test_within_the_team_a_colleague_accepts_and_reads_why(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        said = {"to": EAST, "meant_for": "P. Lindqvist", "reason": "I go off duty at six"}
        given = await post(client, where, f"{where}/pass-on", **said)
        assert "You passed it on Take it back" in text(given)
        inbox = text(await client.get("/inbox"))
        assert "EDT-0414" not in inbox[: inbox.index("Who holds what")]
        assert "EDT-0414" in inbox[inbox.index("Who holds what") :]
    async with sitting.as_("worker") as client:
        assert "EDT-0414" in text(await client.get("/"))
        page = await client.get(where)
        assert "for P. Lindqvist: I go off duty at six" in text(page)
        done = await post(client, "/inbox", f"{where}/answer", say="accepted")
    assert "Accepted by P. Lindqvist, team worker" in text(done)


async def test_its_giver_takes_it_back_while_no_colleague_has_accepted(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        await post(client, where, f"{where}/pass-on", to=EAST, reason="I go off duty")
        page = await client.get(where)
        assert f'action="{where}/reply"' not in page.text
        back = await post(client, where, f"{where}/answer", say="accepted")
        assert "Accepted by J. Ahmed, duty manager" in text(back)
        assert f'action="{where}/complete"' in back.text


async def test_its_giver_takes_it_back_from_another_team_too(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        given = await post(client, where, f"{where}/pass-on", to=NORTH, reason="They moved")
        assert f'action="{where}/take-back"' in given.text
        assert "Take it back: you go on with it" in text(given)
        assert 'aria-label="Take back EDT-0414"' in (await client.get("/inbox")).text
        seen = version(given.text)
        lost = await post(client, where, f"{where}/take-back", version=seen)
        assert lost.status_code == 400
        said = {"version": seen, "reason": "They moved back"}
        done = await post(client, where, f"{where}/take-back", **said)
        assert "✓ Done. Taken back: J. Ahmed goes on with it" in text(done), text(done)
        assert "In progress with J. Ahmed, duty manager" in text(done)
        assert "J. Ahmed, duty manager : took it back They moved back" in text(done)
        assert "/take-back" not in done.text
        assert f'action="{where}/complete"' in done.text
        again = await post(client, where, f"{where}/take-back", **said)
        assert "▲ Not done. It has changed since you looked: it is now in progress" in text(again)


async def test_what_was_refused_is_kept_and_need_not_be_taken_back(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        await post(client, where, f"{where}/pass-on", to=EAST, reason="I go off duty")
    async with sitting.as_("worker") as client:
        await post(client, where, f"{where}/answer", say="refused", reason="Not on duty")
    async with sitting.as_("manager") as client:
        page = await client.get(where)
        assert f'action="{where}/keep"' in page.text
        assert "/take-back" not in page.text
        assert "Take back EDT-0414" not in (await client.get("/inbox")).text


async def test_their_manager_takes_it_back_for_them_and_nobody_else(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        await post(client, where, f"{where}/pass-on", to=NORTH, reason="They moved")
    for short in ("worker", "edt", "operations", "elsewhere"):
        async with sitting.as_(short) as client:
            assert "/take-back" not in (await client.get(where)).text
            page = await post(client, "/", f"{where}/take-back", reason="Not mine to take")
            assert page.status_code in (403, 404), short
    async with sitting.as_("service") as client:
        page = await client.get(where)
        assert "Passed on by J. Ahmed, of your team" in text(page), text(page)
        done = await post(client, where, f"{where}/take-back", reason="He is off sick there")
    assert "In progress with J. Ahmed, duty manager" in text(done), text(done)


async def test_whoever_does_not_hold_it_cannot_pass_it_on(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    for short in ("worker", "edt", "operations"):
        async with sitting.as_(short) as client:
            assert "/pass-on" not in (await client.get(where)).text
            page = await post(client, where, f"{where}/pass-on", to=NORTH, reason="Not mine")
            assert page.status_code == 403, short


async def test_a_question_about_what_was_passed_on_is_its_givers_to_answer(
    sitting: Sitting,
) -> None:
    where = f"/message/{sitting.id_of('EDT-0414')}"
    async with sitting.as_("manager") as client:
        await post(client, where, f"{where}/pass-on", to=EAST, reason="I go off duty")
    async with sitting.as_("worker") as client:
        asked = await post(client, where, f"{where}/answer", say="queried", text="Which school?")
        assert "J. Ahmed, duty manager must answer, and still holds it" in text(asked)
    async with sitting.as_("edt") as client:
        assert f'action="{where}/reply"' not in (await client.get(where)).text
    async with sitting.as_("manager") as client:
        now = text(await client.get("/"))
        assert "EDT-0414" in now[: now.index("Late elsewhere")]
        done = await post(client, where, f"{where}/reply", text="Moor Allerton")
    assert "✓ Done." in text(done), text(done)
