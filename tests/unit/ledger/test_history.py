"""What a message costs does not grow with what was delivered before it.

SQLite counts the steps of its own machine, so nothing depends on how fast this one is.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.core.settle import settle_receipts
from hub.partners import Receives, Role
from tests.kit.deeds import told
from tests.kit.people import an_attendance
from tests.kit.site import Bench, a_partner, an_arrival

HISTORY = 1_500
CHILDREN = 50


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    takes = (Receives(type="health.attendance"),)
    partners = [
        a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",)),
        a_partner("team", Role.ASSESSMENT_TEAM, receives=takes, order="partner", window=256),
    ]
    with closing(Bench(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path, partners)) as found:
        yield found


def record(bench: Bench, first: int, count: int) -> None:
    numbers = range(first, first + count)
    attended = [(n, an_attendance(n % CHILDREN)) for n in numbers]
    bench.record(
        *(an_arrival("health.attendance", body, reference=f"r{n}") for n, body in attended)
    )


def delivered(bench: Bench) -> None:
    receipts = [told(order) for order in bench.orders()]
    bench.do(lambda work: settle_receipts(work, "team", "edge-1", receipts))


def steps(bench: Bench, first: int) -> int:
    """Hundreds of steps that recording, handing out and settling one message take."""
    count = 0

    def one_more() -> int:
        nonlocal count
        count += 1
        return 0

    with bench.engine.connect() as conn:
        driver = conn.connection.driver_connection
    assert driver is not None
    driver.set_progress_handler(one_more, 100)
    record(bench, first, 1)
    delivered(bench)
    driver.set_progress_handler(None, 0)
    return count


def test_a_message_after_many_costs_what_the_first_ones_cost(bench: Bench) -> None:
    record(bench, 0, CHILDREN)
    delivered(bench)
    record(bench, CHILDREN, 1)
    early = steps(bench, CHILDREN + 1)
    for first in range(100, 100 + HISTORY, 100):
        record(bench, first, 100)
        delivered(bench)
    record(bench, 10_000, 1)
    assert early > 10
    assert steps(bench, 10_001) < 1.5 * early
