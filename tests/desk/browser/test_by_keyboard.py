"""The main acts are done with the keyboard alone, and whoever does them sees where they are."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.core.redrive import redrive
from tests.kit.browser import enter
from tests.kit.desk import PASSWORD, Sitting

pytestmark = pytest.mark.browser

FOCUS = """
() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  return [
    (one.textContent || one.getAttribute("aria-label") || one.name || "").trim(),
    style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    box.bottom > 0 && box.top < innerHeight && [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5]].some(([x, y]) => {
      const there = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
      return one.contains(there) || there?.contains(one);
    }),
  ];
}
"""


def tab_to(page: Page, words: str, most: int = 120) -> None:
    """Presses Tab until what has the focus says that; every stop is seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        said, outlined, in_sight = page.evaluate(FOCUS)
        assert outlined and in_sight, f"nobody sees that the focus is on {said[:60]!r}"
        if words in said:
            return
    raise AssertionError(f"no way to {words!r} with the keyboard")


def test_sign_in_and_try_a_cause_again(browser: Browser, address: str, sitting: Sitting) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/sign-in")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)[0] == "Skip to what matters", "the first stop leads past the rooms"
    page.keyboard.press("Enter")
    tab_to(page, "email")
    page.keyboard.type("operations@desk.example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    tab_to(page, "Failed and unread")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/failed")
    tab_to(page, "reason")
    page.keyboard.type("They mended their list")
    tab_to(page, "Try all")
    page.keyboard.press("Enter")
    page.wait_for_url("**/redrives/**")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("They mended their list").first).to_be_visible()
    sitting.bench.do(redrive)
    expect(page.get_by_text("All 1 had their turn")).to_be_visible(timeout=5000)
    page.close()


def test_find_the_late_handover_read_it_and_take_it(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    """What a duty manager does at night, from the door to the answer, without a mouse."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/sign-in")
    tab_to(page, "email")
    page.keyboard.type("manager@desk.example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    tab_to(page, "q")
    page.keyboard.type("late handover to assessment team east")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?q=**")
    tab_to(page, "EDT-0417")
    page.keyboard.press("Enter")
    page.wait_for_url("**/message/**")
    tab_to(page, "why")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.value") == "to act on it"
    tab_to(page, "Open content")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Found outside after dark")).to_be_visible()
    tab_to(page, "Back to your answer")
    page.keyboard.press("Enter")
    tab_to(page, "Accept")
    page.keyboard.press("Enter")
    answer = page.locator("#answer")
    expect(answer).to_contain_text("Done")
    expect(answer).to_be_focused()
    expect(page.locator("#custody")).to_contain_text("Accepted by J. Ahmed, duty manager")
    page.close()


def test_a_change_asks_nobody_to_bear_motion_and_print_shows_every_try(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    page.emulate_media(reduced_motion="reduce")
    enter(page, address, "manager")
    page.goto(f"{address}/message/{sitting.id_of('S-2231')}")
    main = page.locator("main")
    main.evaluate("(one) => one.classList.add('changed')")
    assert main.evaluate("(one) => getComputedStyle(one).animationName") == "none"
    tries = page.locator("details.tries ol").first
    expect(tries).not_to_be_visible()
    page.emulate_media(media="print")
    expect(tries).to_be_visible()
    expect(page.get_by_role("navigation", name="Rooms")).not_to_be_visible()
    expect(page.get_by_role("button", name="Open content")).not_to_be_visible()
    page.close()


def test_a_printed_journey_says_of_every_time_on_which_day_it_was(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    page.goto(f"{address}/message/{sitting.id_of('S-2231')}")
    page.emulate_media(media="print")
    printed = page.locator("main time").evaluate_all(
        "all => all.map(one => [getComputedStyle(one, '::before').content,"
        " getComputedStyle(one).fontSize])"
    )
    assert len(printed) > 3
    for said, size in printed:
        assert re.search(r"\w+day \d+ \w+ \d{4}, \d\d:\d\d(:\d\d)? (GMT|BST)", said), said
        assert size == "0px", "what is short for today is not printed beside it"
    page.close()


def test_the_menu_under_the_name_closes_by_escape_and_by_going_elsewhere(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    name = page.locator("details.me summary")
    leave = page.get_by_role("button", name="Sign out")
    name.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(leave).to_be_focused()
    page.keyboard.press("Escape")
    expect(leave).not_to_be_visible()
    expect(name).to_be_focused()
    name.click()
    expect(leave).to_be_visible()
    page.mouse.click(600, 600)
    expect(leave).not_to_be_visible()
    page.close()
