"""Every test of the desk may ask for a `sitting`: a desk over a seeded evening."""

from tests.kit.desk import filled, sitting

__all__ = ["filled", "sitting"]
