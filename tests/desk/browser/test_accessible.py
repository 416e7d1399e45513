"""Every page keeps WCAG 2.2 AA by axe-core's judgement, wide and narrow, with all that it folds away unfolded."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.desk.browser.screens import shown
from tests.kit.browser import chromium, enter, serving
from tests.kit.desk import Sitting

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
WIDTHS = (1280, 320)
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def address(sitting: Sitting) -> Iterator[str]:
    with serving(sitting.desk) as found:
        yield found


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


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_breaks_a_rule(
    browser: Browser, address: str, sitting: Sitting, width: int
) -> None:
    found: dict[str, list[str]] = {}
    for short, pages in shown(sitting.bench).items():
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(f"{address}/sign-in")
        found["sign-in"] = wrong(page)
        enter(page, address, short)
        for name, path in pages.items():
            page.goto(address + path)
            found[f"{short} {name}"] = wrong(page)
        page.close()
    told = "\n".join(f"{name}: {one}" for name, many in found.items() for one in many)
    assert not told, told
