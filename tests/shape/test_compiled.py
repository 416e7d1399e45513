"""A role starts from compiled modules: `make set-up` compiles them, whatever the environment says of writing."""

import importlib.util
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["pydantic.main", "sqlalchemy.orm", "fastapi.routing", "hub.cli"])
def test_what_a_role_imports_is_compiled(name: str) -> None:
    found = importlib.util.find_spec(name)
    assert found is not None and found.cached is not None
    assert Path(found.cached).read_bytes()[:4] == importlib.util.MAGIC_NUMBER
