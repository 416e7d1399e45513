"""Every test here has a real browser, and a desk over the evening that listens."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.kit.browser import chromium, serving
from tests.kit.desk import Sitting


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def address(sitting: Sitting) -> Iterator[str]:
    with serving(sitting.desk) as found:
        yield found
