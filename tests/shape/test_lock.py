"""The locks are what pyproject.toml asks for, to the byte."""

import re
import shutil
from pathlib import Path

import pytest

from deploy.lock import LOCKS, lock
from tests.shape.files import ROOT

_PIN = re.compile(r"^([\w.-]+)==(\S+)", re.M)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_made_again_is_the_same(name: str, tmp_path: Path) -> None:
    again = tmp_path / "again.lock"
    shutil.copy(ROOT / name, again)
    done = lock(name, again)
    assert done.returncode == 0, f"locking needs the package index, which said:\n{done.stderr}"
    assert again.read_bytes() == (ROOT / name).read_bytes(), f"{name} is out of date: run make lock"


def test_every_pin_has_hashes_and_one_version() -> None:
    pins: dict[str, set[str]] = {}
    for name in LOCKS:
        text = (ROOT / name).read_text()
        for package, version in _PIN.findall(text):
            pins.setdefault(package, set()).add(version)
        blocks = re.split(r"\n(?=[\w.-]+==)", text.strip())
        assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert {package: found for package, found in pins.items() if len(found) > 1} == {}
