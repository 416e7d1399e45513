"""A place in a list of messages, newest first, by which it is gone through page by page."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """What comes after it is older, or of the same instant and a smaller id."""

    at: datetime
    message_id: str
