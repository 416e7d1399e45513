"""A moment that a message names is one that every zone, calendar and database can hold."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

YEARS = range(1900, 2201)
"""Years that are read: in others an offset may lead out of what a calendar has."""


_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}[Tt_ ]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _moment(written: Any) -> Any:
    """Refuses seconds since 1970, which are read as a moment otherwise and are more often a mistake."""
    if isinstance(written, datetime) or (isinstance(written, str) and _WRITTEN.match(written)):
        return written
    raise ValueError("write the date and time with its offset, as in 2026-11-23T19:30:00Z")


def _day(written: Any) -> Any:
    if isinstance(written, date) or (isinstance(written, str) and _DAY.fullmatch(written)):
        return written
    raise ValueError("write the date, as in 2026-11-23")


def _known(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"write a year between {YEARS.start} and {YEARS.stop - 1}")
    return moment


Instant = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_known)]
"""A date and time with its offset."""
Day = Annotated[date, BeforeValidator(_day)]
"""A date."""
