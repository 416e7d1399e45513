"""A program reads, corrects and tries again what its person may, and what it reads is recorded before."""

from typing import Any

import httpx
import pytest

from hub.core.redrive import redrive
from hub.desk import acts
from tests.desk.test_api import API, problem, program
from tests.kit import people
from tests.kit.desk import Sitting
from tests.kit.site import an_arrival
from tests.kit.unreadable import csv, kept

WHY = {"why": "to act on it"}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.2)


def stopped(sitting: Sitting) -> str:
    found = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    return f"{API}/deliveries/{found}"


def kinds(sitting: Sitting) -> list[str]:
    return [one.kind for one in sitting.road.published]


async def told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_content_is_recorded_before_it_is_told_and_each_reads_their_column(
    sitting: Sitting,
) -> None:
    where = f"{API}/messages/{sitting.id_of('EDT-0417')}/content"
    async with program(sitting, "manager") as client:
        said = await told(await client.post(where, json=WHY))
        assert said["type"] == "edt.handover" and said["body"]["concern"]
        assert kinds(sitting)[0] == "content.opened"
        problem(await client.post(where, json={"why": "x"}), 422)
        sitting.road.away = True
        away = await client.post(where, json=WHY)
        problem(away, 503)
        assert said["body"]["concern"] not in away.text
        sitting.road.away = False
    async with program(sitting, "operations") as client:
        problem(await client.post(where, json=WHY), 403)
    async with program(sitting, "police") as client:
        problem(await client.post(where, json=WHY), 404)
    guarded = f"{API}/messages/{sitting.id_of('WYP-0005')}/content"
    async with program(sitting, "manager") as client:
        less = await told(await client.post(guarded, json=WHY))
    async with program(sitting, "auditor") as client:
        whole = await told(await client.post(guarded, json=WHY))
    assert less["withheld"] and not whole["withheld"]
    hidden = {one["path"].split(".")[0].split("[")[0] for one in less["withheld"]}
    assert hidden <= set(whole["body"]) | {"child", "household"}


async def test_a_message_is_opened_looked_at_and_sent_corrected(sitting: Sitting) -> None:
    where = stopped(sitting)
    async with program(sitting, "manager") as client:
        form = await told(await client.post(f"{where}/repair/open"))
        offered = {tuple(one["path"]): one for one in form["places"]}
        assert ("concern",) in offered and ("wanted",) in offered
        assert not [path for path in offered if "child" in path]
        assert offered["urgency",]["options"][0][1]
        wrong = [{"path": ["concern"], "value": None}, {"path": ["urgency"], "value": "soon"}]
        seen = await told(await client.post(f"{where}/repair/look", json={"changes": wrong}))
        assert {tuple(one["path"]) for one in seen["mistakes"]} == {("concern",), ("urgency",)}
        wanted = len(form["content"]["body"].get("wanted", []))
        good = [
            {"path": ["concern"], "value": "Seen running on Weir Street"},
            {"path": ["wanted", wanted], "value": "Housing"},
        ]
        seen = await told(await client.post(f"{where}/repair/look", json={"changes": good}))
        assert seen["mistakes"] == []
        assert [one["path"] for one in seen["change"]["differing"]] == [
            "concern",
            f"wanted[{wanted}]",
        ]
        said = {"changes": good, "reason": "They differ in the hour", "version": form["version"]}
        done = await told(await client.post(f"{where}/repair", json=said))
        assert done["outcome"] == "done" and "Changed: concern; wanted" in done["answer"]
        new = sitting.one("select message_id from message where corrects is not null")
        both = await told(await client.post(f"{API}/messages/{new}/compare"))
        assert both["differing"][0]["second"] == "Seen running on Weir Street"
        problem(await client.post(f"{where}/repair", json=said), 409)
    read = kinds(sitting)
    assert read.count("content.opened") == 5 and read.count("delivery.repaired") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"path": ["child", "born"], "value": "2020-01-01"},
        {"path": ["nowhere"], "value": "x"},
        {"path": ["concern", "more"], "value": "x"},
        {"path": ["requested_by"], "value": {"name": "Somebody else"}},
        {"path": ["wanted", 99], "value": "x"},
    ],
)
async def test_no_change_leads_beyond_what_the_form_offers(
    sitting: Sitting, change: dict[str, Any]
) -> None:
    where = stopped(sitting)
    async with program(sitting, "manager") as client:
        said = {"changes": [change], "reason": "They differ in the hour"}
        answer = await client.post(f"{where}/repair", json=said)
        problem(answer, 403)
    assert "delivery.repaired" not in kinds(sitting)


@pytest.mark.parametrize("short", ["operations", "auditor", "administrator", "worker", "elsewhere"])
async def test_who_may_not_correct_is_refused_before_anything_is_read(
    sitting: Sitting, short: str
) -> None:
    name = kept(sitting.bench, "contact-centre", csv(), "line 3 column Date")
    where, parcel = stopped(sitting), f"{API}/parcels/{name}"
    said = {"changes": [{"path": ["concern"], "value": "x"}], "reason": "They differ"}
    text = {"text": "x", "reason": "They differ"}
    async with program(sitting, short) as client:
        for path, body in (
            (f"{where}/repair/open", None),
            (f"{where}/repair/look", {"changes": said["changes"]}),
            (f"{where}/repair", said),
            (f"{parcel}/repair/open", None),
            (f"{parcel}/repair/look", {"text": "x"}),
            (f"{parcel}/repair", text),
        ):
            answer = await client.post(path, json=body)
            assert answer.status_code in (403, 404), (short, path, answer.text)
    assert kinds(sitting) == []


