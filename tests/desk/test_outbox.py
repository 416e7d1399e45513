"""A partner that collects gets what is its own, in order, again and again until it confirms it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product

import httpx
import orjson
import pytest

from hub.clock import now
from schemas.envelope import Priority, Recipient, Subject
from tests.kit.deeds import act
from tests.kit.desk import Sitting
from tests.kit.people import (
    a_handover,
    a_linking,
    a_strategy_request,
    an_attendance,
    nhs,
)
from tests.kit.seed import COUNCIL, NORTH
from tests.kit.site import an_arrival

BEARER = {"Authorization": "Bearer outbox-secret"}


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN_ASSESSMENT_NORTH", "outbox-secret")


@pytest.fixture
async def partner(sitting: Sitting) -> AsyncIterator[httpx.AsyncClient]:
    """The partner's own system."""
    async with sitting.client() as client:
        client.headers.update(BEARER)
        yield client


async def test_only_the_partner_itself_is_answered(sitting: Sitting) -> None:
    async with sitting.client() as client:
        for name, header in (
            (NORTH, {}),
            (NORTH, {"Authorization": "Bearer wrong"}),
            (NORTH, {"Authorization": "outbox-secret"}),
            ("exemplar-police", BEARER),
            ("nobody", BEARER),
        ):
            found = await client.get(f"/v1/outbox/{name}", headers=header)
            assert found.status_code == 401
            assert found.headers["www-authenticate"] == "Bearer"


async def test_urgent_comes_first_and_the_list_has_no_content(partner: httpx.AsyncClient) -> None:
    found = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    ranks = [("immediate", "urgent", "routine").index(one["priority"]) for one in found]
    assert len(found) == 5
    assert ranks == sorted(ranks)
    assert set(found[0]) == {
        "delivery_id", "reference", "type", "priority", "offered_at", "due_at",
    }  # fmt: skip
    few = await partner.get(f"/v1/outbox/{NORTH}", params={"limit": 2})
    assert len(few.json()["deliveries"]) == 2


