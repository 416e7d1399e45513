"""How long every page takes, what it weighs and what it asks, on a seeded evening: `python -m tests.load.pages`.

In the process that asks, without a network between. It judges nothing: times are those of a machine
that may have other things to do.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from hub import clock
from tests.kit.desk import fill, seated
from tests.kit.shown import shown
from tests.kit.weight import MOST, statements, weight
from tests.load.measure import percentile

TIMES = 30
SLOW = 100
"""Milliseconds that a page should keep within."""
_UNHURRIED = 3
"""First readings, which fill caches."""


async def main(folder: Path) -> None:
    """Prints a line for every page that somebody of the evening looks at."""
    fill(folder, clock.now())
    ledger, people = (f"sqlite:///{folder / name}" for name in ("ledger.db", "people.db"))
    print(f"{'who':14} {'page':12} {'p50 ms':>8} {'p95 ms':>8} {'KB':>6} {'asked':>6}")
    with seated(folder, ledger, ledger, people) as sitting:
        for short, pages in shown(sitting.bench).items():
            async with sitting.as_(short) as client:
                for name, path in pages.items():
                    took = []
                    for _ in range(TIMES + _UNHURRIED):
                        began = time.perf_counter_ns()
                        with statements() as asked:
                            page = await client.get(path)
                        took.append(time.perf_counter_ns() - began)
                    half, most = (percentile(took[_UNHURRIED:], share) for share in (50, 95))
                    mark = " ▲" if most > SLOW or weight(page) > MOST else ""
                    print(
                        f"{short:14} {name:12} {half:8.1f} {most:8.1f}"
                        f" {weight(page) / 1024:6.1f} {len(asked):6}{mark}"
                    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(main(Path(made)))
