"""Who may closes an incident that nothing else would, with a reason that everybody reads."""

import re

import pytest

from hub.desk import acts
from hub.ledger.write import run
from tests.desk.test_many_calls import pages
from tests.kit.desk import Sitting, post, text
from tests.kit.weight import MOST, weight


@pytest.fixture
def incident(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the hospital's receipt for something unknown is closed."""
    monkeypatch.setattr(acts, "WAIT", 0.2)
    sitting.bench.do(
        lambda work: work.incident("unknown_receipt", "exemplar-hospital", "nobody knows it")
    )
    found = sitting.one("select incident_id from incident where kind = 'unknown_receipt'")
    return f"/incidents/{found}/close"


async def test_operations_close_it_and_everybody_reads_why(sitting: Sitting, incident: str) -> None:
    async with sitting.as_("operations") as client:
        page = await client.get(incident.removesuffix("/close"))
        assert f'action="{incident}"' in page.text
        assert "Closes by itself after a day without another" in text(page)
        other = sitting.one("select incident_id from incident where kind = 'partner_down'")
        assert "/close" not in (await client.get(f"/incidents/{other}")).text, "it ends by itself"
        lost = await post(client, "/incidents", incident, version=1)
        assert lost.status_code == 400
        done = await post(client, "/incidents", incident, version=1, reason="Their test system")
        said = text(done)
        assert "✓ Done. Closed" in said, said
        assert "Closed: Their test system (O. Penhaligon, operations)" in said, said
        assert incident not in done.text
    async with sitting.as_("service") as client:
        late = text(await post(client, "/incidents", incident, version=1, reason="The same"))
    assert "▲ Not done. It is closed already: Their test system (O. Penhaligon, operations)" in late


async def test_no_cause_names_a_partner_as_machines_do(sitting: Sitting) -> None:
    names = {partner.partner for partner in sitting.desk.directory}
    there = {str(row.kind) for row in sitting.bench.all("select kind from incident")}
    assert {"conflict", "partner_down"} <= there
    async with sitting.as_("operations") as client:
        said = text(await client.get("/incidents")).lower()
    assert {name for name in names if re.search(rf"(?<![\w/-]){name}(?![\w-])", said)} == set()


async def test_nobody_else_closes_it(sitting: Sitting, incident: str) -> None:
    for short in ("manager", "edt", "auditor", "administrator"):
        async with sitting.as_(short) as client:
            page = await client.get("/incidents")
            assert page.status_code == 200
            assert "/close" not in page.text
            refused = await post(client, "/incidents", incident, version=1, reason="I may not")
            assert refused.status_code == 403, short
    async with sitting.as_("worker") as client:
        assert (await post(client, "/", incident, version=1, reason="x y z")).status_code == 403
    async with sitting.as_("operations") as client:
        gone = await post(client, "/incidents", "/incidents/none/close", version=1, reason="gone")
    assert gone.status_code == 404


async def test_it_is_not_closed_over_what_happened_since(sitting: Sitting, incident: str) -> None:
    sitting.bench.do(lambda work: work.incident("unknown_receipt", "exemplar-hospital", "again"))
    async with sitting.as_("service") as client:
        page = text(await post(client, "/incidents", incident, version=1, reason="Over"))
    assert "It has happened again since you looked, 2 times by now" in page, page


@pytest.fixture
def claim(sitting: Sitting, incident: str) -> str:
    """Where the same incident is taken."""
    return incident.replace("/close", "/claim")


async def test_who_takes_it_is_seen_by_everybody(sitting: Sitting, claim: str) -> None:
    async with sitting.as_("operations") as client:
        assert "Nobody has it so far" in text(await client.get("/incidents"))
        done = text(await post(client, "/incidents", claim))
        assert "✓ Done. Others see that you look at it" in done
        assert "Give it back: nobody has it then" in done
    mine = "O. Penhaligon, operations has it since"
    async with sitting.as_("auditor") as client:
        page = await client.get("/incidents")
        assert mine in text(page)
        assert "/claim" not in page.text and "/release" not in page.text
        assert "O. Penhaligon, operations has it" in text(await client.get("/"))
    async with sitting.as_("manager") as client:
        seen = text(await client.get("/incidents"))
        assert "Take it over: others see that you look at it now" in seen
        late = text(await post(client, "/incidents", claim))
        assert "▲ Not done. O. Penhaligon, operations has it by now: look again" in late
        over = text(await post(client, "/incidents", claim, over="O. Penhaligon, operations"))
        assert "J. Ahmed, duty manager has it since" in over
        back = text(await post(client, "/incidents", claim.replace("/claim", "/release")))
        assert "✓ Done. Nobody looks at it now" in back


async def test_what_stopped_says_who_has_it(sitting: Sitting) -> None:
    lane = sitting.one("select incident_id from incident where kind = 'stopped'")
    async with sitting.as_("operations") as client:
        free = text(await client.get("/failed"))
        assert "● Nobody has it so far: take it under Incidents , so that others see it" in free
        await post(client, "/incidents", f"/incidents/{lane}/claim")
        page = await client.get("/failed")
        assert "○ O. Penhaligon, operations has it." in text(page)
        key = re.findall(r'name="key" value="([0-9a-f]+)"', page.text)[0]
        assert "O. Penhaligon, operations has it." in text(await client.get(f"/failed/{key}"))


async def test_who_may_not_take_it_does_not(sitting: Sitting, claim: str) -> None:
    for short, page in (("auditor", "/incidents"), ("worker", "/")):
        async with sitting.as_(short) as client:
            assert (await post(client, page, claim)).status_code == 403, short
    async with sitting.as_("operations") as client:
        assert (await post(client, "/incidents", "/incidents/none/claim")).status_code == 404


_MANY = """
with recursive n (i) as (select 1 union all select i + 1 from n where i < 250)
insert into incident (incident_id, open_key, kind, subject, cause, first_seen, last_seen, count,
  closed_at, closed_why)
select 'copy-' || :how || i, case when :how = 'open' then 'early|' || i end, 'early', 'x', 'why',
  first_seen, last_seen, 1, case when :how = 'over' then last_seen end, null
from n join (select * from incident where closed_at is null limit 1)
"""


@pytest.mark.usefixtures("incident")
async def test_all_that_is_wrong_is_counted_however_few_are_listed(sitting: Sitting) -> None:
    before = int(str(sitting.one("select count(*) from incident where closed_at is null")))
    hidden = int(str(sitting.one("select count(*) from incident where open_key like 'overdue|%'")))
    over = int(str(sitting.one("select count(*) from incident where closed_at is not null")))
    with sitting.bench.engine.begin() as conn:
        for how in ("open", "over"):
            run(conn, _MANY, how=how)
    async with sitting.as_("operations") as client:
        whole = await client.get("/incidents")
        page = text(whole)
        assert weight(whole) <= MOST, f"{weight(whole) / 1024:.0f} KB"
        assert f"Open ({before + 250})" in page
        assert " Next" in page
        assert f"Closed in the last 24 hours ({over + 250})" in page
        listed = await pages(client, "/incidents/closed", r'href="/incidents/([^"/]+)"><strong>')
        every = [one for some in listed for one in some]
        assert len(every) == len(set(every)) == over + 250
        first = text(await client.get("/"))
        assert f"Broken ({before - hidden + 250})" in first
        assert f"All {before - hidden + 250} incidents" in first


@pytest.mark.usefixtures("incident")
async def test_what_to_do_is_one_press_away(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        found = sitting.one("select incident_id from incident where kind = 'unknown_receipt'")
        own = await client.get(f"/incidents/{found}")
        assert 'href="/runbook/unknown_receipt"' in own.text
        assert "<ol>" in own.text
        page = await client.get("/runbook/unknown_receipt")
        assert page.status_code == 200
        assert "<h1>A receipt came for something that was never sent</h1>" in page.text
        assert "<ol>" in page.text
        for none in ("/runbook/no_such", "/runbook/..%2fbackup", "/runbook/%2e%2e%2fmetrics"):
            assert (await client.get(none)).status_code == 404, none
    async with sitting.as_("worker") as client:
        assert (await client.get("/runbook/unknown_receipt")).status_code == 403


async def test_each_has_a_page_that_says_all_about_it(sitting: Sitting) -> None:
    """Wherever it stands in the list, it is found, and what became of it stays to be read."""
    stopped = sitting.one("select incident_id from incident where kind = 'stopped'")
    where = f"/incidents/{stopped}"
    async with sitting.as_("operations") as client:
        assert f'href="{where}"' in (await client.get("/")).text
        assert f'href="{where}"' in (await client.get("/incidents")).text
        page = await client.get(where)
        said = text(page)
        assert "1 delivery stopped" in said
        assert "Unknown force area in the request" in said
        assert "Nobody has it so far" in said
        assert "Mend the cause, then try all of it again" in said
        [cause] = re.findall(r'href="(/failed/[0-9a-f]+)"', page.text)
        assert "unknown force area" in text(await client.get(cause))
        taken = text(await post(client, where, f"{where}/claim"))
        assert "✓ Done. Others see that you look at it" in taken
        assert "O. Penhaligon, operations took it" in text(await client.get(where))
        assert (await client.get("/incidents/none")).status_code == 404
    async with sitting.as_("worker") as client:
        assert (await client.get(where)).status_code == 403
