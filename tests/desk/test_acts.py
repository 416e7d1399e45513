"""What a person does counts when the ledger says so, and the page shows the ledger's answer."""

import pytest

from hub.desk import acts
from tests.kit.desk import Sitting, post, text
from tests.kit.seed import POLICE


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.2)


def journey(sitting: Sitting, reference: str) -> tuple[object, object]:
    found = sitting.bench.all(
        "select j.state, j.holder from journey j join message m on m.message_id = j.subject"
        " where m.reference = :r and j.machine = 'handover'",
        r=reference,
    )[0]
    return found.state, found.holder


async def test_accepting_is_shown_as_the_ledger_has_it(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        page = await post(client, "/inbox", f"{where}/answer", say="accepted")
        assert "✓ Done." in text(page)
        assert "Accepted by P. Lindqvist, team worker" in text(page)
        assert 'name="say"' not in page.text, "whoever holds it is not asked again"
    assert journey(sitting, "EDT-0417") == ("accepted", "P. Lindqvist")


async def test_two_people_at_once_one_holds_it_and_the_other_is_told_who(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as one, sitting.as_("manager") as two:
        await two.get(where)
        await post(one, "/inbox", f"{where}/answer", say="accepted")
        late = await post(two, "/inbox", f"{where}/answer", say="accepted")
    assert "▲ Not done." in text(late)
    assert "eld by P. Lindqvist" in text(late)
    assert journey(sitting, "EDT-0417") == ("accepted", "P. Lindqvist")


async def test_without_an_answer_nobody_believes_they_hold_it(sitting: Sitting) -> None:
    sitting.road.deaf = True
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        page = await post(client, "/inbox", f"{where}/answer", say="accepted")
    assert "Not confirmed: you do not hold this yet" in text(page)
    assert "Emergency Duty Team still holds it" in text(page)


async def test_the_page_waits_for_a_ledger_that_answers_in_time(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "WAIT", 2.0)
    sitting.road.late = 0.3
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        page = await post(client, "/inbox", f"{where}/answer", say="accepted")
    assert "✓ Done." in text(page)


async def test_while_kafka_is_away_nothing_is_confirmed_and_the_page_says_so(
    sitting: Sitting,
) -> None:
    sitting.road.away = True
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("worker") as client:
        page = await post(client, "/inbox", f"{where}/answer", say="accepted")
        seen = await client.get(where)
    assert page.status_code == 503
    assert "Not confirmed: you do not hold this yet" in text(page)
    assert "It may still be recorded" in text(page), "nobody knows that it was not"
    assert "Kafka does not answer" in text(seen)
    assert "still holds it" in text(seen)


async def test_a_question_goes_to_the_sender_and_its_answer_back(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0418')}"
    async with sitting.as_("worker") as client:
        empty = await post(client, "/inbox", f"{where}/answer", say="queried")
        assert empty.status_code == 400
        asked = await post(client, "/inbox", f"{where}/answer", say="queried", text="Which aunt?")
        assert "asks a question: Emergency Duty Team must answer" in text(asked)
        assert (await client.get(where)).text.count("/reply") == 0
    async with sitting.as_("edt") as client:
        assert "Which aunt?" in text(await client.get(where))
        done = await post(client, where, f"{where}/reply", text="The mother's sister.")
    assert "✓ Done." in text(done), text(done)
    assert journey(sitting, "EDT-0418")[0] == "answered"


async def test_a_refusal_needs_its_reason_and_leaves_it_with_the_sender(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0418')}"
    async with sitting.as_("worker") as client:
        assert (await post(client, where, f"{where}/answer", say="refused")).status_code == 400
        page = await post(client, where, f"{where}/answer", say="refused", reason="Moved to Hull")
    assert "Refused by Assessment team east: Emergency Duty Team holds it" in text(page)


async def test_only_the_receiver_answers_and_only_the_sender_withdraws(sitting: Sitting) -> None:
    where = f"/message/{sitting.id_of('EDT-0417')}"
    async with sitting.as_("edt") as client:
        page = await post(client, where, f"{where}/answer", say="accepted")
        assert page.status_code == 403
        done = await post(client, where, f"{where}/withdraw", reason="Written twice by mistake")
    assert "Withdrawn before anybody accepted it" in text(done)
    async with sitting.as_("auditor") as client:
        page = await post(client, "/", f"{where}/answer", say="accepted")
    assert page.status_code == 403
    assert "and you are auditor" in text(page)


async def test_a_call_is_taken_by_a_name_and_a_role_or_not_at_all(sitting: Sitting) -> None:
    found = sitting.bench.all(
        "select d.delivery_id, d.beside from delivery d join message m"
        " on m.message_id = d.message_id where transport = 'call' and m.reference = 'S-2231'"
    )[0]
    sheet = f"/calls/{found.delivery_id}"
    where = f"{sheet}/taken"
    async with sitting.as_("edt") as client:
        assert "Who took it?" in text(await client.get(sheet))
        assert (await post(client, "/calls", where, name="K. Holt")).status_code == 400
        page = await post(client, "/calls", where, name="K. Holt", role="Duty sergeant")
        over = text(await client.get(sheet))
        assert (await client.get("/calls/none")).status_code == 404
    assert "✓ Done. Taken by K. Holt, Duty sergeant, by phone" in text(page)
    assert "Nobody need ring" in over and "taken by K. Holt, Duty sergeant, by phone" in over
    assert "Who took it?" not in over
    async with sitting.as_("auditor") as client:
        assert (await client.get(sheet)).status_code == 403
    sql = "select state from delivery where delivery_id = :id"
    assert sitting.one(sql, id=found.delivery_id) == "delivered"
    assert sitting.one(sql, id=found.beside) == "delivered"


def stopped(sitting: Sitting) -> str:
    return str(sitting.one("select delivery_id from delivery where state = 'needs_person'"))


async def test_trying_again_and_as_new(sitting: Sitting) -> None:
    where = f"/delivery/{stopped(sitting)}"
    async with sitting.as_("operations") as client:
        assert "unknown force area" in text(await client.get(where)).lower()
        page = await post(client, where, f"{where}/retry", reason="They mended it", as_new="true")
    assert "✓ Done. It will be sent again" in text(page)
    record = sitting.road.published[-1]
    assert record.kind == "delivery.retried"
    assert record.meta["body"] == {"reason": "They mended it", "as_new": True}


async def test_a_second_person_releases_what_the_policy_held(sitting: Sitting) -> None:
    from hub.ledger.write import run

    held = stopped(sitting)
    with sitting.bench.engine.begin() as conn:
        sql = "update delivery set attempt = 0, policy = 'P: review; routing R' where delivery_id = :id"
        run(conn, sql, id=held)
    where = f"/delivery/{held}"
    async with sitting.as_("operations") as client:
        seen = await client.get(where)
        assert "Try again" not in text(seen)
        page = await post(client, where, f"{where}/review", say="released", reason="Looked at it")
        assert page.status_code == 403
    async with sitting.as_("manager") as client:
        page = await post(client, where, f"{where}/review", say="withheld", reason="Not theirs")
    assert "✓ Done. Withheld: this recipient does not get it" in text(page)


async def test_what_is_urgent_is_given_up_only_by_a_service_manager(sitting: Sitting) -> None:
    where = f"/delivery/{stopped(sitting)}"
    why = "They were told in person at the station"
    async with sitting.as_("operations") as client:
        assert "only a service manager gives it up" in text(await client.get(where))
        assert (await post(client, where, f"{where}/abandon", reason=why)).status_code == 403
    async with sitting.as_("service") as client:
        page = await post(client, where, f"{where}/abandon", reason=why)
    assert "✓ Done." in text(page)
    assert sitting.road.published[-1].meta["body"]["approver"] == "R. Castellane, service manager"


async def test_a_partner_is_paused_and_resumed_with_a_reason(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        where = f"/partners/{POLICE}"
        assert (await post(client, where, f"{where}/pause")).status_code == 400
        page = await post(client, where, f"{where}/pause", reason="They move house")
        assert "Paused since" in text(page)
        assert "O. Penhaligon, operations: They move house" in text(page)
        page = await post(client, where, f"{where}/resume", reason="They are back")
        assert "Paused since" not in text(page)


async def test_the_administrator_adds_somebody_who_then_signs_in(sitting: Sitting) -> None:
    from tests.kit.desk import sign_in

    async with sitting.as_("administrator") as client:
        page = await post(
            client, "/people", "/people", name="N. Osgood", email="n@desk.example.org",
            role="team_worker", authority="383", agency="exemplar-council", team="assessment-east",
        )  # fmt: skip
        password = page.text.split('class="password">')[1].split("<")[0]
        lost = await post(client, "/people", "/people", name="X", email="x@y.org", role="king")
        assert lost.status_code == 400
    async with sitting.client() as client:
        assert (await sign_in(client, "n@desk.example.org", password)).status_code == 303
        assert "EDT-0417" in text(await client.get("/inbox"))
    async with sitting.as_("manager") as client:
        assert (await post(client, "/", "/people", name="X", email="x@y.org")).status_code == 403
