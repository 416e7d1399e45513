"""A partner's day is a chart that tells exact values and times, and without scripts it is all there in words."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.clock import london, now
from hub.ledger.write import run
from tests.kit.browser import enter
from tests.kit.desk import Sitting, engine_that_is_away
from tests.kit.seed import HOSPITAL, NORTH, Evening

pytestmark = pytest.mark.browser


def drawn(page: Page, where: str) -> None:
    page.goto(where)
    expect(page.locator("#charts[data-drawn]")).to_be_visible()


def test_pointing_at_it_tells_the_exact_values_and_the_time(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, timezone_id="Asia/Tokyo")
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    enter(page, address, "operations")
    drawn(page, f"{address}/partners/{HOSPITAL}")
    rows = page.evaluate(
        "[...document.querySelectorAll('#figures tr[data-at]')].map(r => [Number(r.dataset.at),"
        " Number(r.cells[1].textContent)])"
    )
    came = rows[0][1]
    begin = int(page.locator("#charts").get_attribute("data-begin") or 0)
    over = page.locator("#charts .u-over").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    for slot in range(97):
        page.mouse.move(box["x"] + box["width"] * (slot + 0.2) / 96, box["y"] + 60)
        told = page.locator("#charts .u-legend").first.inner_text()
        if int(re.search(r"In \(bars\)\s*(\d*)", told).group(1) or 0) == came:  # type: ignore[union-attr]
            break
    else:
        pytest.fail("no slot tells what the table says")
    hour = london(now().fromtimestamp(begin, now().tzinfo))
    times = re.search(r"(\w{3}),? (\d\d:\d\d) to (\d\d:\d\d)", told)
    assert times is not None, told
    assert times.group(2)[3:] in ("00", "15", "30", "45")
    assert hour.minute % 15 == 0
    slots = {
        f"{london(now().fromtimestamp(at, now().tzinfo)):%H:%M}" for at, n in rows if n == came
    }
    assert times.group(2) in slots, "in the time of England, wherever the browser is"
    assert wrong == []
    page.close()


def test_how_long_it_took_is_drawn_only_where_anything_was_delivered(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    drawn(page, f"{address}/partners/{HOSPITAL}")
    assert page.locator("#charts .uplot:visible").count() == 1
    drawn(page, f"{address}/partners/{NORTH}")
    # Something waits for it: how much, and how long the oldest.
    assert page.locator("#charts .uplot:visible").count() == 4
    page.close()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_it_fits_and_follows_the_width(
    browser: Browser, address: str, sitting: Sitting, width: int
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 700})
    enter(page, address, "operations")
    drawn(page, f"{address}/partners/{NORTH}")
    page.set_viewport_size({"width": width, "height": 700})
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    chart = page.locator("#charts .uplot").first.bounding_box()
    assert chart is not None
    assert width * 0.6 < chart["width"] <= width
    page.close()


def test_a_chart_follows_what_happens_without_the_page_being_loaded_again(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    drawn(page, f"{address}/partners/{HOSPITAL}")
    page.evaluate("window.same = true")
    canvas = page.locator("#charts canvas").first
    before = canvas.evaluate("drawing => drawing.toDataURL()")
    with sitting.bench.engine.begin() as conn:
        sql = "update message set recorded_at = :at where partner = :p"
        run(conn, sql, at=now() - timedelta(minutes=1), p=HOSPITAL)
        run(conn, "insert into \"offset\" values ('flows.health', 0, 'c', 99, 'core-1')")
    expect(page.locator("#figures tr[data-at]")).to_have_count(1, timeout=2000)
    page.wait_for_timeout(100)
    assert canvas.evaluate("drawing => drawing.toDataURL()") != before
    assert page.evaluate("window.same") is True
    page.close()


def test_without_scripts_its_day_is_bars_and_a_table(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enter(page, address, "operations")
    page.goto(f"{address}/partners/{HOSPITAL}")
    expect(page.get_by_role("img", name=re.compile("12 in, 0 delivered")).first).to_be_visible()
    page.get_by_text("The figures, by quarter hours").click()
    assert page.locator("#figures tr[data-at]:visible").count() == 12
    page.get_by_role("button", name="Test: open a connection, send nothing").click()
    expect(page.get_by_text("Asked: the edge that speaks with it tries now")).to_be_visible()
    context.close()


def test_the_keyboard_alone_pauses_a_partner(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    drawn(page, f"{address}/partners/{NORTH}")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Pause it":
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("their upgrade")
    page.keyboard.press("Enter")
    expect(page.locator("#pause")).to_contain_text("Paused by O. Penhaligon, operations")
    expect(page.locator("#pause")).to_contain_text("their upgrade")
    page.close()


def test_a_page_whose_ledger_does_not_answer_says_as_of_when_it_is(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    expect(page.locator("#glance")).to_contain_text("wait for you")
    object.__setattr__(sitting.desk, "ledger", engine_that_is_away())
    page.evaluate("window.dispatchEvent(new Event('online'))")
    stale = page.locator("#stale")
    expect(stale).to_contain_text("the ledger does not answer", timeout=5000)
    assert re.search(r"As of \d\d:\d\d:\d\d", stale.inner_text())
    expect(page.locator("#waiting")).to_contain_text("EDT-0417")
    page.close()


def test_the_first_page_hears_within_a_second_that_something_waits_no_more(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    teams = page.locator(".teams")
    expect(teams).to_contain_text("Assessment team east")
    row = teams.locator("tr", has_text="Assessment team east")
    before = int(row.locator("td").first.inner_text())
    page.wait_for_timeout(400)
    Evening(sitting.bench, now()).acts(
        "handover.answered", sitting.id_of("EDT-0418"), ("K. Osei", "team_worker"), 0,
        answer="accepted",
    )  # fmt: skip
    expect(row.locator("td").first).to_have_text(str(before - 1), timeout=1000)
    page.close()


@pytest.mark.parametrize("width", [1280, 320])
def test_last_words_stand_one_under_the_other(
    browser: Browser, address: str, sitting: Sitting, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    enter(page, address, "operations")
    page.goto(f"{address}/partners/{HOSPITAL}")
    lefts = page.eval_on_selector_all(
        ".words > div:first-child dd", "all => all.map(one => one.getBoundingClientRect().left)"
    )
    assert len(lefts) >= 3
    assert len(set(lefts)) == 1
    gap = "() => document.querySelector('footer').getBoundingClientRect().top"
    gap += " - document.querySelector('main').lastElementChild.getBoundingClientRect().bottom"
    assert page.evaluate(gap) > 20
    page.close()