async def test_an_answer_that_is_lost_on_its_way_is_had_again(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    """Whoever lost it may have forgotten the list as well: it stands there until it is confirmed."""
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()
    one = next(found for found in listed["deliveries"] if found["type"] == "edt.handover")
    where = f"/v1/outbox/{NORTH}/{one['delivery_id']}"
    lost = await partner.get(where)
    assert lost.status_code == 200, lost.text
    assert _stands(sitting, one["delivery_id"]) == ("offered", "transport", 0)
    assert (await partner.get(f"/v1/outbox/{NORTH}")).json() == listed
    again = await partner.get(where)
    assert (again.content, again.headers["hub-reference"]) == (lost.content, one["reference"])
    handed = "select count(*) from audit where entry like '%delivery handed out%'"
    assert sitting.one(handed) == 1
    said = [record for record in sitting.road.published if record.kind == "receipts"]
    assert len(said) == 1, "once is on record"


async def test_a_message_is_handed_over_when_its_partner_confirms_it(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    one = next(found for found in listed if found["type"] == "edt.handover")
    where = f"/v1/outbox/{NORTH}/{one['delivery_id']}"
    first = await partner.get(where)
    assert first.headers["hub-reference"] == one["reference"]
    assert "Found outside after dark" in orjson.dumps(first.json()).decode()
    for _ in range(2):  # the answer to a confirmation may be lost as well
        confirmed = await partner.put(f"{where}/received")
        assert (confirmed.status_code, confirmed.content) == (204, b"")
    assert _stands(sitting, one["delivery_id"]) == ("delivered", "received", 1)
    told = [r.meta["receipts"][0] for r in sitting.road.published if r.kind == "receipts"]
    assert [receipt["delivery_id"] for receipt in told] == [one["delivery_id"]] * 2
    assert [receipt["level"] for receipt in told] == ["transport", "received"]
    left = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    assert one["delivery_id"] not in {found["delivery_id"] for found in left}
    assert (await partner.get(where)).content == first.content


def test_what_asks_for_no_more_than_leaving_is_confirmed_as_well(sitting: Sitting) -> None:
    sql = "select count(*) from delivery where mode = 'held' and level_needed <> 'received'"
    assert sitting.one(sql) == 0


async def test_a_confirmation_that_is_not_kept_is_not_one(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()
    where = f"/v1/outbox/{NORTH}/{listed['deliveries'][0]['delivery_id']}/received"
    sitting.road.away = True
    found = await partner.put(where)
    assert (found.status_code, found.headers["retry-after"]) == (503, "5")
    assert (await partner.get(f"/v1/outbox/{NORTH}")).json() == listed
    wrong = {"Authorization": "Bearer wrong"}
    assert (await partner.put(where, headers=wrong)).status_code == 401
    other = sitting.one("select delivery_id from delivery where partner = 'assessment-east'")
    for name in (other, "nothing"):
        path = f"/v1/outbox/{NORTH}/{name}/received"
        assert (await partner.put(path)).status_code == 404


def _stands(sitting: Sitting, delivery: str) -> tuple[str, str, int]:
    """State and level of a delivery, and how many attempts are settled."""
    sql = (
        "select state, level_reached, (select count(*) from attempt a"
        " where a.delivery_id = d.delivery_id) as settled from delivery d where delivery_id = :id"
    )
    (row,) = sitting.bench.all(sql, id=delivery)
    return row.state, row.level_reached, row.settled


async def test_without_a_receipt_in_kafka_no_body_leaves(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    sitting.road.away = True
    found = await partner.get(f"/v1/outbox/{NORTH}/{listed[0]['delivery_id']}")
    assert found.status_code == 503
    assert found.headers["retry-after"] == "5"
    assert set(found.json()) == {"detail"}


async def test_while_paused_nothing_is_collected_and_nothing_is_lost(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()
    where = f"/v1/outbox/{NORTH}/{listed['deliveries'][0]['delivery_id']}"
    act(sitting.bench, "partner.paused", NORTH, reason="their upgrade")
    assert (await partner.get(f"/v1/outbox/{NORTH}")).json() == {"deliveries": []}
    found = await partner.get(where)
    assert (found.status_code, found.headers["retry-after"]) == (503, "60")
    act(sitting.bench, "partner.resumed", NORTH)
    assert (await partner.get(f"/v1/outbox/{NORTH}")).json() == listed
    assert (await partner.get(where)).status_code == 200


async def test_withheld_fields_do_not_leave(partner: httpx.AsyncClient) -> None:
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    one = next(found for found in listed if found["type"] == "police.notification")
    found = await partner.get(f"/v1/outbox/{NORTH}/{one['delivery_id']}")
    assert "Shouting and a broken door" in found.text
    assert "fears reprisal" not in found.text


async def test_another_partners_delivery_is_not_there(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    other = sitting.one("select delivery_id from delivery where partner = 'assessment-east'")
    for name in (other, "nothing"):
        assert (await partner.get(f"/v1/outbox/{NORTH}/{name}")).status_code == 404


async def test_nothing_past_a_blocked_one_in_its_lane(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    rows = sitting.bench.all(
        "select delivery_id from delivery where partner = :p and state = 'offered'"
        " order by created_at limit 2",
        p=NORTH,
    )
    first, second = (row.delivery_id for row in rows)
    with sitting.bench.engine.begin() as conn:
        from hub.ledger.write import run

        lane = "update delivery set lane = 'one', lane_no = :n, rank = 2, state = :s"
        run(conn, f"{lane} where delivery_id = :id", n=1, s="needs_person", id=first)
        run(conn, f"{lane} where delivery_id = :id", n=2, s="offered", id=second)
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    assert second not in {one["delivery_id"] for one in listed}
    assert (await partner.get(f"/v1/outbox/{NORTH}/{second}")).status_code == 409


async def test_what_joined_another_lane_is_collected_in_that_lanes_order(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    """Every way in which four messages about two cases can come, urgent or not, before they are one."""
    lanes = []
    for number, order in enumerate(product("ab", repeat=4)):
        cases: dict[str, str] = {}
        for minute, of in enumerate((*order, *"ab")):
            cases[of] = _attendance(sitting, number, of, minute)
        _link(sitting, cases["a"], cases["b"])
        # One more for either: both are the survivor's now.
        assert {_attendance(sitting, number, of, 8) for of in "ab"} == {cases["b"]}
        lanes.append(f"{NORTH}|{cases['b']}")
    listed = (await partner.get(f"/v1/outbox/{NORTH}", params={"limit": 500})).json()["deliveries"]
    place = {one["delivery_id"]: at for at, one in enumerate(listed)}
    for lane in lanes:
        for rank, many in ((1, 3), (2, 5)):
            stand = sitting.bench.all(
                "select delivery_id from delivery where lane = :lane and rank = :rank"
                " order by lane_no",
                lane=lane,
                rank=rank,
            )
            found = [place[row.delivery_id] for row in stand]
            assert len(found) == many
            assert found == sorted(found)
    few = await partner.get(f"/v1/outbox/{NORTH}", params={"limit": 7})
    assert few.json()["deliveries"] == listed[:7]


def _attendance(sitting: Sitting, number: int, of: str, minute: int) -> str:
    """Another attendance of one of two children; odd minutes' are urgent. Returns its case."""
    said = an_arrival(
        "health.attendance",
        an_attendance(1),
        "exemplar-hospital",
        f"J-{number}-{minute}{of}",
        Priority.URGENT if minute % 2 else Priority.ROUTINE,
        subject=Subject(nhs_number=nhs(500 + 2 * number + (of == "b"))),
    )
    sitting.bench.record(said, at=now() - timedelta(minutes=60 - minute))
    sql = "select case_ref from message where message_id = :id"
    return str(sitting.one(sql, id=said.message_id))


def _link(sitting: Sitting, absorbed: str, survivor: str) -> None:
    said = an_arrival("case.linked", a_linking(absorbed, survivor), "hub", f"link-{absorbed}")
    said.parcel_id, said.case_hint = None, survivor
    sitting.bench.record(said)


async def test_openapi_tells_of_the_outbox_and_health_alone(partner: httpx.AsyncClient) -> None:
    paths = (await partner.get("/v1/openapi.json")).json()["paths"]
    assert set(paths) == {
        "/v1/outbox/{partner}", "/v1/outbox/{partner}/{delivery_id}",
        "/v1/outbox/{partner}/{delivery_id}/received", "/health", "/ready",
    }  # fmt: skip


async def test_what_is_collected_says_what_it_answers(
    sitting: Sitting, partner: httpx.AsyncClient
) -> None:
    """By the partner's own reference where the partner sent that, else by the one it got it under."""
    north = Recipient(agency=COUNCIL, team=NORTH)
    asked = an_arrival("strategy.requested", a_strategy_request(71), NORTH, "N-71")
    sitting.bench.record(asked)
    theirs = sitting.one(
        "select reference from delivery where partner = :p and message_id = :id",
        p=NORTH,
        id=sitting.id_of("EDT-0421"),
    )
    for reference, answers in (("A-1", asked.message_id), ("A-2", str(theirs)), ("A-3", None)):
        said = an_arrival(
            "edt.handover",
            a_handover(72),
            "edt",
            reference,
            recipients=(north,),
            answers=answers,
        )
        sitting.bench.record(said)
    for reference, named in (("A-1", "N-71"), ("A-2", theirs), ("A-3", None)):
        sql = "select delivery_id from delivery where partner = :p and message_id = :id"
        delivery = sitting.one(sql, p=NORTH, id=sitting.id_of(reference))
        told = (await partner.get(f"/v1/outbox/{NORTH}/{delivery}")).json()
        assert told["answers"] == named, reference


async def test_what_is_collected_says_by_when(partner: httpx.AsyncClient) -> None:
    listed = (await partner.get(f"/v1/outbox/{NORTH}")).json()["deliveries"]
    due = {one["delivery_id"]: one["due_at"] for one in listed if one["due_at"]}
    assert due
    for delivery, at in due.items():
        told = (await partner.get(f"/v1/outbox/{NORTH}/{delivery}")).json()["due"]
        assert told["at"] == at
        assert told["clock"]
