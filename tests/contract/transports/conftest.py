"""Every way in which a transport's peer may behave is a test case of its own."""

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case for each outcome that the class under test declares."""
    if "behaviour" in metafunc.fixturenames and metafunc.cls is not None:
        metafunc.parametrize("behaviour", list(metafunc.cls.features.outcomes), ids=str)
