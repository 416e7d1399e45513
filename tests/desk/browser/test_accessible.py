"""Every page keeps WCAG 2.2 AA by axe-core's judgement, wide and narrow, with all that it folds away unfolded."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.kit.browser import enter
from tests.kit.desk import Sitting
from tests.kit.shown import shown
from tests.kit.unreadable import csv, kept

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
WIDTHS = (1280, 320)
WHO = ("manager", "operations", "auditor", "administrator", "edt", "police")
TARGET = 24
"""CSS pixels of the least side of anything that is pressed (WCAG 2.2, 2.5.8)."""

SMALL = """
(least) => [...document.querySelectorAll("button, .button, summary, select, input:not([type=hidden]), nav a")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.closest("label") ?? one, one])
  .map(([box, one]) => [box.getBoundingClientRect(), one])
  .filter(([box]) => box.width > 1 && (box.width < least || box.height < least))
  .map(([box, one]) => `${one.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)
"""


def wrong(page: Page) -> list[str]:
    """What is wrong on the page as it stands, in a line each."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = Axe().run(page, options=RULES).response["violations"]
    told = [
        f"{one['id']}: {node['html'][:120]} ({node['failureSummary'].splitlines()[-1].strip()[:140]})"
        for one in found
        for node in one["nodes"][:3]
    ]
    told += [f"smaller than {TARGET} px: {one}" for one in page.evaluate(SMALL, TARGET)]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*told, f"{wide} px wider than its window"] if wide > 0 else told


def opened(page: Page, address: str, sitting: Sitting) -> dict[str, list[str]]:
    """What is wrong where content is open: read, compared, corrected, and refused."""
    found = {}
    page.goto(f"{address}/message/{sitting.id_of('EDT-0417')}")
    page.get_by_label("To act on it").check()
    page.get_by_role("button", name="Open content").click()
    found["content"] = wrong(page)
    two = "select message_id from message where conflict_of is not null"
    page.goto(f"{address}/message/{sitting.one(two)}")
    page.get_by_role("button", name="Compare the two").click()
    found["compared"] = wrong(page)
    stopped = sitting.one("select delivery_id from delivery where state = 'needs_person'")
    page.goto(f"{address}/delivery/{stopped}")
    page.get_by_role("button", name="Open it to correct it").click()
    found["correcting"] = wrong(page)
    for one in page.locator("button[value^='add:']").all()[:1]:
        one.click()
        found["an item added"] = wrong(page)
    page.get_by_label("Why is it corrected?").fill("They know it under another name")
    page.get_by_label("Proposed at").fill("next Friday")
    page.get_by_role("button", name="Show the change").click()
    found["mistaken"] = wrong(page)
    page.get_by_label("Proposed at").fill("2026-11-24T10:00:00Z")
    page.get_by_role("button", name="Show the change").click()
    found["the change"] = wrong(page)
    page.get_by_role("button", name="Send as new").click()
    found["replaced"] = wrong(page)
    name = kept(sitting.bench, "contact-centre", csv(), "line 3 column Date")
    page.goto(f"{address}/parcel/{name}")
    page.get_by_role("button", name="Open it to correct it").click()
    found["mending"] = wrong(page)
    text = page.get_by_label("The text")
    page.get_by_label("Why is it corrected?").fill("A slip, says the agent")
    page.get_by_role("button", name="Show the change").click()
    found["not mended"] = wrong(page)
    text.fill(text.input_value().replace("31/11/2026", "30/11/2026"))
    page.get_by_role("button", name="Show the change").click()
    found["what is mended"] = wrong(page)
    page.get_by_role("button", name="Send as new").click()
    found["mended"] = wrong(page)
    page.get_by_role("button", name="Compare the two").click()
    found["before and after"] = wrong(page)
    return found


def tried_again(page: Page, address: str) -> list[str]:
    """What is wrong where something is tried again in bulk."""
    page.goto(f"{address}/failed")
    page.get_by_label("Why should they go again?").first.fill("They mended it")
    page.get_by_role("button", name="Try all").first.click()
    return wrong(page)


def test_everybody_who_looks_is_asked(sitting: Sitting) -> None:
    assert set(WHO) == set(shown(sitting.bench))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("short", WHO)
def test_no_page_breaks_a_rule(
    browser: Browser, address: str, sitting: Sitting, width: int, short: str
) -> None:
    found: dict[str, list[str]] = {}
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}/sign-in")
    found["sign-in"] = wrong(page)
    enter(page, address, short)
    for name, path in shown(sitting.bench)[short].items():
        page.goto(address + path)
        found[name] = wrong(page)
    if short == "manager":
        found |= opened(page, address, sitting)
    if short == "operations":
        found["tried again"] = tried_again(page, address)
    page.close()
    told = "\n".join(f"{name}: {one}" for name, many in found.items() for one in many)
    assert not told, told
