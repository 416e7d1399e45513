"""What stopped is grouped by its cause and counted whole; a cause is tried again in bulk, and seen to its end."""

import re

import pytest

from hub import clock
from hub.core import redrive as working
from hub.core.redrive import redrive
from hub.desk import acts
from hub.desk.pages import failed
from tests.kit.desk import Sitting, post, text, token

MANY = 14


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "WAIT", 0.2)


@pytest.fixture
def refusing(sitting: Sitting) -> Sitting:
    """The police's system has refused fourteen more, each with a number of its own."""
    with sitting.bench.engine.begin() as conn:
        found = conn.exec_driver_sql(
            "select delivery_id from delivery where state = 'needs_person'"
        ).fetchall()
        assert len(found) == 1
        template = found[0][0]
        columns = [row[1] for row in conn.exec_driver_sql("pragma table_info(delivery)")]
        copied = ", ".join(columns)
        for number in range(MANY):
            changed = {
                "delivery_id": f"'copy-{number:02}'",
                "lane": f"'copy-{number:02}'",
                "reference": f"'copy-{number:02}'",
                "changed_at": f"'2026-11-24 02:{number:02}:00.000000'",
                "reason": f"'E17 code {4711 + number} is not in our list'",
            }
            values = ", ".join(changed.get(name, name) for name in columns)
            conn.exec_driver_sql(
                f"insert into delivery ({copied}) select {values} from delivery"
                f" where delivery_id = '{template}'"
            )
        conn.exec_driver_sql(
            "update message set planned = planned + ? where message_id ="
            " (select message_id from delivery where delivery_id = ?)",
            (MANY, template),
        )
    return sitting


def key(page: str, cause: str = "E17") -> str:
    """The name of a cause, as its form carries it."""
    for form in page.split("<form")[1:]:
        if cause in form and (found := re.search(r'name="key" value="(\w+)"', form)):
            return found.group(1)
    raise AssertionError(f"no cause {cause}")


async def test_reasons_that_differ_in_a_number_are_one_cause_counted_whole(
    refusing: Sitting,
) -> None:
    async with refusing.as_("operations") as client:
        page = await client.get("/failed")
        said = text(page)
        assert "Deliveries that stopped (15)" in said
        assert "E17 code 4724 is not in our list (14)" in said, "in the words of the newest"
        assert said.count("is not in our list (") == 1
        assert "10 of 14 are shown" in said
        assert "unknown force area in the request (1)" in said
        assert "refuses it as it is. Ask them what is wrong" in said
        whole = await client.get(f"/failed/{key(page.text)}")
    assert "14 deliveries stopped for this cause. 1 to 14 are shown" in text(whole)
    assert whole.text.count('name="delivery"') == 14


async def test_a_long_cause_is_read_a_page_at_a_time(
    refusing: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed, "MANY", 8)
    async with refusing.as_("operations") as client:
        named = key((await client.get("/failed")).text)
        first, second = [await client.get(f"/failed/{named}?page={n}") for n in (1, 2)]
        gone = await client.get("/failed/0123456789abcdef")
    seen = [re.findall(r'name="delivery" value="([\w-]+)"', page.text) for page in (first, second)]
    assert [len(ids) for ids in seen] == [8, 6]
    assert not set(seen[0]) & set(seen[1])
    assert "The next ones" in first.text and "The ones before" in second.text
    assert "Nothing waits for this cause any more" in text(gone)


async def started(sitting: Sitting, client, which: str, **more: object):  # type: ignore[no-untyped-def]
    page = await client.get("/failed")
    fields = {"key": key(page.text), "which": which, "as_of": clock.now().isoformat()}
    data = fields | {"reason": "They took the codes in", "token": token(page.text)} | more
    return await client.post("/failed/retry", data=data, follow_redirects=True)


async def test_all_of_a_cause_go_again_and_the_page_says_how_far_it_is(
    refusing: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "PIECE", 5)
    async with refusing.as_("operations") as client:
        page = await started(refusing, client, "all")
        said = text(page)
        assert "14 deliveries to Exemplar Police, public protection, tried again" in said, said
        assert "O. Penhaligon, operations asked for it" in said
        assert "“They took the codes in”" in said
        assert '<progress max="14" value="0"' in page.text
        refusing.bench.do(redrive)
        page = await client.get(str(page.url))
        assert '<progress max="14" value="5"' in page.text
        assert "5 of 14 had their turn" in text(page)
    async with refusing.as_("manager") as client:
        # Another desk process, another person: all of it stands in the ledger.
        listed = text(await client.get("/failed"))
        assert "14 deliveries to Exemplar Police, public protection" in listed
        assert "“They took the codes in” 5 of 14 had their turn" in listed
        where = page.url.path
        nothing = await post(client, where, f"{where}/stop", reason="")
        assert nothing.status_code == 400
        done = await post(client, where, f"{where}/stop", reason="The codes came wrong")
        # The police are down: one of them may be out to find whether they answer again.
        assert re.search(r"✓ Done. Stopped: 1[34] do not go out", text(done))
        assert "J. Ahmed, duty manager stopped it" in text(done)
        assert "/stop" not in done.text
    for _ in range(3):
        refusing.bench.do(redrive)
    sql = "select count(*) from delivery where state = 'needs_person' and reason like 'E17%'"
    assert refusing.one(sql) == 9
    async with refusing.as_("manager") as client:
        said = text(await client.get(where))
        assert re.search(r"Stopped by J. Ahmed, duty manager at [01] of 14", said)
        cause = text(await client.get("/failed"))
        assert "stopped by J. Ahmed, duty manager before it went out again" in cause
        assert "Ask who stopped it whether it may go" in cause


