"""Whoever forces colours, enlarges, or spreads the letters reads and presses everything there is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.clock import now
from tests.kit.browser import enter
from tests.kit.desk import Sitting
from tests.kit.seed import Evening
from tests.kit.shown import shown

pytestmark = pytest.mark.browser

SPREAD = """
* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-bottom: 2em !important; }
"""
"""What a reader may ask for without losing anything (WCAG 2.2, 1.4.12)."""

LOST = """
() => [
  ...(document.documentElement.scrollWidth > innerWidth ? ["the page goes beyond the window"] : []),
  ...[...document.querySelectorAll("main *, header *")].filter((one) => {
    const style = getComputedStyle(one);
    const cut = ["hidden", "clip"].includes(style.overflowX) || ["hidden", "clip"].includes(style.overflowY);
    return cut && one.checkVisibility() && one.getBoundingClientRect().width > 1
      && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
      && !one.closest("svg, .uplot, input, textarea");
  }).map((one) => `cut: ${one.outerHTML.slice(0, 80)}`),
]
"""

BARE = """
() => [...document.querySelectorAll("button, .button, input:not([type=hidden]), select, textarea")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 1)
  .filter((one) => !["checkbox", "radio"].includes(one.type))
  .filter((one) => getComputedStyle(one).borderTopStyle === "none" || !parseFloat(getComputedStyle(one).borderTopWidth))
  .map((one) => one.outerHTML.slice(0, 80))
"""
"""What is pressed or filled in and has no edge: colours alone would tell it from the page."""

BROKEN = """
() => [...document.querySelectorAll("th")].flatMap((one) =>
  [...one.childNodes].filter((each) => each.nodeType === 3).flatMap((each) =>
    [...each.data.matchAll(/[^\\s-]+/g)].filter((word) => {
      const range = document.createRange();
      range.setStart(each, word.index);
      range.setEnd(each, word.index + word[0].length);
      return new Set([...range.getClientRects()].map((line) => line.top)).size > 1;
    }).map((word) => word[0])))
"""
"""Words above or beside the figures of a table that go on in another line."""


def everywhere(page: Page, address: str, sitting: Sitting) -> Iterator[str]:
    """Each page of a duty manager and of operations, with all that it folds away unfolded."""
    for short in ("manager", "operations"):
        page.context.clear_cookies()
        enter(page, address, short)
        for name, path in shown(sitting.bench)[short].items():
            page.goto(address + path)
            page.evaluate(
                "document.querySelectorAll('main details').forEach((one) => { one.open = true; })"
            )
            yield f"{short} {name}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [(640, 450), (320, 225)], ids=["200 %", "400 %"])
def test_enlarged_and_with_spread_letters_nothing_is_cut_or_beside_the_window(
    browser: Browser, address: str, sitting: Sitting, size: tuple[int, int]
) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    wrong = {}
    for name in everywhere(page, address, sitting):
        plain = page.evaluate(LOST)
        # As a reader's own style sheet: the page's policy lets no page bring one.
        page.evaluate(
            "(css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }",
            SPREAD,
        )
        if lost := plain + page.evaluate(LOST):
            wrong[name] = lost
    page.close()
    assert wrong == {}


@pytest.mark.timeout(300)
def test_in_forced_colours_what_is_pressed_has_an_edge_and_what_is_told_a_shape(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    context = browser.new_context(forced_colors="active", color_scheme="dark")
    page = context.new_page()
    wrong = {}
    for name in everywhere(page, address, sitting):
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        if bare := page.evaluate(BARE):
            wrong[name] = bare
    assert wrong == {}
    page.goto(f"{address}/")
    shapes = page.locator("main .shape")
    assert {one.strip() for one in shapes.all_inner_texts()} == {"○", "●", "▲"}
    page.goto(f"{address}/partners/assessment-north")
    canvas = page.locator("#charts canvas").first
    expect(canvas).to_be_visible()
    # On black ground what is drawn must be light.
    light = canvas.evaluate(
        "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".some((v, n, all) => n % 4 === 0 && v > 200 && all[n + 3] > 200)"
    )
    assert light, "the chart is drawn in colours that nobody sees"
    context.close()


def test_a_button_says_that_it_waits_and_is_not_pressed_twice(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    sitting.road.late = 1.2
    page = browser.new_page()
    enter(page, address, "manager")
    page.goto(f"{address}/message/{sitting.id_of('EDT-0417')}")
    # Pressed once more by the page itself: nothing is asked of a page that is about to go.
    page.evaluate(
        """() => addEventListener("submit", (event) => setTimeout(() => {
          const said = document.querySelector(".pressed");
          sessionStorage.said = `${said.getAttribute("role")}: ${said.textContent}`;
          event.target.querySelector("button").click();
        }, 200))"""
    )
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("Done", timeout=8000)
    assert page.evaluate("sessionStorage.said") == "status: ● Sent. Waiting for the answer…"
    acts = [one for one in sitting.road.published if one.kind == "handover.answered"]
    assert len(acts) == 1
    page.close()


def test_who_reads_content_sees_the_page_around_it_change(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    where = sitting.id_of("EDT-0418")
    page = browser.new_page()
    enter(page, address, "manager")
    page.goto(f"{address}/message/{where}")
    page.get_by_role("button", name="Open content").click()
    content = page.locator("#content dl").first
    expect(content).to_be_visible()
    page.wait_for_timeout(400)
    Evening(sitting.bench, now()).acts(
        "handover.answered", where, ("K. Osei", "team_worker"), 0, answer="accepted"
    )
    expect(page.locator("#custody")).to_contain_text("Accepted by K. Osei", timeout=1000)
    expect(content).to_be_visible()
    expect(page.locator("#stale")).to_be_hidden()
    page.close()


def test_a_page_that_is_not_theirs_any_more_says_so_instead_of_growing_old(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    page.goto(f"{address}/inbox")
    page.route("**/inbox", lambda route: route.fulfill(status=404, body="gone"))
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#stale")).to_contain_text("not shown to you any more", timeout=5000)
    page.unroute("**/inbox")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#stale")).to_be_hidden(timeout=5000)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(page.locator("#stale")).to_contain_text("this device has no network")
    page.close()


@pytest.mark.timeout(300)
def test_on_a_telephone_no_word_of_a_table_is_broken(
    sitting: Sitting, browser: Browser, address: str
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    broken = {where: page.evaluate(BROKEN) for where in everywhere(page, address, sitting)}
    assert {where: words for where, words in broken.items() if words} == {}
