"""A journey says who has it, and each reader sees their own column of it."""

from tests.kit.desk import Sitting, text


async def test_custody_is_said_in_a_sentence(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        page = await client.get(f"/message/{sitting.id_of('EDT-0417')}")
    assert page.status_code == 200, text(page)
    assert "Nobody has this yet: Emergency Duty Team still holds it" in text(page)
    assert "Audit chain holds" in text(page)
