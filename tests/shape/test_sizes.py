"""A file can be read in one sitting."""

from statistics import median

from tests.shape.files import PACKAGES, lines, modules, name

CEILING = 400
MEDIAN = 120
TRIVIAL = 4
"""An `__init__.py` of one sentence says nothing about the size of files."""


def test_no_file_is_longer_than_the_ceiling() -> None:
    sizes = {name(path): lines(path) for path in modules(*PACKAGES, "tests", "deploy")}
    assert {path: size for path, size in sizes.items() if size > CEILING} == {}


def test_the_median_file_is_short() -> None:
    sizes = [size for path in modules(*PACKAGES) if (size := lines(path)) >= TRIVIAL]
    assert median(sizes) <= MEDIAN