async def test_unread_bytes_are_opened_looked_at_and_sent_through_the_door(
    sitting: Sitting,
) -> None:
    name = kept(sitting.bench, "contact-centre", csv(), "line 3 column Date")
    where = f"{API}/parcels/{name}"
    async with program(sitting, "manager") as client:
        listed = (await told(await client.get(f"{API}/parcels")))["parcels"]
        assert name in {one["parcel_id"] for one in listed}
        raw = await told(await client.post(f"{where}/bytes", json=WHY))
        assert raw["wrong_lines"] == [3]
        text = (await told(await client.post(f"{where}/repair/open")))["text"]
        assert "Zoë" in text and "\r" not in text
        bad = {"text": text.replace("31/11/2026", "32/11/2026")}
        seen = await told(await client.post(f"{where}/repair/look", json=bad))
        assert seen["place"] == "line 3 column Date" and seen["wrong"] and not seen["messages"]
        good = {"text": text.replace("31/11/2026", "30/11/2026")}
        seen = await told(await client.post(f"{where}/repair/look", json=good))
        assert [one["reference"] for one in seen["messages"]] == ["CC-10441", "CC-10442"]
        assert [one["kind"] for one in seen["lines"]][-2:] == ["in", "same"]
        done = await told(await client.post(f"{where}/repair", json=good | {"reason": "A slip"}))
        assert done["answer"] == "read, and sent on its way: 2 messages"
        one = await told(await client.get(where))
        assert one["state"] == "closed" and one["corrected_by"]
        lines = (await told(await client.post(f"{where}/compare")))["lines"]
        assert [o["number"] for o in lines if o["kind"] == "out"] == [3], lines
        again = await client.post(f"{where}/repair", json=good | {"reason": "A slip"})
        problem(again, 409)


async def test_a_cause_is_tried_again_in_bulk_watched_and_stopped(sitting: Sitting) -> None:
    async with program(sitting, "operations") as client:
        found = await told(await client.get(f"{API}/deliveries/failed/causes"))
        cause = next(one for one in found["causes"] if one["kind"] != "review")
        assert cause["count"] >= 1 and cause["what_to_do"]
        said = {
            "key": cause["key"],
            "which": "all",
            "as_of": found["as_of"],
            "reason": "They mended their list",
        }
        done = await told(await client.post(f"{API}/redrives", json=said))
        where = f"{API}/redrives/{done['act_id']}"
        begun = await told(await client.get(where))
        assert begun["total"] == cause["count"] and begun["left"] == begun["total"]
        stop = await told(await client.post(f"{where}/stop", json={"reason": "Not yet mended"}))
        assert stop["outcome"] == "done"
        sitting.bench.do(redrive)
        ended = await told(await client.get(where))
        assert ended["stopped_by"] and ended["sent"] == 0
        listed = await told(await client.get(f"{API}/redrives"))
        assert listed["redrives"][0]["redrive_id"] == done["act_id"]
        nothing = await client.post(f"{API}/redrives", json=said | {"key": "0" * 16})
        problem(nothing, 409)
        problem(await client.post(f"{API}/redrives", json=said | {"which": "chosen"}), 400)
    async with program(sitting, "auditor") as client:
        problem(await client.post(f"{API}/redrives", json=said), 403)
        assert (await client.get(where)).status_code == 200


async def test_what_waits_is_listed_by_pages_and_settled(sitting: Sitting) -> None:
    answer = people.a_response("R-nowhere")
    for number in range(3):
        early = an_arrival("handover.response", answer, "assessment-east", f"A-{number}")
        early.answers = f"R-nowhere-{number}"
        sitting.bench.record(early)
    async with program(sitting, "manager") as client:
        seen: list[str] = []
        after = ""
        while after is not None:
            asked = {"state": "early", "limit": "2", "after": after}
            some = await told(await client.get(f"{API}/held", params=asked))
            assert some["number"] == 3 and len(some["messages"]) <= 2
            seen += [one["message_id"] for one in some["messages"]]
            after = some["next"]
        assert len(seen) == len(set(seen)) == 3
        said = {"end": "drop", "reason": "They rang: it was meant for others"}
        where = f"{API}/messages/{seen[0]}/resolve"
        assert (await told(await client.post(where, json=said)))["answer"] == "set aside"
        problem(await client.post(where, json=said), 404)
        match = {"case_ref": "new", "reason": "Another child"}
        problem(await client.post(f"{API}/messages/{seen[1]}/match", json=match), 409)
        problem(await client.get(f"{API}/held", params={"after": "x"}), 400)
        assert (await told(await client.get(f"{API}/calls")))["calls"][0]["phone"]
    async with program(sitting, "auditor") as client:
        problem(await client.post(f"{API}/messages/{seen[1]}/resolve", json=said), 403)
        problem(await client.get(f"{API}/calls"), 403)
    async with program(sitting, "manager") as client:
        problem(await client.post(f"{API}/stuck/x/retry", json={"reason": "once more"}), 403)
    async with program(sitting, "police") as client:
        for path in ("held", "stuck", "parcels", "calls", "redrives", "deliveries/failed/causes"):
            problem(await client.get(f"{API}/{path}"), 403)


async def test_a_child_is_looked_for_by_number_and_noted(sitting: Sitting) -> None:
    said = {"number": "943 476 5919", "reason": "The ward rang about her"}
    async with program(sitting, "manager") as client:
        assert (await told(await client.post(f"{API}/children/search", json=said)))["cases"] == []
        wrong = await client.post(f"{API}/children/search", json=said | {"number": "12"})
        problem(wrong, 400)
    assert kinds(sitting) == ["child.sought"]
    async with program(sitting, "operations") as client:
        problem(await client.post(f"{API}/children/search", json=said), 403)
