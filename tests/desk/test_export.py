"""A file holds what its reader may see, and leaves only when it is noted who took it out."""

import csv
import io
import json

import httpx
import pytest

from tests.kit.desk import Sitting, post

SECRETS = ("Found outside after dark", "aunt's number", "Thistlewood")


def sheet(page: httpx.Response) -> list[dict[str, str]]:
    assert page.status_code == 200, page.text
    assert page.headers["content-type"] == "text/csv; charset=utf-8"
    assert page.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(page.content.decode("utf-8-sig"), newline="")))


async def test_a_search_leaves_as_it_was_found(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        asked = {"q": "handover from edt"}
        lines = sheet(await post(client, "/find", "/export/messages", form="csv", **asked))
        page = await post(client, "/find", "/export/messages", form="json", **asked)
        told = page.json()
    references = {row["reference"] for row in told["rows"]}
    assert references == {row["reference"] for row in lines} >= {"EDT-0417", "EDT-0414"}
    assert told["complete"] and told["by"] == "J. Ahmed"
    row = next(row for row in lines if row["reference"] == "EDT-0417")
    assert row["states"].startswith("late") and row["to"]
    assert row["recorded_at"].endswith(("Z", "+00:00"))
    assert row["recorded"].endswith((" GMT", " BST"))
    assert "attachment" in page.headers["content-disposition"]
    assert "EDT" not in page.headers["content-disposition"]
    acts = sitting.bench.all("select * from act where type = 'export.made'")
    assert [(act.who, act.outcome) for act in acts] == [("J. Ahmed, duty manager", "done")] * 2
    assert "from edt edt.handover" in acts[0].answer
    audited = sitting.bench.all("select entry from audit where entry like '%\"exported\"%'")
    assert len(audited) == 2 and "J. Ahmed" in audited[0].entry


async def test_words_that_may_be_a_name_are_written_down_nowhere(sitting: Sitting) -> None:
    asked = {"q": 'late handover from edt Annabel "EDT-0417"'}
    async with sitting.as_("manager") as client:
        assert sheet(await post(client, "/find", "/export/messages", form="csv", **asked))
    [act] = sitting.bench.all("select answer from act where type = 'export.made'")
    assert act.answer == "messages: from edt edt.handover late and 2 other words as csv"
    [audited] = sitting.bench.all("select entry from audit where entry like '%\"exported\"%'")
    assert "Annabel" not in audited.entry and "EDT-0417" not in audited.entry


async def test_everybody_takes_out_what_they_may_see_and_no_more(sitting: Sitting) -> None:
    everything = {"q": "since 2000-01-01"}
    async with sitting.as_("police") as client:
        lines = sheet(await post(client, "/find", "/export/messages", form="csv", **everything))
        for where in ("failed", "incidents", f"message/{sitting.id_of('EDT-0417')}"):
            page = await post(client, "/find", f"/export/{where}", form="csv")
            assert page.status_code in (403, 404), where
    assert {row["reference"] for row in lines} == {"S-2231", "S-2232", "S-2233", "WYP-0005"}
    async with sitting.as_("elsewhere") as client:
        lines = sheet(await post(client, "/find", "/export/messages", form="csv", **everything))
    assert lines == []


async def test_failures_and_incidents(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        stopped = sheet(await post(client, "/failed", "/export/failed", form="csv"))
        wrong = await post(client, "/incidents", "/export/incidents", form="json")
    assert stopped and stopped[0]["partner"] == "exemplar-police"
    assert any("unknown force area" in row["reason"] for row in stopped)
    assert {row["kind"] for row in wrong.json()["rows"]} >= {"unreadable", "conflict"}


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_a_journey_is_evidence_without_what_was_said_in_confidence(
    sitting: Sitting, form: str
) -> None:
    message = sitting.id_of("EDT-0419")
    case = sitting.one("select case_ref from message where message_id = :id", id=message)
    for where in (f"/message/{message}", f"/case/{case}"):
        async with sitting.as_("manager") as client:
            page = await post(client, where, f"/export{where}", form=form)
        assert page.status_code == 200
        rows = sheet(page) if form == "csv" else json.loads(page.content)["rows"]
        assert any("asked a question" in row["happened"] for row in rows)
        assert not any(secret in page.text for secret in SECRETS)
        sql = "select entry from audit where case_ref = :ref and entry like '%\"exported\"%'"
        assert sitting.bench.all(sql, ref=case), "it stands in the case's own chain"


async def test_while_kafka_is_away_nothing_leaves(sitting: Sitting) -> None:
    sitting.road.away = True
    async with sitting.as_("manager") as client:
        page = await post(client, "/failed", "/export/failed", form="csv")
    assert page.status_code == 503
    assert "S-22" not in page.text


async def test_a_link_takes_nothing_out(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        assert (await client.get("/export/failed")).status_code == 405
        unsigned = await client.post("/export/failed", data={"form": "csv"})
    assert unsigned.status_code == 403


async def test_a_long_file_ends_where_it_must_and_says_so(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.desk.pages.export.MOST", 5)
    monkeypatch.setattr("hub.desk.pages.export._AT_ONCE", 2)
    async with sitting.as_("auditor") as client:
        asked = {"q": "since 2000-01-01"}
        told = (await post(client, "/find", "/export/messages", form="json", **asked)).json()
    assert len(told["rows"]) == 5 == len({row["message_id"] for row in told["rows"]})
    assert not told["complete"] and "Only the newest 5" in told["cut"]
