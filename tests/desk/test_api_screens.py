"""Who builds a screen of their own has from the API what the start page, a partner's page and the audit show."""

import re
from datetime import datetime

from tests.desk.test_api import API, problem, program
from tests.kit.desk import Sitting, post, text
from tests.kit.seed import NORTH

POLICE = "exemplar-police"


async def test_the_overview_says_what_the_start_page_says(sitting: Sitting) -> None:
    for short in ("manager", "operations", "worker"):
        async with sitting.as_(short) as client:
            page = text(await client.get("/"))
        async with program(sitting, short) as client:
            said = (await client.get(f"{API}/overview")).json()
        for one in ("waits", "late", "broken"):
            if said[one] is not None:
                assert said[one]["says"].split(":")[0] in page
        assert (said["broken"] is None) == (short == "worker")
        assert [one["partner"] for one in said["ill"]] == ([] if short == "worker" else [POLICE])


async def test_the_overview_says_what_waits_for_whom_and_whether_the_day_balances(
    sitting: Sitting,
) -> None:
    for short in ("manager", "operations", "worker"):
        async with sitting.as_(short) as client:
            page = text(await client.get("/"))
        async with program(sitting, short) as client:
            said = (await client.get(f"{API}/overview")).json()
        assert bool(said["teams"]) == ("What waits for whom" in page), short
        for one in said["teams"]:
            assert re.search(rf"{re.escape(one['title'])} {one['waiting']} ", page), one
        day = said["day"]
        assert (day is None) == (short == "worker")
        if day:
            assert f"{day['messages']} in · {day['delivered']} delivered" in page
            assert day["balanced"] == ("✓ balanced" in page)
            assert day["planned"] >= day["delivered"] > 0


async def test_one_partner_is_read_whole(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        page = text(await client.get(f"/partners/{POLICE}"))
    async with program(sitting, "operations") as client:
        one = (await client.get(f"{API}/partners/{POLICE}")).json()
        problem(await client.get(f"{API}/partners/nobody"), 404)
    assert one["mood"] == "late" and one["down_since"] and one["failures"] > 0
    assert one["stands"].startswith("No answer since")
    assert one["queue"]["waiting"] > 0 and one["queue"]["needs_person"] > 0
    assert one["configuration"]["digest"] in page
    quarters = one["quarters"]
    assert quarters[0]["waited"] >= one["queue"]["waiting"]
    assert sum(each["came"] for each in quarters) == one["came"]
    assert sum(each["went"] for each in quarters) == one["went"]
    assert all(f"{each['came']} in · {each['went']} out" in page for each in one["flows"])
    assert {each["title"] for each in one["flows"]} >= {"Police notifications"}
    assert all(each["about"] in page for each in one["configuration"]["settings"])
    async with program(sitting, "worker") as client:
        problem(await client.get(f"{API}/partners/{POLICE}"), 403)


async def test_a_partners_day_has_its_latency_as_the_page_draws_it(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        page = (await client.get(f"/partners/{NORTH}")).text
    async with program(sitting, "operations") as client:
        quarters = (await client.get(f"{API}/partners/{NORTH}")).json()["quarters"]
    timed = [each for each in quarters if each["went"]]
    assert timed and all(0 < each["half_seconds"] <= each["most_seconds"] for each in timed)
    drawn = re.findall(r'<tr data-at="(\d+)">', page)
    begun = [str(int(datetime.fromisoformat(each["begin"]).timestamp())) for each in quarters]
    assert begun == drawn


async def test_the_audit_is_read_and_verified_by_who_may(sitting: Sitting) -> None:
    case = sitting.one("select case_ref from message where reference = 'S-2231'")
    async with program(sitting, "auditor") as client:
        whole = (await client.get(f"{API}/audit")).json()
        held = (await client.get(f"{API}/audit/verify")).json()
        chain = (await client.get(f"{API}/audit/cases/{case}")).json()
        problem(await client.get(f"{API}/audit/cases/none"), 404)
    assert whole["chains"] > 1 and whole["entries"] > whole["chains"]
    assert held["holds"] and held["broken"] == []
    assert chain["verified"]["holds"] and chain["entries"][0]["seq"] == 1
    with sitting.bench.engine.begin() as conn:
        conn.exec_driver_sql(f"delete from audit where case_ref = '{case}' and seq = 1")
    async with program(sitting, "service") as client:
        broken = (await client.get(f"{API}/audit/cases/{case}")).json()["verified"]
    assert not broken["holds"] and broken["broken"][0]["case"] == case
    for short in ("manager", "operations", "worker"):
        async with program(sitting, short) as client:
            for where in ("audit", "audit/verify", f"audit/cases/{case}"):
                problem(await client.get(f"{API}/{where}"), 403)


async def test_an_incident_says_who_has_it_in_the_api_and_in_what_is_taken_out(
    sitting: Sitting,
) -> None:
    stopped = sitting.one("select incident_id from incident where kind = 'stopped'")
    who = "O. Penhaligon, operations"
    async with program(sitting, "operations") as client:
        free = (await client.get(f"{API}/incidents/{stopped}")).json()
        assert free["claimed_by"] is None and free["claimed_at"] is None
        done = await client.post(f"{API}/incidents/{stopped}/claim", json={})
        assert done.status_code == 200
        one = (await client.get(f"{API}/incidents/{stopped}")).json()
        problem(await client.get(f"{API}/incidents/none"), 404)
        listed = (await client.get(f"{API}/incidents")).json()["open"]
    assert one["claimed_by"] == who and one["claimed_at"]
    assert one["history"][-1]["happened"] == f"{who} took it"
    assert who in [each["claimed_by"] for each in listed]
    async with sitting.as_("operations") as client:
        for form in ("csv", "json"):
            out = await post(client, "/incidents", "/export/incidents", form=form)
            assert re.search(rf"\b{re.escape(who)}\b", out.text), form
            assert "claimed_at" in out.text
    async with program(sitting, "worker") as client:
        problem(await client.get(f"{API}/incidents/{stopped}"), 403)
