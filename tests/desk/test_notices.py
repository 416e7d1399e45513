"""A notice that reaches nobody stays owed until a person says at the desk whom they told."""

from tests.kit.desk import Sitting, post, text
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
