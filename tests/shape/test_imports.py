"""Reading order is import order: the contracts of pyproject.toml are kept."""

import subprocess
import sys
from pathlib import Path

from tests.shape.files import ROOT


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
