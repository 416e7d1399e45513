"""Reading order is import order: the contracts of pyproject.toml are kept."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.shape.files import PACKAGES, ROOT


def test_the_contracts_are_kept() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(tool), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_who_judges_the_hub_from_outside_knows_nothing_of_its_code() -> None:
    """Neither the checker, nor the proxy, nor the peers, nor whatever they import."""
    seen, left = set(), ["tests.faults.storms.checker", "tests.faults.storms.proxy"]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        assert name.partition(".")[0] not in PACKAGES, f"{name} is imported"
        path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
        if path.exists():
            left += _imported(path)
    assert "tests.faults.crash.wards" in seen


def _imported(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return found
