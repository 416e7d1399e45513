"""Items come and go in a form in Chromium as without scripts, what was typed stays, and it is sent."""

import pytest
from playwright.sync_api import Browser, expect

from tests.kit.browser import enter
from tests.kit.desk import Sitting
from tests.kit.unreadable import csv, kept

pytestmark = pytest.mark.browser


@pytest.mark.timeout(300)
def test_an_item_is_added_another_taken_away_and_it_is_sent_without_scripts(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    enter(page, address, "manager")
    stopped = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    page.goto(f"{address}/delivery/{stopped}")
    page.get_by_role("button", name="Open it to correct it").click()
    page.get_by_label("Concern", exact=True).fill("Seen running on Weir Street")
    before = page.get_by_role("button", name="Take away Wanted").count()
    if not before:
        page.locator("summary", has_text="nothing so far").last.click()
    page.get_by_role("button", name="to Wanted").click()
    expect(page.get_by_label("Concern", exact=True)).to_have_value("Seen running on Weir Street")
    page.get_by_label("Wanted, new item 1").fill("Housing")
    page.get_by_role("button", name="to Wanted").click()
    page.get_by_label("Wanted, new item 2").fill("A slip")
    page.get_by_role("button", name="Take away Wanted, new item 2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Wanted, new item 1")).to_have_value("Housing")
    expect(page.get_by_label("Wanted, new item 2")).to_have_count(0)
    page.get_by_label("Why is it corrected?").fill("They differ in the hour")
    page.get_by_role("button", name="Show the change").click()
    expect(page.get_by_role("heading", name="2 fields change")).to_be_visible()
    expect(page.get_by_text("Housing")).to_be_visible()
    page.get_by_role("button", name="Send as new").click()
    expect(page.get_by_text("Sent as new, in its place")).to_be_visible()
    page.close()


@pytest.mark.timeout(300)
def test_enter_in_a_field_shows_the_change_and_presses_no_other_button(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    name = kept(sitting.bench, "contact-centre", csv(), "line 3 column Date")
    page.goto(f"{address}/parcel/{name}")
    page.get_by_role("button", name="Open it to correct it").click()
    text = page.get_by_label("The text")
    text.fill(text.input_value().replace("31/11/2026", "30/11/2026"))
    page.get_by_label("Why is it corrected?").fill("A slip, says the agent")
    page.get_by_role("button", name="Show the change").click()
    expect(page.get_by_text("It is read as 2 messages")).to_be_visible()
    page.get_by_role("button", name="Send as new").click()
    expect(page.get_by_text("Read, and sent on its way: 2 messages")).to_be_visible()
    stopped = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    page.goto(f"{address}/delivery/{stopped}")
    page.get_by_role("button", name="Open it to correct it").click()
    page.get_by_label("Proposed at").fill("24 November 2026 10:00")
    page.get_by_label("Why is it corrected?").fill("They differ in the hour")
    page.get_by_label("Proposed at").press("Enter")
    expect(page.get_by_role("heading", name="Is this what you mean to send?")).to_be_visible()
    page.close()
