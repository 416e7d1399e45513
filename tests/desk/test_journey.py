"""A journey says who has it, and each reader sees their own column of it."""

from tests.kit.desk import Sitting, text


async def test_custody_is_said_in_a_sentence(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        page = await client.get(f"/message/{sitting.id_of('EDT-0417')}")
    assert page.status_code == 200, text(page)
    assert "Nobody has this yet: Emergency Duty Team still holds it" in text(page)
    assert "Audit chain holds" in text(page)


async def test_a_case_says_what_was_accepted(sitting: Sitting) -> None:
    case = sitting.one("select case_ref from message where reference = 'EDT-0414'")
    async with sitting.as_("manager") as client:
        page = await client.get(f"/case/{case}")
        one = await client.get(f"/message/{sitting.id_of('EDT-0414')}")
    assert "accepted · EDT-0414 Handover" in text(page)
    assert "accepted · EDT-0414" not in text(one), "of one message its page speaks anyway"
