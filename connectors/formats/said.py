"""A disclosed body is JSON with gaps; what a gap hides is never asked for, only whether a value is there."""

from datetime import datetime
from typing import Any


def value(field: Any) -> Any:
    """The value of a three-valued field, or None where it has none or was withheld."""
    if isinstance(field, dict) and set(field) == {"value"}:
        return field["value"]
    return None if field in ("not_known", "not_asked") else field


def moment(field: Any) -> datetime | None:
    """An instant, as JSON or as Python has it."""
    return datetime.fromisoformat(field) if isinstance(field, str) else field
