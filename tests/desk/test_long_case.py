"""A case of many messages is gone through page by page, and nothing of it that is open is left out."""

import re

import pytest

from hub.ledger.write import rows, run
from tests.desk.test_api import API, program
from tests.kit.desk import Sitting, post
from tests.kit.weight import MOST, weight

MANY = 120
_LATER = "select * from message where reference = 'S-2231'"


@pytest.fixture
def case(sitting: Sitting) -> str:
    """A case that goes on after S-2231, on which the police must still act."""
    with sitting.bench.engine.begin() as conn:
        [first] = rows(conn, "select case_ref, recorded_at from message where reference = 'S-2231'")
        run(conn, f"create temp table one as {_LATER}")
        for number in range(MANY):
            named = {"id": f"copy-{number:03}", "ref": f"C-{number:03}"}
            later = (
                f"+{(number + 1) // 2 + 1} seconds"  # two of each instant, also where a page ends
            )
            sql = "update one set message_id = :id, reference = :ref, planned = 0,"
            sql += " recorded_at = (select strftime('%Y-%m-%d %H:%M:%f000', max(m.recorded_at),"
            sql += f" '{later}') from message m where m.case_ref = one.case_ref and m.message_id not like 'copy%')"
            run(conn, sql, **named)
            run(conn, "insert into message select * from one")
    return str(first.case_ref)


def listed(text: str) -> list[str]:
    """The messages of a page's journey, oldest first."""
    journey = text.partition('<ol class="timeline">')[2]
    return re.findall(r'<strong>[^<]+</strong> <a href="/message/([^"]+)">', journey)


async def test_it_is_gone_through_page_by_page(sitting: Sitting, case: str) -> None:
    first = sitting.id_of("S-2231")
    everything = {
        str(row[0])
        for row in sitting.bench.all("select message_id from message where case_ref = :c", c=case)
    }
    async with sitting.as_("manager") as client:
        page = await client.get(f"/case/{case}")
        newest = [f"copy-{number:03}" for number in range(MANY - 50, MANY)]
        assert listed(page.text)[-50:] == newest
        assert first in listed(page.text), "somebody must still act on it"
        assert "older ones that somebody must still act on" in page.text
        assert weight(page) <= MOST
        seen = newest
        while more := re.search(r'href="(/case/[^"]+before=[^"]+)">Earlier ones', page.text):
            page = await client.get(more[1].replace("&amp;", "&"))
            seen = listed(page.text) + seen
            assert weight(page) <= MOST
    assert len(seen) == len(set(seen)), "none twice"
    assert set(seen) == everything


async def test_whoever_sees_one_old_message_of_it_finds_that(sitting: Sitting, case: str) -> None:
    with sitting.bench.engine.begin() as conn:
        run(conn, "update journey set state = 'completed' where machine = 'handover'")
        run(conn, "update delivery set state = 'delivered' where state = 'needs_person'")
    async with sitting.as_("police") as client:
        assert listed((await client.get(f"/case/{case}")).text) == [sitting.id_of("S-2231")]


async def test_a_program_goes_through_it_in_the_same_way(sitting: Sitting, case: str) -> None:
    seen: list[str] = []
    async with program(sitting, "manager") as client:
        before: str | None = ""
        while before is not None:
            told = (await client.get(f"{API}/cases/{case}", params={"before": before})).json()
            seen += [
                one["reference"] for one in told["happened"] if one["reference"].startswith("C-")
            ]
            before = told["next"]
        assert (await client.get(f"{API}/cases/{case}", params={"before": "x"})).status_code == 400
    assert set(seen) == {f"C-{number:03}" for number in range(MANY)}


async def test_as_evidence_it_leaves_whole_or_says_that_it_is_not(
    sitting: Sitting, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting.as_("manager") as client:
        whole = (await post(client, f"/case/{case}", f"/export/case/{case}", form="json")).json()
        monkeypatch.setattr("hub.desk.pages.export.WHOLE", 60)
        some = (await post(client, f"/case/{case}", f"/export/case/{case}", form="json")).json()
    assert whole["complete"] and not some["complete"]
    assert {f"C-{number:03}" for number in range(MANY)} <= {
        row["reference"] for row in whole["rows"]
    }
    assert "newest 60 messages" in str(some)
