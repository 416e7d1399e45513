"""While a page follows what happens, whoever uses it keeps the focus, the place, and what they fill in."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.clock import now
from hub.ledger.write import run
from tests.kit.browser import enter
from tests.kit.desk import Sitting
from tests.kit.seed import Evening

pytestmark = pytest.mark.browser

FOCUSED = (
    "() => document.activeElement.getAttribute('aria-label') || document.activeElement.localName"
)


def taken(sitting: Sitting, reference: str) -> None:
    """Somebody else accepts it."""
    Evening(sitting.bench, now()).acts(
        "handover.answered", sitting.id_of(reference), ("K. Osei", "team_worker"), 0,
        answer="accepted",
    )  # fmt: skip


def listening(page: Page, where: str) -> None:
    """The page is open, and hears of changes."""
    page.goto(where)
    page.wait_for_timeout(500)


def later(sitting: Sitting, minutes: int) -> None:
    """What came was said that much earlier, so that a time on a page changes."""
    with sitting.bench.engine.begin() as conn:
        for moved in ("message set occurred_at", "journey set opened_at"):
            run(conn, f"update {moved} = :at", at=now() - timedelta(minutes=minutes))


def asked(page: Page) -> None:
    """The page asks for itself anew, as it does every few seconds, and has its answer."""
    with page.expect_response(lambda one: one.request.headers.get("x-live") == "1"):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_timeout(150)


def test_the_focus_stays_on_its_row_while_rows_beside_it_go_and_times_move_on(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    listening(page, f"{address}/")
    button = page.locator("#waiting .button").last
    label = button.get_attribute("aria-label")
    button.focus()
    page.evaluate("window.kept = document.activeElement")
    later(sitting, 55)
    asked(page)
    expect(page.locator("#waiting")).to_contain_text("55 min ago")
    assert page.evaluate("document.activeElement === window.kept"), page.evaluate(FOCUSED)
    taken(sitting, "EDT-0418" if "EDT-0418" not in (label or "") else "EDT-0417")
    expect(page.locator("#holding, #late")).not_to_have_count(0)
    page.wait_for_timeout(1200)
    assert page.evaluate(FOCUSED) == label
    page.close()


def test_where_the_row_itself_goes_the_focus_goes_to_the_one_beside_it(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    listening(page, f"{address}/inbox")
    labels = page.locator("#waiting button").evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label'))"
    )
    gone = next(at for at, one in enumerate(labels) if one.startswith("Accept EDT-0418"))
    page.locator("#waiting button").nth(gone).focus()
    taken(sitting, "EDT-0418")
    expect(page.locator("#waiting")).not_to_contain_text("EDT-0418", timeout=2000)
    beside = labels[gone + 1] if gone + 1 < len(labels) else labels[gone - 1]
    assert page.evaluate(FOCUSED) == beside
    page.close()


def test_where_nothing_is_left_the_focus_stays_on_the_heading(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    listening(page, f"{address}/failed")
    page.locator("#failed .button").first.focus()
    with sitting.bench.engine.begin() as conn:
        run(conn, "update delivery set state = 'delivered' where state = 'needs_person'")
    asked(page)
    expect(page.locator("#failed")).to_contain_text("No delivery waits for a person")
    expect(page.locator("#h-failed")).to_be_focused()
    later(sitting, 50)
    asked(page)
    expect(page.locator("#h-failed")).to_be_focused()
    page.close()


def test_the_page_stays_where_it_was_scrolled_and_open_where_it_was_opened(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 250})
    enter(page, address, "manager")
    listening(page, f"{address}/inbox")
    row = page.locator("#ended h2")
    row.evaluate("(one) => one.scrollIntoView()")
    before = row.bounding_box()
    taken(sitting, "EDT-0418")
    expect(page.locator("#waiting")).not_to_contain_text("EDT-0418", timeout=2000)
    after = row.bounding_box()
    assert before and after
    assert abs(before["y"] - after["y"]) < 2
    listening(page, f"{address}/message/{sitting.id_of('EDT-0417')}")
    page.get_by_text("Ask a question instead").click()
    later(sitting, 70)
    asked(page)
    expect(page.locator(".lead")).to_contain_text("1 h 10 min ago")
    expect(page.get_by_label("What must be answered")).to_be_visible()
    page.close()


def test_only_what_is_filled_in_is_held_back_and_it_says_since_when(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "operations")
    listening(page, f"{address}/failed")
    tick = page.locator("input[name=delivery]").first
    tick.check()
    since = page.locator("#asof").inner_text()
    heading = page.locator("#h-failed").inner_text()
    partner = sitting.one(
        "select partner from delivery where delivery_id = :d", d=tick.input_value()
    )
    page.wait_for_timeout(1100)
    with sitting.bench.engine.begin() as conn:
        # Another one of the same kind stops, for the same cause.
        run(
            conn,
            "update delivery set state = 'needs_person',"
            " reason = (select reason from delivery where delivery_id = :d)"
            " where delivery_id = (select delivery_id from delivery where partner = :p and"
            " delivery_id <> :d and state <> 'needs_person' limit 1)",
            p=partner,
            d=tick.input_value(),
        )
    asked(page)
    assert page.locator("#h-failed").inner_text() != heading, "the count moves on"
    held = page.locator("form.group", has=page.locator("input:checked")).locator(".held")
    expect(held).to_contain_text(f"as of {since}")
    assert page.locator("#asof").inner_text() != since
    held.get_by_role("button").press("Enter")
    expect(page.locator(".held")).to_have_count(0)
    expect(tick).to_be_checked()
    assert page.evaluate("document.activeElement !== document.body")
    page.close()


def test_what_somebody_else_took_offers_no_button_any_more(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    listening(page, f"{address}/message/{sitting.id_of('EDT-0418')}")
    expect(page.get_by_role("button", name="Accept", exact=True)).to_be_visible()
    expect(page.locator(".lead")).to_contain_text("Due")
    taken(sitting, "EDT-0418")
    expect(page.locator("#custody")).to_contain_text("Accepted by K. Osei", timeout=1500)
    expect(page.get_by_role("button", name="Accept", exact=True)).to_have_count(0)
    expect(page.locator(".lead")).not_to_contain_text("Due")
    page.close()


def test_the_answer_to_what_they_did_stays_while_the_page_follows(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    page.goto(f"{address}/message/{sitting.id_of('EDT-0418')}")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#answer")).to_be_focused()
    asked(page)
    expect(page.locator("#answer")).to_contain_text("Done")
    expect(page.locator("#answer")).to_be_focused()
    page.close()


def test_the_clock_at_the_top_moves_with_the_page(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page()
    enter(page, address, "manager")
    listening(page, f"{address}/")
    page.evaluate("document.querySelector('.date').textContent = 'Mon 1 Jan 00:00'")
    asked(page)
    assert page.locator("#asof").inner_text()[:5] in page.locator(".date").inner_text()
    page.close()


def test_no_time_is_a_stop_of_the_keyboard_and_one_box_shows_them_all_in_full(
    browser: Browser, address: str, sitting: Sitting
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 600})
    enter(page, address, "manager")
    assert page.locator("time[tabindex]").count() == 0
    page.get_by_label("Show every time to the second").check()
    said = page.locator("main time").first.evaluate(
        "(one) => getComputedStyle(one, '::after').content"
    )
    assert "attr" in said or "GMT" in said or "BST" in said, said
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    asked(page)
    expect(page.get_by_label("Show every time to the second")).to_be_checked()
    page.close()
