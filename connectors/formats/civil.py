"""A time that a partner writes without a zone is London's; where it is two instants, the earlier is taken and said."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.envelope import Doubt

LONDON = ZoneInfo("Europe/London")


@lru_cache(maxsize=1_024)
def instant(local: datetime) -> tuple[datetime, tuple[Doubt, ...]]:
    """The instant in UTC at which London's clocks showed `local`, and what makes that doubtful.

    On the nights when clocks change an hour is shown twice, or never; a limit that is counted from
    the earlier instant never runs out too late.
    """
    before, after = (local.replace(tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1))
    if before == after:
        return before, ()
    return min(before, after), (Doubt.TIME_TWICE if before < after else Doubt.TIME_SKIPPED,)


@lru_cache(maxsize=1_024)
def shown(moment: datetime, pattern: str) -> str:
    """The instant as London's clocks show it."""
    return moment.astimezone(LONDON).strftime(pattern)


def zone(moment: datetime) -> str:
    """Which of the two hours it is, for people: ` BST` or ` GMT` in the hour that is shown twice."""
    local = moment.astimezone(LONDON)
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return f" {local.tzname()}" if twice else ""
