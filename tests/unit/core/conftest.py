"""Core's tests decide on a real ledger of each kind, without Kafka."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.partners import Partner
from tests.kit.site import Bench


@pytest.fixture
def ledger_url(ready_ledger_url: str) -> str:
    """A ledger of each kind, at our version."""
    return ready_ledger_url


@pytest.fixture
def bench(ledger_url: str, tmp_path: Path) -> Iterator[Bench]:
    """A core with the four usual partners."""
    made = Bench(ledger_url, tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def a_bench(ledger_url: str, tmp_path: Path) -> Iterator[Callable[[list[Partner]], Bench]]:
    """A core with partners of the test's own."""
    made: list[Bench] = []

    def make(partners: list[Partner]) -> Bench:
        made.append(Bench(ledger_url, tmp_path, partners))
        return made[-1]

    yield make
    for one in made:
        one.engine.dispose()
