"""A file is called after what it is in the trade, never after a drawer."""

from tests.shape.files import PACKAGES, modules, name

_DRAWERS = {"util", "helper", "manager", "service", "processor", "common", "misc"}


def test_no_file_is_a_drawer() -> None:
    wrong = [
        name(path)
        for path in modules(*PACKAGES, "tests", "deploy")
        if path.stem.split("_")[-1].rstrip("s") in _DRAWERS
    ]
    assert wrong == []
