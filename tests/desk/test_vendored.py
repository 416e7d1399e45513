"""What others wrote is served as they made it, of the version and under the licence that are named beside it."""

import hashlib
import re

import pytest

from hub.desk.app import STATIC
from tests.kit.desk import Sitting

VENDOR = STATIC / "vendor"
NAMED = re.findall(
    r"^\| `([^`]+)` .*\| ([\d.]+) \|.*\| ([0-9a-f]{64}) \|$",
    (VENDOR / "README.md").read_text(),
    re.M,
)


@pytest.mark.parametrize(("name", "version", "digest"), NAMED, ids=[name for name, *_ in NAMED])
def test_it_is_unchanged(name: str, version: str, digest: str) -> None:
    content = (VENDOR / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest
    if name.endswith(".js"):
        assert f"(v{version})".encode() in content[:100]
    assert b"http" not in re.sub(rb"^/\*!.*?\*/", b"", content), "nothing is fetched from elsewhere"


def test_everything_is_named() -> None:
    licences = {"uPlot.LICENSE"}
    there = {path.name for path in VENDOR.iterdir()} - {"README.md"}
    assert there == {name for name, *_ in NAMED} | licences
    assert "MIT License" in (VENDOR / "uPlot.LICENSE").read_text()


async def test_only_the_page_that_draws_loads_it(sitting: Sitting) -> None:
    async with sitting.as_("operations") as client:
        for path in ("/", "/partners", "/failed", "/incidents"):
            assert "vendor" not in (await client.get(path)).text, path
        page = await client.get("/partners/exemplar-police")
        assert page.text.count("/static/vendor/") == 2
        for where in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert (await client.get(where)).status_code == 200, where
        assert "unsafe" not in page.headers["content-security-policy"]
