"""Content opens only after Kafka has the act of opening it, and only as far as the reader's column."""

from typing import Any

import pytest

from schemas.envelope import Recipient
from schemas.labels import Restriction
from tests.kit.deeds import act
from tests.kit.desk import Sitting, find, post, text
from tests.kit.people import a_referral, a_strategy_record
from tests.kit.site import an_arrival

SECRET = "Found outside after dark"
UNRELEASED = "Injury without a plausible account"


async def test_content_opens_after_its_act_and_is_recorded(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        assert SECRET not in (await client.get(where)).text
        page = await post(client, where, f"{where}/content", why="to act on it")
        assert SECRET in page.text
        assert "OFFICIAL-SENSITIVE" in page.text
        assert SECRET not in (await client.get(where)).text, "closed again on the next page"
    act = next(one for one in sitting.road.published if one.kind == "content.opened")
    assert act.meta["who"]["name"] == "P. Lindqvist"
    assert act.meta["body"] == {"why": "to act on it"}
    told = next(one for one in sitting.road.published if one.kind == "receipts")
    assert told.meta["receipts"][0]["who"]["name"] == "P. Lindqvist", "opening is the receipt"


async def test_while_kafka_is_away_content_stays_closed_and_the_rest_is_shown(
    sitting: Sitting,
) -> None:
    sitting.road.away = True
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        page = await post(client, where, f"{where}/content", why="to act on it")
    assert page.status_code == 503
    assert SECRET not in page.text
    assert "Content stays closed" in text(page)
    assert "Nobody has this yet" in text(page)
    assert sitting.road.published == []
    with sitting.desk.people.connect() as conn:
        from hub.ledger.write import rows

        assert [bool(row.shown) for row in rows(conn, "select shown from reading")] == [False]


async def test_a_reason_is_needed_and_so_is_the_role(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        assert (await post(client, where, f"{where}/content")).status_code == 400
    async with sitting.as_("operations") as client:
        page = await post(client, where, f"{where}/content", why="to act on it")
        assert page.status_code == 403
        assert SECRET not in page.text
        assert "does not open content" in text(await client.get(where))
    assert sitting.road.published == []


async def test_each_reader_gets_their_column_and_is_told_what_is_withheld(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('WYP-0005')}"
    intelligence = "fears reprisal"
    async with sitting.as_("service") as client:
        page = await post(client, where, f"{where}/content", why="supervision or audit")
        assert "What happened" in text(page) or "what happened" in text(page)
        assert intelligence not in page.text
        assert "withheld: " in text(page)
        assert "police intelligence" in text(page)
    async with sitting.as_("police") as client:
        page = await post(client, where, f"{where}/content", why="to answer a question about it")
        assert intelligence in page.text, "its sender reads what it said"
    async with sitting.as_("auditor") as client:
        page = await post(client, where, f"{where}/content", why="supervision or audit")
        assert intelligence in page.text


async def test_an_agency_sees_its_own_column_of_a_journey_and_nothing_else(
    sitting: Sitting,
) -> None:
    where = f"/message/{sitting.id_of('S-2231')}"
    async with sitting.as_("police") as client:
        page = text(await client.get(where))
    assert "Exemplar Police, public protection" in page
    assert "To Assessment team north" not in page
    assert "1 other recipient is not shown to your agency" in page
    async with sitting.as_("police") as client:
        hidden = await client.get(f"/message/{sitting.id_of('EDT-0417')}")
    assert hidden.status_code == 404


async def test_unread_bytes_open_by_a_recorded_act_with_the_place_marked(sitting: Sitting) -> None:
    parcel = sitting.one("select parcel_id from parcel where state = 'unreadable'")
    where = f"/parcel/{parcel}"
    async with sitting.as_("operations") as client:
        page = await client.get(where)
        assert "line 3, column date" in text(page)
        assert (await post(client, where, f"{where}/bytes", why="to mend it")).status_code == 403
        claimed = await post(client, where, f"{where}/claim")
        assert "O. Penhaligon, operations looks after it" in text(claimed)
    async with sitting.as_("manager") as client:
        sitting.road.away = True
        shut = await post(client, where, f"{where}/bytes", why="to mend it")
        assert shut.status_code == 503
        assert "CALL-000051" not in shut.text
        sitting.road.away = False
        page = await post(client, where, f"{where}/bytes", why="to mend it")
        assert '<span class="bad"><i>  3</i>▶ CALL-000051' in page.text
        gone = await post(client, where, f"{where}/close", reason="They sent another")
        assert "Closed" in text(gone)


async def test_nothing_that_was_read_is_logged(
    sitting: Sitting, logged: list[dict[str, object]]
) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        await post(client, where, f"{where}/content", why="to act on it")
        page = await find(client, "Amberly Thistlewood")
    assert "Thistlewood" not in str(page.url), "an address is kept by browsers and logs"
    assert not any("Thistlewood" in str(line) or SECRET in str(line) for line in logged)


@pytest.mark.parametrize("ending", ["given up", "withdrawn", "taken by telephone", "withheld"])
async def test_what_was_never_released_stays_closed_however_its_delivery_ended(
    sitting: Sitting, ending: str
) -> None:
    """Giving up, withdrawing or ringing is no release: only the policy and a second person do that."""
    held = an_arrival(
        "strategy.record",
        a_strategy_record(2),
        "assessment-north",
        reference="SD-HELD",
        recipients=(Recipient(agency="police-exemplar"),),
        labels=(Restriction.STAFF_FAMILY,),
    )
    sitting.bench.record(held)
    sql = "select * from delivery where message_id = :m and partner = 'exemplar-police'"
    [row] = sitting.bench.all(sql, m=held.message_id)
    done = {
        "given up": lambda: act(
            sitting.bench,
            "delivery.abandoned",
            row.delivery_id,
            role="operations",
            reason="They must never get this",
            approver="Head of service",
        ),
        "withdrawn": lambda: act(
            sitting.bench,
            "handover.withdrawn",
            held.message_id,
            role="duty_manager",
            agency="exemplar-council",
            reason="The wrong child",
        ),
        "taken by telephone": lambda: act(
            sitting.bench,
            "delivery.taken_by_phone",
            row.delivery_id,
            taken_by="Sgt X",
            taken_role="Sergeant",
        ),
        "withheld": lambda: act(
            sitting.bench,
            "disclosure.reviewed",
            row.delivery_id,
            review="withheld",
            reason="A relative works there",
        ),
    }[ending]()
    assert done[0] == "done", done
    assert sitting.bench.all(sql, m=held.message_id)[0].state != "needs_person"
    where = f"/message/{held.message_id}"
    async with sitting.as_("police") as client:
        page = await post(client, where, f"{where}/content", why="to act on it")
        assert UNRELEASED not in page.text
        assert "Not released" in text(page)


async def test_what_a_second_person_released_is_opened_also_after_it_was_given_up(
    sitting: Sitting,
) -> None:
    held = an_arrival(
        "strategy.record",
        a_strategy_record(2),
        "assessment-north",
        reference="SD-HELD",
        recipients=(Recipient(agency="police-exemplar"),),
        labels=(Restriction.STAFF_FAMILY,),
    )
    sitting.bench.record(held)
    sql = "select * from delivery where message_id = :m and partner = 'exemplar-police'"
    [row] = sitting.bench.all(sql, m=held.message_id)
    review: dict[str, Any] = {"review": "released", "reason": "The sergeant is not related"}
    assert act(sitting.bench, "disclosure.reviewed", row.delivery_id, **review)[0] == "done"
    [row] = sitting.bench.all(sql, m=held.message_id)
    assert ": review, released;" in row.policy, "what was decided is told with who decided it"
    where = f"/message/{held.message_id}"
    async with sitting.as_("police") as client:
        page = await post(client, where, f"{where}/content", why="to act on it")
        assert UNRELEASED in page.text
        reason = "The wrong child"
        act(sitting.bench, "delivery.abandoned", row.delivery_id, approver="Head", reason=reason)
        assert sitting.bench.all(sql, m=held.message_id)[0].state == "abandoned"
        page = await post(client, where, f"{where}/content", why="to act on it")
        assert UNRELEASED in page.text, "they have had it"


async def test_what_must_be_reviewed_for_a_column_is_opened_there_only_by_who_reviews(
    sitting: Sitting,
) -> None:
    """The referral went to the team alone; EDT's column says review for a colleague's family."""
    kin = an_arrival(
        "referral.received",
        a_referral(2),
        "contact-centre",
        reference="RR-KIN",
        labels=(Restriction.STAFF_FAMILY,),
    )
    sitting.bench.record(kin)
    where = f"/message/{kin.message_id}"
    words = "without coat or breakfast"
    async with sitting.as_("edt") as client:
        page = await post(client, where, f"{where}/content", why="to act on it")
        assert words not in page.text
        assert "STAFF_FAMILY: a second person releases it" in text(page)
    async with sitting.as_("service") as client:
        page = await post(client, where, f"{where}/content", why="supervision or audit")
        assert words in page.text
