"""What was refused waits for who sent it, who say where it goes or keep it."""

from tests.desk.test_holding import version
from tests.kit.desk import Sitting, post, text
from tests.kit.seed import NORTH


async def refuse(sitting: Sitting, where: str) -> None:
    """The team east refuses it."""
    async with sitting.as_("worker") as client:
        await post(client, where, f"{where}/answer", say="refused", reason="Moved to Hull")


async def test_it_waits_for_its_sender_who_reads_why(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0418')}"
    await refuse(sitting, where)
    async with sitting.as_("edt") as client:
        now = text(await client.get("/"))
        waiting = now[: now.index("Late elsewhere")].partition("Yours still")[0]
        assert "EDT-0418" in waiting
        assert "Refused by Assessment team east" in waiting
        page = await client.get(where)
        assert "Refused: say where it goes" in text(page)
        assert "Assessment team east does not take it: Moved to Hull ." in text(page)
        assert "Emergency Duty Team holds it meanwhile" in text(page)
        places = page.text.split("<select")[1].split("</select>")[0]
        assert NORTH in places
        assert "assessment-east" not in places, "who refused it is not asked again"
    async with sitting.as_("worker") as client:
        assert "say where it goes" not in text(await client.get("/"))
        assert "/send-on" not in (await client.get(where)).text
        page = await post(client, where, f"{where}/send-on", to=NORTH, reason="Not ours")
        assert page.status_code == 403
        assert "only its sender can do that" in text(page)


async def test_its_sender_sends_it_on(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0418')}"
    await refuse(sitting, where)
    async with sitting.as_("edt") as client:
        page = await client.get(where)
        assert (await post(client, where, f"{where}/send-on", to=NORTH)).status_code == 400
        assert (await post(client, where, f"{where}/send-on", reason="Why")).status_code == 400
        done = await post(
            client, where, f"{where}/send-on", to=NORTH, reason="They live north",
            version=version(page.text),
        )  # fmt: skip
        said = text(done)
        assert "✓ Done. Sent on to Assessment team north" in said, said
        assert "Emergency Duty Team holds it until somebody there accepts it" in said
        assert "D. Quillfeather, edt : sent it on to Assessment team north" in said
        assert "P. Lindqvist, team worker : refused" in said
        assert "They live north" in said
        assert "/send-on" not in done.text


async def test_its_sender_keeps_it(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0418')}"
    await refuse(sitting, where)
    async with sitting.as_("edt") as client:
        assert (await post(client, where, f"{where}/keep")).status_code == 400
        done = await post(client, where, f"{where}/keep", reason="We go back tonight")
        assert "✓ Done. Kept: it stays with Emergency Duty Team" in text(done), text(done)
        assert "Back with Emergency Duty Team, who keeps it" in text(done)
        now = text(await client.get("/"))
    assert "EDT-0418" not in now
