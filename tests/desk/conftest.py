"""Every test of the desk may ask for a `sitting`: a desk over a seeded evening."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.kit.desk import evenings, filled, sitting

__all__ = ["evenings", "filled", "logged", "sitting"]


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[object]]:
    """What the desk logged in this test."""
    with capture_logs() as lines:
        yield lines  # type: ignore[misc]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two heavy tests share the processors, a page is late, and not wrong: its test waits for it."""
    monkeypatch.setattr("hub.desk.patience.LONGEST", 60.0)


@pytest.fixture
def ledger_url(ready_ledger_url: str) -> str:
    """A ledger of each kind, at our version."""
    return ready_ledger_url
