"""Content opens only after Kafka has the act of opening it, and only as far as the reader's column."""

from tests.kit.desk import Sitting, find, post, text

SECRET = "Found outside after dark"


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
