"""A time that a partner writes without a zone is London's, and of an hour that happens twice it is the first."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def instant(local: datetime) -> datetime:
    """The instant, in UTC, at which London's clocks first showed `local`."""
    return local.replace(tzinfo=LONDON, fold=0).astimezone(UTC)


@lru_cache(maxsize=1_024)
def shown(moment: datetime, pattern: str) -> str:
    """The instant as London's clocks show it."""
    return moment.astimezone(LONDON).strftime(pattern)
