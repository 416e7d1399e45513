"""A connector never asks the machine for the time of day: it is handed a clock by whoever made it."""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's own time, for a connector that nobody handed a clock."""
    return datetime.now(UTC)
