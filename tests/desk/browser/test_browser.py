"""In a real browser: with the keyboard alone, without scripts, on the narrowest phone, and live."""

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.clock import now
from tests.kit.browser import enter, serving
from tests.kit.desk import PASSWORD, Sitting
from tests.kit.seed import Evening

pytestmark = pytest.mark.browser

ROOMS = ("/", "/inbox", "/failed", "/calls", "/partners", "/partners/exemplar-police", "/incidents")


def test_the_keyboard_alone_accepts_a_handover(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("worker@desk.example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/inbox")
    for _ in range(60):
        page.keyboard.press("Tab")
        named = page.evaluate("document.activeElement.getAttribute('aria-label') || ''")
        if named.startswith("Accept EDT-0417"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Accepted by P. Lindqvist").first).to_be_visible()
    page.close()


def test_without_scripts_everything_but_live_works(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enter(page, address, "worker")
    page.get_by_role("link", name="EDT-0417").first.click()
    page.get_by_role("button", name="Open content").click()
    expect(page.get_by_text("Found outside after dark")).to_be_visible()
    page.get_by_text("Refuse, with a reason").click()
    page.get_by_label("Why not you?").fill("Moved to Hull")
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Refused by Assessment team east").first).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_scrolls_sideways_or_breaks_its_own_rules(
    browser: Browser, address: str, sitting: Sitting, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 700})
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    enter(page, address, "manager")
    message = f"/message/{sitting.id_of('S-2231')}"
    for path in (*ROOMS, message):
        page.goto(address + path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (path, wide)
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert wrong == [], "the content security policy stopped something of our own"
    page.close()


def test_an_open_page_shows_a_change_within_a_second(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page: Page = browser.new_page()
    enter(page, address, "manager")
    page.goto(f"{address}/inbox")
    expect(page.locator("#waiting")).to_contain_text("EDT-0418")
    page.wait_for_timeout(400)
    told = Evening(sitting.bench, now())
    told.acts(
        "handover.answered", sitting.id_of("EDT-0418"), ("K. Osei", "team_worker"), 0,
        answer="accepted",
    )  # fmt: skip
    began = time.monotonic()
    expect(page.locator("#held")).to_contain_text("Accepted by K. Osei", timeout=1000)
    assert time.monotonic() - began < 1.0
    page.close()


def test_what_somebody_types_is_not_taken_from_under_them(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    page.goto(f"{address}/failed")
    page.get_by_label("Why should they go again?").fill("They mended it")
    page.wait_for_timeout(400)
    told = Evening(sitting.bench, now())
    told.acts(
        "handover.answered", sitting.id_of("EDT-0418"), ("K. Osei", "team_worker"), 0,
        answer="accepted",
    )  # fmt: skip
    page.wait_for_timeout(900)
    expect(page.get_by_label("Why should they go again?")).to_have_value("They mended it")
    page.close()


def test_what_is_pasted_is_never_cut_unsaid(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    page.goto(f"{address}/failed")
    why = page.get_by_label("Why should they go again?")
    why.focus()
    page.evaluate(
        """() => {
          const held = new DataTransfer();
          held.setData("text/plain", "mended ".repeat(63));
          const told = { clipboardData: held, bubbles: true, cancelable: true };
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", told));
        }"""
    )
    expect(why).to_have_value("mended " * 63)
    expect(page.locator(".fits")).to_contain_text("441 characters are 41 too many: it takes 400")
    page.get_by_role("button", name="Try all").click()
    assert page.url == f"{address}/failed"
    why.fill("They mended it")
    expect(page.locator(".fits")).to_have_count(0)
    page.get_by_role("button", name="Try all").click()
    page.wait_for_url("**/redrives/**")
    page.close()


def test_a_page_whose_desk_is_gone_says_how_old_it_is(browser: Browser, sitting: Sitting) -> None:
    page = browser.new_page()
    with serving(sitting.desk) as address:
        enter(page, address, "manager")
        expect(page.locator("#waiting")).to_contain_text("EDT-0417")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#stale")).to_contain_text("the desk does not answer", timeout=5000)
    page.close()
