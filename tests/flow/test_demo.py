"""The demo plays to its end, and every book agrees with every other."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("demo")
async def test_the_demo_ends_by_itself_with_all_books_agreeing() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
    playing = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub",
        "demo",
        "--once",
        cwd=ROOT,
        env=environment | {"COLUMNS": "120"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await playing.communicate()
    text = told.decode()
    assert playing.returncode == 0, text[-4000:]
    for proven in ("All agrees", "a conflict", "a call sheet opens", "the anonymous referrer"):
        assert proven in text
