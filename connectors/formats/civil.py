"""A time that a partner writes without a zone is London's, and one that happened twice is the earlier and says so."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def instant(local: datetime) -> datetime:
    """The instant, in UTC, at which London's clocks first showed `local`."""
    return local.replace(tzinfo=LONDON, fold=0).astimezone(UTC)


def doubtful(local: datetime) -> bool:
    """True for a local time that clocks showed twice or never (the nights they change)."""
    first = local.replace(tzinfo=LONDON, fold=0).utcoffset()
    return first != local.replace(tzinfo=LONDON, fold=1).utcoffset()


def shown(moment: datetime, pattern: str) -> str:
    """The instant as London's clocks show it."""
    return moment.astimezone(LONDON).strftime(pattern)
