"""Every command of `hub` leads somewhere, and is quick to say what there is."""

import ast
import importlib
import re
import subprocess
import sys

from tests.shape.files import ROOT, modules

_SLOW = {"hub.settings", "sqlalchemy", "aiokafka", "faststream", "fastapi", "pydantic"}


def test_every_command_that_calls_a_module_finds_it() -> None:
    wrong = []
    for path in modules("hub/commands", "hub"):
        if path.name != "cli.py" and path.parent.name != "commands":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name("call" | "ask"),
                    args=[ast.Constant(str(module)), ast.Constant(str(function)), *_],
                ):
                    if not _is_there(module, function):
                        wrong.append(f"{module}.{function}")
    assert wrong == []


def test_asking_for_help_imports_nothing_heavy() -> None:
    program = "import hub.cli, sys; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert _SLOW.intersection(loaded) == set()


def test_what_make_test_leaves_out_has_a_target_of_its_own() -> None:
    recipes = (ROOT / "Makefile").read_text()
    left_out = set(re.findall(r"--ignore (\S+)", recipes))
    assert left_out == set(re.findall(r"-m pytest (tests/\S+)", recipes))
    assert all(any((ROOT / path).glob("test_*.py")) for path in left_out)


def _is_there(module: str, function: str) -> bool:
    try:
        return callable(getattr(importlib.import_module(module), function, None))
    except ModuleNotFoundError:
        return False
