"""Pictures of every page at 1280 and 360 pixels: `python -m tests.desk.browser.screens FOLDER`.

Run with `HUB_CLOCKSHIFT_SECONDS` to show another hour of the day. `now.png`, `journey.png` and
`partner.png` are those of `deploy/desk`, which the README shows.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from hub import clock
from hub.desk.accounts.open import open_people
from hub.desk.counted import Counts
from hub.desk.desk import Desk
from hub.desk.live import Live
from hub.ledger.read.fetch import reading
from hub.ledger.session import open_ledger
from hub.settings import Settings
from tests.kit.browser import chromium, enter, serving
from tests.kit.desk import fill
from tests.kit.seed import POLICE, CoreRoad, partners
from tests.kit.shown import shown
from tests.kit.site import Bench

WIDTHS = (1280, 360)


def main(out: Path) -> None:
    """Draws them all."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        fill(folder, clock.now())
        bench = Bench(f"sqlite:///{folder / 'ledger.db'}", folder, partners())
        ledger = reading(open_ledger(f"sqlite:///{folder / 'ledger.db'}"))
        counts = Counts(ledger)
        desk = Desk(
            Settings(data=folder, site="Front Door Hub · Leeds"),
            bench.site.keys,
            bench.site.directory,
            bench.site.book,
            ledger,
            open_people(f"sqlite:///{folder / 'people.db'}"),
            CoreRoad(bench),
            counts,
            Live(ledger, counts),
        )
        with serving(desk) as address, chromium() as browser:
            _readme(browser, address, shown(bench)["manager"], out)
            for width in WIDTHS:
                for short, pages in shown(bench).items():
                    page = browser.new_page(viewport={"width": width, "height": 900})
                    page.goto(f"{address}/sign-in")
                    page.screenshot(path=out / f"{width}-sign-in.png", full_page=True)
                    enter(page, address, short)
                    for name, path in pages.items():
                        page.goto(address + path)
                        page.screenshot(path=out / f"{width}-{short}-{name}.png", full_page=True)
                    if short == "manager":
                        page.goto(address + pages["message"])
                        page.get_by_label("To act on it").check()
                        page.get_by_role("button", name="Open content").click()
                        page.screenshot(path=out / f"{width}-{short}-content.png", full_page=True)
                    page.close()


def _readme(browser: Browser, address: str, pages: dict[str, str], out: Path) -> None:
    page = browser.new_page(viewport={"width": 1080, "height": 900})
    enter(page, address, "manager")
    partner = f"/partners/{POLICE}"
    for name, path in (("now", pages["now"]), ("journey", pages["case"]), ("partner", partner)):
        page.goto(address + path)
        page.wait_for_timeout(300)
        page.screenshot(path=out / f"{name}.png")
    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
