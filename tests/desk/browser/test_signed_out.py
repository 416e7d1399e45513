"""Nobody's sign-in ends unawares, and what they typed does not end with it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.kit.browser import enter
from tests.kit.desk import PASSWORD, Sitting

pytestmark = pytest.mark.browser


def looked_at(page: Page) -> None:
    """Somebody comes back to the page: it asks how long the sign-in lasts."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_before_it_ends_the_page_says_so_and_the_keyboard_keeps_it(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    stopped = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    page.goto(f"{address}/delivery/{stopped}")
    page.get_by_label("Why should it go again?").fill("They mended it")
    sitting.seconds[0] += 28 * 60
    looked_at(page)
    told = page.get_by_role("status").filter(has_text="Your sign-in ends at")
    expect(told).to_be_visible()
    expect(page.get_by_label("Why should it go again?")).to_be_focused()
    stay = page.get_by_role("button", name="Stay signed in")
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if stay.evaluate("(one) => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("You stay signed in")).to_be_visible()
    sitting.seconds[0] += 20 * 60
    expect(page.get_by_label("Why should it go again?")).to_have_value("They mended it")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#answer")).to_contain_text("Done")
    page.close()


def test_a_correction_outlives_the_sign_in_without_scripts(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    enter(page, address, "manager")
    stopped = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    page.goto(f"{address}/delivery/{stopped}")
    page.get_by_role("button", name="Open it to correct it").click()
    page.get_by_label("Concern", exact=True).fill("Seen running on Weir Street\nand back")
    page.get_by_label("Why is it corrected?").fill("They differ in the street")
    sitting.seconds[0] += 31 * 60
    page.get_by_role("button", name="Show the change").click()
    expect(page.get_by_text("so the button you pressed did nothing")).to_be_visible()
    page.get_by_label("E-mail address").fill("manager@desk.example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Go on with your correction").click()
    concern = page.get_by_label("Concern", exact=True)
    expect(concern).to_have_value("Seen running on Weir Street\nand back")
    expect(page.get_by_label("Why is it corrected?")).to_have_value("They differ in the street")
    page.get_by_role("button", name="Show the change").click()
    expect(page.get_by_role("heading", name="1 field changes")).to_be_visible()
    page.close()


def test_an_open_page_says_that_one_signed_out_beside_it_by_the_hubs_clock(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    context = browser.new_context()
    page, beside = context.new_page(), context.new_page()
    enter(page, address, "manager")
    # This device's clock is hours off.
    page.clock.install(time=0)
    page.goto(f"{address}/inbox")
    asof = page.locator("#asof").inner_text()
    beside.goto(f"{address}/")
    beside.locator("details.me summary").click()
    beside.get_by_role("button", name="Sign out").click()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#stale")).to_contain_text("you are signed out")
    assert "Load the page" not in page.locator("#stale").inner_text()
    assert page.locator("#stale").inner_text().startswith(f"▲ As of {asof}")
    page.locator("#waiting button").first.click()
    expect(page.get_by_text("so the button you pressed did nothing")).to_be_visible()
    context.close()
