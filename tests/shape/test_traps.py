"""Each trap that is written down has its cure and its test where the page says they are."""

import ast
import re

from tests.shape.files import ROOT

PAGE = ROOT / "deploy/decisions/traps-of-the-stack.md"
_ROW = re.compile(r"^\| (?!trap |---)(.+?) \| `(.+?)` \| `(.+?)::(.+?)` \|$", re.MULTILINE)


def test_every_cure_and_every_test_is_there() -> None:
    rows = _ROW.findall(PAGE.read_text())
    assert len(rows) == len(re.findall(r"^\| ", PAGE.read_text(), re.MULTILINE)) - 2
    wrong = [
        trap
        for trap, cure, file, test in rows
        if not (ROOT / cure).is_file() or test not in _tests_of(file)
    ]
    assert rows
    assert wrong == []


def test_every_test_of_a_trap_is_written_down() -> None:
    """Tests that are called after traps are about nothing else."""
    told = {(file, test) for _, _, file, test in _ROW.findall(PAGE.read_text())}
    flow = (ROOT / "tests/flow").glob("test_traps*.py")
    files = sorted(path.relative_to(ROOT).as_posix() for path in flow)
    missing = {(file, test) for file in files for test in _tests_of(file)} - told
    assert missing == set()


def _tests_of(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text()) if (ROOT / file).is_file() else ast.Module([], [])
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    return {name for name in names if name.startswith("test_")}