async def test_the_bar_goes_on_until_each_is_delivered_or_stopped_again(refusing: Sitting) -> None:
    """All had their turn within seconds; what the partner takes, one at a time, is seen and stopped."""
    async with refusing.as_("operations") as client:
        page = await started(refusing, client, "all")
        where = page.url.path
        refusing.bench.do(redrive)
        page = await client.get(where)
        assert "All 14 had their turn" in text(page)
        assert '<progress max="14" value="0" aria-label="0 of 14 are through">' in page.text
        assert re.search(r"1[34] still wait in the queue", text(page))
        assert f"{where}/stop" in page.text, "there is something to stop still"
        with refusing.bench.engine.begin() as conn:
            conn.exec_driver_sql(
                "update delivery set version = version + 1, state = case"
                " when delivery_id < 'copy-03' then 'delivered'"
                " when delivery_id < 'copy-05' then 'needs_person' else 'under_way' end"
                " where delivery_id like 'copy-%'"
            )
        page = await client.get(where)
        assert "5 of 14 are through: 3 delivered, 2 stopped again" in text(page)
        assert "9 have gone out and are not answered so far" in text(page)
        assert f"{where}/stop" not in page.text, "all has gone out"


async def test_only_the_ticked_ones_and_none_without_a_reason(refusing: Sitting) -> None:
    async with refusing.as_("operations") as client:
        assert (await started(refusing, client, "chosen")).status_code == 400
        assert (await started(refusing, client, "all", reason=" ")).status_code == 400
        ticked = {"delivery": ["copy-03", "copy-05"]}
        page = await started(refusing, client, "chosen", **ticked)
        refusing.bench.do(redrive)
        page = await client.get(str(page.url))
    assert "All 2 had their turn" in text(page)
    sql = "select delivery_id from delivery where reason = 'They took the codes in' order by 1"
    assert [row[0] for row in refusing.bench.all(sql)] == ["copy-03", "copy-05"]


async def test_one_that_was_not_sent_again_is_named_with_its_reason(refusing: Sitting) -> None:
    async with refusing.as_("operations") as client:
        page = await started(refusing, client, "all")
        await post(client, "/failed", "/delivery/copy-07/abandon", reason="Sent on paper by hand")
        with refusing.bench.engine.begin() as conn:
            conn.exec_driver_sql(
                "update delivery set version = version + 1 where delivery_id = 'copy-07'"
            )
        refusing.bench.do(redrive)
        said = text(await client.get(str(page.url)))
    assert "Not sent again (1)" in said
    assert "It has changed since you looked" in said


async def test_who_may_not_try_again_sees_how_far_it_is_and_no_buttons(refusing: Sitting) -> None:
    async with refusing.as_("operations") as client:
        page = await started(refusing, client, "all")
    async with refusing.as_("auditor") as client:
        seen = await client.get(str(page.url.path))
        assert "0 of 14 had their turn" in text(seen)
        assert "/stop" not in seen.text
        assert "/failed/retry" not in re.sub(r"<form[^>]*>", "", seen.text)
        said = await post(client, "/failed", f"{page.url.path}/stop", reason="Not mine")
        assert said.status_code == 403
    async with refusing.as_("worker") as client:
        assert (await client.get(str(page.url.path))).status_code == 403


async def test_another_authority_starts_nothing_here_and_sees_nothing_of_it(
    refusing: Sitting,
) -> None:
    async with refusing.as_("manager") as client:
        page = await started(refusing, client, "all")
        named = key((await client.get("/failed")).text)
    async with refusing.as_("elsewhere") as client:
        assert (await client.get(str(page.url.path))).status_code == 404
        shown = await client.get("/failed")
        assert "E17" not in shown.text
        data = {
            "key": named, "which": "all", "as_of": clock.now().isoformat(),
            "reason": "Try it", "token": token(shown.text),
        }  # fmt: skip
        assert (await client.post("/failed/retry", data=data)).status_code == 409
    sent = [one for one in refusing.road.published if one.kind == "redrive.started"]
    assert len(sent) == 1 and sent[0].meta["body"]["authorities"] == ["383"]


async def test_before_the_ledger_has_it_the_page_says_so(refusing: Sitting) -> None:
    refusing.road.deaf = True
    async with refusing.as_("operations") as client:
        page = await started(refusing, client, "all")
    assert page.status_code == 200
    assert "Not confirmed" in text(page) and "Nothing is sent again so far" in text(page)
