"""A real browser looks at a desk that serves on a free port of this machine."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from hub.desk.desk import Desk
from tests.kit.desk import PASSWORD, around

CHROMIUM = os.environ.get("HUB_TEST_CHROMIUM") or "/usr/bin/chromium"


@contextmanager
def serving(desk: Desk) -> Iterator[str]:
    """The desk's address, for as long as the block runs."""
    with around(desk) as app:
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            server.force_exit = True
            thread.join(5)
            listening.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def enter(page: Page, address: str, short: str) -> None:
    """Signs somebody in, as they would."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(f"{short}@desk.example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")
