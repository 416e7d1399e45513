"""A partner's page says how it stands, what was exchanged last, by which settings, and what a test found."""

import re
from datetime import timedelta
from typing import Any

import pytest

from hub.clock import LONDON, london, now
from hub.core.acts.on_partners import record_probed
from hub.core.reports import heartbeat
from hub.desk.shown.states import partner_line
from hub.desk.shown.words import Mood
from hub.ledger.read.partners import Standing, State, Tallied, Waiting
from hub.ledger.read.sentences import answer_of
from hub.ledger.read.traffic import Traffic
from hub.ledger.write import run
from tests.kit.deeds import act
from tests.kit.desk import MOMENT, Sitting, post, text
from tests.kit.seed import EAST, HOSPITAL, NORTH, POLICE

PAGE = f"/partners/{POLICE}"


async def test_it_says_how_it_stands_since_when_and_what_it_is_tried_with(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        said = text(await client.get(PAGE))
    assert re.search(rf"▲ No answer since {MOMENT} , 2 deliveries waiting", said)
    assert "tries without reaching it: until one does, one delivery at a time is tried" in said
    assert re.search(r"Their last answer: “[^”]+”", said), "it refused: that acknowledges nothing"


async def test_the_last_words_are_references_and_acknowledgements_never_content(
    sitting: Sitting,
) -> None:
    async with sitting.as_("operations") as client:
        hospital = text(await client.get(f"/partners/{HOSPITAL}"))
        north = await client.get(f"/partners/{NORTH}")
        school = text(await client.get("/partners/exemplar-school"))
    newest = sitting.bench.all(
        "select reference, recorded_at from message where partner = :p order by recorded_at desc",
        p=HOSPITAL,
    )[0]
    assert re.search(rf"Last from them {newest.reference} Hospital attendance , {MOMENT}", hospital)
    went = sitting.bench.all(
        "select d.message_id from delivery d where d.partner = :p and d.state = 'delivered'"
        " order by changed_at desc, delivery_id",
        p=NORTH,
    )
    shown = re.search(r"Last to them</dt><dd><a href=\"/message/([^\"]+)\"", north.text)
    assert shown is not None
    assert shown.group(1) in {row.message_id for row in went}
    assert "acknowledged: " in text(north)
    assert "none among the last 5,000 messages" in school
    assert "none among the last 5,000 deliveries" in school
    assert north.text.split("Last to them")[1].split("</dl>")[0].count("acknowledged: ") == 3


async def test_the_last_words_stand_there_whatever_their_age(sitting: Sitting) -> None:
    old = "2024-03-01 09:30:00.000000"
    with sitting.bench.engine.begin() as conn:
        run(conn, "update message set recorded_at = :old where partner = :p", old=old, p=HOSPITAL)
        run(conn, "update delivery set changed_at = :old where partner = :p", old=old, p=NORTH)
    async with sitting.as_("operations") as client:
        came = text(await client.get(f"/partners/{HOSPITAL}"))
        went = text(await client.get(f"/partners/{NORTH}"))
    assert re.search(r"Last from them X26\d+ Hospital attendance , Fri 1 Mar 2024 09:30", came)
    assert re.search(r"Last to them X26\d+ Hospital attendance , Fri 1 Mar 2024 09:30", went)


async def test_how_many_waited_is_told_for_every_quarter_of_the_day(sitting: Sitting) -> None:
    sql = "update delivery set created_at = :at where partner = :p and state = 'waiting'"
    began = now() - timedelta(hours=3)
    with sitting.bench.engine.begin() as conn:
        assert run(conn, sql, at=began, p=POLICE).rowcount == 2
    async with sitting.as_("operations") as client:
        page = await client.get(PAGE)
    table = page.text.split('class="figs"')[1].split("</table>")[0]
    rows = re.findall(r'<tr data-at="(\d+)">(.*?)</tr>', table)
    waited = {int(at): re.findall(r"<td[^>]*>([^<]*)</td>", cells)[5:] for at, cells in rows}
    since = [at for at in sorted(waited) if at >= began.timestamp() - 900]
    assert len(since) in (12, 13, 14)
    assert all(waited[at][0] == "2" for at in since[:-1]), waited
    assert waited[since[-1]][1].startswith(("2 h", "3 h")), "how long the oldest has waited"


async def test_its_day_stands_there_without_a_script(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        page = await client.get(f"/partners/{HOSPITAL}")
        late = text(await client.get(f"/partners/{NORTH}"))
    rows = re.findall(
        r'<tr data-at="(\d+)"><td>([^<]+)</td><td>(\d+)</td><td>(\d+)</td>', page.text
    )
    assert sum(int(came) for *_, came, _ in rows) == 12
    assert [int(at) for at, *_ in rows] == sorted((int(at) for at, *_ in rows), reverse=True)
    assert all(int(at) % 900 == 0 for at, *_ in rows)
    assert "Hospital attendances 12 in · 0 out" in text(page)
    assert re.search(r"half within 95 of 100 within .* \d+ (s|min|h)", late)


async def test_what_waits_is_told_by_age_and_state(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        said = text(await client.get(PAGE))
    assert re.search(rf"What waits: 2 The oldest waits since {MOMENT}", said)
    # The evening was made before the first of these tests, and it grows older with them.
    ages = re.search(r"To be sent, by age under 5 min 0 5 to 60 min (\d) over an hour (\d)", said)
    assert ages is not None and sum(map(int, ages.groups())) == 2
    assert (
        "on its way now (at most 32) 0 ready to collect 0 call sheets open 3 needs a person 1"
        in said
    )


async def test_what_lies_in_an_inbox_unopened_is_told_with_since_when(sitting: Sitting) -> None:
    """It waits for them as much as what is still to be sent: a handover lay there for a night."""
    began = now() - timedelta(days=2)
    there = "from delivery where partner = :p and state = 'offered' and transport <> 'call'"
    lying = int(str(sitting.one(f"select count(*) {there}", p=EAST)))
    with sitting.bench.engine.begin() as conn:
        run(
            conn,
            "update delivery set state = 'delivered' where partner = :p and state in"
            " ('waiting', 'under_way', 'needs_person', 'outcome_unknown')",
            p=EAST,
        )
        run(
            conn,
            "update delivery set state = 'delivered' where partner = :p and state = 'offered'"
            " and transport = 'call'",
            p=EAST,
        )
        first = f"(select min(delivery_id) {there})"
        run(
            conn,
            f"update delivery set created_at = :at where delivery_id = {first}",
            at=began,
            p=EAST,
        )
    async with sitting.as_("operations") as client:
        said = text(await client.get(f"/partners/{EAST}"))
    assert lying > 0
    since = rf"{began.astimezone(LONDON):%a} \d+ \w+ {began.astimezone(LONDON):%H:%M}"
    assert re.search(rf"{lying} in their inbox, not opened so far: the oldest since {since}", said)
    assert f"What waits: 0 to be sent, {lying} in their inbox" in said


async def test_settings_are_words_and_secrets_only_where_they_are_kept(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TOKEN_POLICE_IN", "a secret that nobody may read")
    async with sitting.as_("operations") as client:
        page = await client.get(PAGE)
    said = text(page)
    partner = sitting.desk.directory[POLICE]
    assert f"Digest {partner.digest} at this desk" in said
    for word in (
        "Speaks by http, in hub-json",
        "Outstanding at most 32 deliveries, by 2 connections",
        "Tries again after ",
        "a person decides",
        "connect timeout 5 ",
        "A call sheet opens after ",
        "token in environment variable HUB_TOKEN_POLICE_IN, never shown",
    ):
        assert word in said, word
    assert "nobody may read" not in page.text


def says(sitting: Sitting, name: str, digest: str, at: Any = None, how: str = "") -> None:
    said = {"partners": {POLICE: digest}, "connections": {POLICE: how}}
    sitting.bench.do(lambda work: heartbeat(work, name, "e", "d", said), at or now())


async def test_it_says_who_has_read_the_same_file_and_who_has_not(sitting: Sitting) -> None:
    own = sitting.desk.directory[POLICE].digest
    says(sitting, "core-1", own)
    says(sitting, "edge-1", own, how="ready, 1 connection")
    says(sitting, "edge-2", "2-0123456789ab")
    says(sitting, "edge-5", "0123456789ab")
    says(sitting, "edge-3", own, now() - timedelta(minutes=3))
    says(sitting, "edge-4", own, now() - timedelta(days=3))
    async with sitting.as_("operations") as client:
        said = text(await client.get(PAGE))
    assert "○ core-1 has read the same" in said
    assert "○ edge-1 has read the same; ready, 1 connection" in said
    assert "▲ edge-2 has read another file: 2-0123456789ab" in said
    assert "● edge-5 is of another version: its digest cannot be compared" in said
    assert re.search(rf"● edge-3 has read the same; last heard of {MOMENT}", said)
    assert "edge-4" not in said


async def test_who_may_has_it_tested_and_reads_what_was_found(sitting: Sitting) -> None:
    async with sitting.as_("manager") as client:
        done = text(await post(client, PAGE, f"{PAGE}/test"))
        test = sitting.one("select test_id from partner_state where partner = :p", p=POLICE)
        meta = {"partner": POLICE, "edge": "1", "test": test, "reached": False}
        words = meta | {"found": "not now: connection refused"}
        sitting.bench.do(lambda work: record_probed(work, words))
        after = text(await client.get(PAGE))
        again = text(await post(client, PAGE, f"{PAGE}/test"))
    assert "✓ Done. Asked: the edge that speaks with it tries now" in done
    assert "Asked by J. Ahmed, duty manager" in done
    assert "has not answered so far" in done
    assert re.search(rf"▲ Not now: connection refused , {MOMENT} .* asked by J. Ahmed", after)
    assert "Not done. It was tested a moment ago" in again


async def test_a_test_that_no_edge_answers_says_so(sitting: Sitting) -> None:
    act(sitting.bench, "partner.tested", POLICE, at=now() - timedelta(minutes=2))
    async with sitting.as_("manager") as client:
        said = text(await client.get(PAGE))
    assert "No edge answered the test that Aisling Example, team worker asked for" in said


@pytest.mark.parametrize(
    ("short", "pauses", "tests"),
    [("manager", 0, 1), ("operations", 1, 1), ("auditor", 0, 0), ("administrator", 1, 1)],
)
async def test_a_button_stands_only_where_it_may_be_pressed(
    sitting: Sitting, short: str, pauses: int, tests: int
) -> None:
    async with sitting.as_(short) as client:
        page = await client.get(PAGE)
        inbox = await client.get(f"/partners/{EAST}")
        refused = await post(client, "/", f"{PAGE}/pause", reason="because", version=1)
        asked = await post(client, "/", f"{PAGE}/test")
    assert page.text.count(f"{PAGE}/pause") == pauses
    assert page.text.count(f"{PAGE}/test") == tests
    assert "/test" not in inbox.text, "there is nothing to open towards who collects"
    assert refused.status_code == (200 if pauses else 403)
    assert asked.status_code == (200 if tests else 403)


async def test_who_paused_it_and_why_stand_there_until_it_goes_on(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        await post(client, PAGE, f"{PAGE}/pause", reason="their upgrade", version=1)
        paused = text(await client.get(PAGE))
        stale = text(await post(client, PAGE, f"{PAGE}/resume", reason="done", version=1))
        resumed = text(await post(client, PAGE, f"{PAGE}/resume", reason="done", version=2))
    assert re.search(rf"Paused by O. Penhaligon, operations, {MOMENT} .*: their upgrade", paused)
    assert "Not done. It was paused by O. Penhaligon, operations since you looked" in stale
    assert "✓ Done. Resumed" in resumed


async def test_when_it_is_tried_again_is_told_in_the_time_of_people(sitting: Sitting) -> None:
    soon = now() + timedelta(minutes=7)
    with sitting.bench.engine.begin() as conn:
        sql = "update partner_state set next_probe_at = :at where partner = :p"
        run(conn, sql, at=soon, p=POLICE)
    async with sitting.as_("operations") as client:
        said = text(await client.get(PAGE))
    assert f"2 deliveries waiting; next try {london(soon):%H:%M}" in said


def test_a_call_sheet_is_nothing_to_collect(sitting: Sitting) -> None:
    """Whoever reads that 375 are ready to collect waits for a system; somebody must ring."""
    police = sitting.desk.directory[POLICE]
    read = Standing(State(POLICE), Waiting(POLICE, to_ring=3), Traffic(), Tallied(POLICE))
    line = partner_line(police, read, now())
    assert line.mood is Mood.SOON
    assert line.parts == ("3 call sheets are open: somebody must ring",)


def test_an_answer_says_its_number_once() -> None:
    assert answer_of("422", "422 Unprocessable Entity") == "422 Unprocessable Entity"
    assert answer_of("AR", "no such ward") == "AR no such ward"
    assert answer_of("AA", "") == "AA"
    assert answer_of("", "") == ""
