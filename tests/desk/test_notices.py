"""What is owed to a referrer, or agreed on for a later day, says by when, and a person who told them says whom."""

from datetime import timedelta

import pytest

from hub.clock import london, now
from hub.ledger.write import run
from schemas.strategy import Quorum
from tests.desk.test_api import program
from tests.kit.desk import Sitting, post, text
from tests.kit.nights import a_strategy_record
from tests.kit.people import a_referral
from tests.kit.site import an_arrival


async def test_whom_nothing_reaches_is_told_by_a_person(sitting: Sitting) -> None:
    sitting.bench.record(
        an_arrival("referral.received", a_referral(9), "contact-centre", "MARF-000009")
    )
    sql = "select message_id from message where type = 'referral.acknowledged'"
    where = f"/message/{sitting.one(sql)}"
    async with sitting.as_("worker") as client:
        assert f'action="{where}/told"' not in (await client.get(where)).text
        assert (await post(client, "/", f"{where}/told", name="M. Example", role="Head")).is_error
    async with sitting.as_("manager") as client:
        page = await client.get(where)
        assert "does not reach the referrer: they have not been told" in text(page)
        said = {"name": "Mary Example", "role": "Head teacher"}
        done = await post(client, where, f"{where}/told", **said)
        assert "✓ Done. Told: Mary Example, Head teacher" in text(done), text(done)
        assert "The referrer was told by a person" in text(done)
        assert f'action="{where}/told"' not in done.text


async def test_what_is_owed_to_a_referrer_says_by_when_until_they_are_told(
    sitting: Sitting,
) -> None:
    sitting.bench.record(
        an_arrival("referral.received", a_referral(9), "contact-centre", "MARF-000009")
    )
    sql = "select message_id from message where type = 'referral.acknowledged'"
    where = f"/message/{sitting.one(sql)}"
    passed = now() - timedelta(days=2)
    change = "update journey set due_at = :at where machine = 'notice'"
    with sitting.bench.engine.begin() as conn:
        run(conn, change, at=passed)
    async with sitting.as_("manager") as client:
        page = text(await client.get(where))
        assert "(2 days late)" in page and "▲ LATE" in page, page
        said = {"name": "Mary Example", "role": "Head teacher"}
        done = text(await post(client, where, f"{where}/told", **said))
        assert "days late" not in done and "LATE" not in done, done


async def test_a_discussion_to_be_held_again_says_by_when_and_that_it_is_late(
    sitting: Sitting,
) -> None:
    night = london(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    by = night - timedelta(days=1)
    quorum = Quorum(met=False, went_on_because="the child was at risk now", reconvene_by=by)
    more = {"reference": "SD-900", "request_reference": None, "quorum": quorum}
    body = a_strategy_record(9).model_copy(update=more | {"next_discussion_at": None, "number": 1})
    arrival = an_arrival("strategy.record", body, "assessment-east", "SD-900")
    sitting.bench.record(arrival)
    [own] = sitting.bench.all("select subject, case_ref from journey where machine = 'reconvening'")
    last = by - timedelta(days=1)
    ended = f"by end of {last:%a} {last.day} {last:%b}"
    async with sitting.as_("manager") as client:
        for where in (f"/message/{own.subject}", f"/case/{own.case_ref}"):
            page = text(await client.get(where))
            assert f"The discussion is to be held again {ended}" in page, page
            assert "▲ LATE" in page.partition("to be held again")[2], page
    async with program(sitting, "manager") as client:
        told = await client.get(f"/v1/desk/messages/{own.subject}")
        assert f"{ended} {last:%Y}" in told.text, told.text


@pytest.mark.parametrize("unseen", ["\u200b\u200b\u200b", "\u202e\u2066x", "\u00ad \u00ad"])
async def test_a_name_that_nobody_can_see_is_no_name(sitting: Sitting, unseen: str) -> None:
    sitting.bench.record(
        an_arrival("referral.received", a_referral(9), "contact-centre", "MARF-000009")
    )
    sql = "select message_id from message where type = 'referral.acknowledged'"
    where = f"/message/{sitting.one(sql)}/told"
    async with sitting.as_("manager") as client:
        refused = await post(client, "/", where, name=unseen, role="Head teacher")
        assert refused.status_code == 400
        assert "The name of whoever was told is missing" in text(refused)
    async with program(sitting, "manager") as client:
        said = {"name": "Mary Example", "role": unseen}
        assert (
            await client.post(f"/v1/desk/messages{where.removeprefix('/message')}", json=said)
        ).status_code == 400
