"""A journey says who has it, and each reader sees their own column of it."""

from hub.ledger.read.sentences import to_nobody
from hub.ledger.write import run
from tests.kit.desk import Sitting, text
from tests.kit.seed import POLICE


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


async def test_why_it_goes_to_nobody_is_said_in_words(sitting: Sitting) -> None:
    """A case read `exemplar-police: exemplar-police does not receive handover.response`."""
    one = sitting.id_of("EDT-0417")
    deaf = f"{POLICE}: {POLICE} does not receive edt.handover; 383/East area: no partner serves it"
    sql = "update message set planned = 0, none_reason = :why where message_id = :id"
    with sitting.bench.engine.begin() as conn:
        run(conn, sql, why=deaf, id=one)
    async with sitting.as_("service") as client:
        said = text(await client.get(f"/message/{one}"))
    assert (
        "Goes to nobody: Exemplar Police, public protection does not receive messages of this kind;"
        " 383/East area: no partner serves it" in said
    )


def test_what_somebody_wrote_of_it_stays_as_it_is() -> None:
    for reason in ("nobody receives it", "closed by a person: sent by post; twice"):
        assert to_nobody(reason, "edt.handover", str) == reason
    passed = "handover.response: the hub passes it on to whom it answers"
    assert to_nobody(passed, "handover.response", str) == "the hub passes it on to whom it answers"
