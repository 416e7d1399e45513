"""A moment that a message names is one that every zone, calendar and database can hold."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

YEARS = range(1900, 2201)
"""Years that are read: in others an offset may lead out of what a calendar has."""


def _known(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"write a year between {YEARS.start} and {YEARS.stop - 1}")
    return moment


Instant = Annotated[AwareDatetime, AfterValidator(_known)]
"""A date and time with its offset."""
