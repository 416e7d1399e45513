"""A page comes over a telephone's connection at two in the morning: it weighs little, whatever it shows."""

from hub.desk.app import STATIC
from tests.kit.desk import Sitting
from tests.kit.shown import shown

MOST = 100 * 1024
"""Bytes of a page with all that it loads of ours."""


async def test_no_page_weighs_more_than_100_kb_with_all_that_it_loads(sitting: Sitting) -> None:
    loads = sum((STATIC / name).stat().st_size for name in ("desk.css", "live.js", "mark.svg"))
    heavy, seconds = {}, {}
    for short, pages in shown(sitting.bench).items():
        async with sitting.as_(short) as client:
            for name, path in pages.items():
                page = await client.get(path)
                weight = len(page.content) + loads
                seconds[f"{short} {name}"] = page.elapsed.total_seconds()
                if weight > MOST:
                    heavy[f"{short} {name}"] = weight
    slowest = max(seconds, key=lambda one: seconds[one])
    print(f"slowest page: {slowest}, {seconds[slowest] * 1000:.0f} ms")
    assert heavy == {}
