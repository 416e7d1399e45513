"""Time is civil and offline: deadlines are days and service hours in England, never a guess.

Working days come from the `holidays` library shipped with the hub; service hours from files that a
site edits. A local time that happens twice or not at all is flagged, and the earlier instant is
taken. Source: the hub's domain pages 2.3 and 4; bank holidays as GOV.UK lists them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from holidays import country_holidays
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hub.clock import LONDON, london
from hub.directory.marked_yaml import read
from hub.wrong import SetUpWrong

_DAY = timedelta(days=1)
FIRST, LAST = 1990, 2099
"""Years for which bank holidays are computed."""


class Local(StrEnum):
    """Whether a local time names one instant, two (clocks go back) or none (clocks go forward)."""

    ONCE = "once"
    TWICE = "twice"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Instant:
    """A local time as an instant in UTC: the earlier one where there are two."""

    at: datetime
    local: Local


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    if not FIRST <= year <= LAST:
        raise ValueError(f"no bank holidays are known for {year}")
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))


def bank_holiday(day: date) -> bool:
    """True on a bank holiday in England, substitute days among them."""
    return day in _bank_holidays(day.year)


def working_day(day: date) -> bool:
    """True from Monday to Friday, bank holidays left out."""
    return day.weekday() < 5 and not bank_holiday(day)


def civil_day(moment: datetime | date) -> date:
    """The day in England on which something happened."""
    return london(moment).date() if isinstance(moment, datetime) else moment


def nth_working_day(event: datetime | date, days: int) -> date:
    """The nth working day after the event; day 0 is the day of the event itself."""
    if days < 1:
        raise ValueError("count at least one working day")
    day = civil_day(event)
    for _ in range(days):
        day += _DAY
        while not working_day(day):
            day += _DAY
    return day


def add_working_days(event: datetime | date, days: int) -> datetime:
    """The end of the nth working day: the next midnight in Europe/London, in UTC."""
    return end_of(nth_working_day(event, days))


def next_on_working_day(moment: datetime, hour: time) -> datetime:
    """The next time that the clock shows this hour on a working day, in UTC.

    At 02:00 on Tuesday it is that same Tuesday's, and no closure of a council moves it.
    """
    day = civil_day(moment)
    while not working_day(day) or at(day, hour).at <= moment:
        day += _DAY
    return at(day, hour).at


def end_of(day: date) -> datetime:
    """24:00 of a day in Europe/London, in UTC."""
    return at(day + _DAY, time()).at


def add_days(event: datetime | date, days: int) -> datetime:
    """The end of the nth calendar day, working or not."""
    return end_of(civil_day(event) + days * _DAY)


def add_months(event: datetime | date, months: int) -> datetime:
    """The end of the same day number so many months on, else of that month's last day."""
    day = civil_day(event)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - _DAY).day
    return end_of(date(year, month + 1, min(day.day, last)))


def at(day: date, hour: time) -> Instant:
    """A local time of a day; flagged where the clock change makes it happen twice or never."""
    naive = datetime.combine(day, hour)
    early, late = (naive.replace(tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return Instant(early, Local.ONCE)
    if early < late:
        return Instant(early, Local.TWICE)
    return Instant(late, Local.NEVER)


class CalendarError(SetUpWrong):
    """An operator must mend a calendar file: file, line and what to write."""


def _clock(value: Any) -> Any:
    # YAML reads an unquoted 16:30 as a number of minutes (base 60).
    if isinstance(value, int) and not isinstance(value, bool):
        return time(value // 60 % 24, value % 60)
    return value


Hour = Annotated[time, BeforeValidator(_clock)]


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Open(_Data):
    """From an hour to an hour of one day; until 00:00 means to the end of it."""

    start: Annotated[Hour, Field(alias="from")]
    end: Annotated[Hour, Field(alias="to")]

    @model_validator(mode="after")
    def _forwards(self) -> "Open":
        if self.end != time() and self.end <= self.start:
            raise ValueError("`to` is not after `from`: split what runs over midnight")
        return self


class Closure(_Data):
    """Days on which the service is closed though they are working days (or opens otherwise)."""

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]
    why: str
    hours: tuple[Open, ...] = Field(default=(), description="Open all the same, in these hours")


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Hours(_Data):
    """When one service is there; times are civil times in Europe/London."""

    name: str
    title: str
    source: str
    source_ref: str = ""
    verified: bool = False
    effective_from: date
    effective_to: date | None = None
    week: dict[str, tuple[Open, ...]] = Field(default_factory=dict)
    bank_holidays: tuple[Open, ...] = Field(default=(), description="Hours on a bank holiday")
    closures: tuple[Closure, ...] = ()
    outside: str | None = Field(default=None, description="There whenever this other one is not")
    always: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "Hours":
        unknown = sorted(set(self.week) - set(_WEEK))
        if unknown:
            raise ValueError(f"week has {', '.join(unknown)}: write monday to sunday")
        if sum((bool(self.week), self.outside is not None, self.always)) != 1:
            raise ValueError("write one of week, outside, always")
        return self

    def on(self, day: date) -> tuple[Open, ...]:
        """The hours of one day."""
        for closure in self.closures:
            if closure.first <= day <= closure.last:
                return closure.hours
        return self.bank_holidays if bank_holiday(day) else self.week.get(_WEEK[day.weekday()], ())


class Services:
    """All service hours of a site, by name."""

    def __init__(self, hours: Iterable[Hours]):
        self._hours = {each.name: each for each in hours}
        for each in self._hours.values():
            other = self._hours.get(each.outside) if each.outside else None
            if each.outside and (other is None or not other.week):
                raise CalendarError(f"{each.name}: outside names {each.outside}, which has no week")

    @property
    def counted(self) -> list[str]:
        """The names of those with hours of their own, by which time can be counted."""
        return sorted(each.name for each in self._hours.values() if not each.outside)

    def __contains__(self, name: str) -> bool:
        return name in self._hours

    def is_open(self, name: str, moment: datetime) -> bool:
        """Whether the service is there at this instant."""
        hours = self._hours[name]
        if hours.always:
            return True
        if hours.outside:
            return not self.is_open(hours.outside, moment)
        return any(start <= moment < end for start, end in self._spans(hours, civil_day(moment)))

    def next_start(self, name: str, moment: datetime) -> datetime:
        """When the service begins next: the first start after this instant, `moment` if always."""
        hours = self._hours[name]
        if hours.always:
            return moment.astimezone(UTC)
        if hours.outside:
            other = self._hours[hours.outside]
            ends = (end for _, end in self._from(other, moment))
            return next(end for end in ends if not self.is_open(other.name, end))
        return next(start for start, _ in self._from(hours, moment) if start > moment)

    def add_hours(self, name: str, moment: datetime, service: timedelta) -> datetime:
        """When so much service time has passed since `moment`."""
        hours, moment = self._hours[name], moment.astimezone(UTC)
        if hours.always:
            return moment + service
        if hours.outside:
            raise CalendarError(f"{name} is an on-call service: its limits are elapsed time")
        for start, end in self._from(hours, moment):
            began = max(start, moment)
            if end - began >= service:
                return began + service
            service -= max(end - began, timedelta())
        raise CalendarError(f"{name} is never open")

    def at_next_service_day(self, name: str, moment: datetime, hour: time) -> datetime:
        """A civil time on the day of the next service start (02:00 on Tuesday: that same Tuesday).

        A service that is always there takes the next time the clock shows that hour.
        """
        start = self.next_start(name, moment)
        while (found := at(civil_day(start), hour).at) <= moment:
            start = self.next_start(name, max(start, end_of(civil_day(start))))
        return found

    def _from(self, hours: Hours, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = civil_day(moment)
        for _ in range(366):
            yield from (span for span in self._spans(hours, day) if span[1] > moment)
            day += _DAY
        raise CalendarError(f"{hours.name} does not open within a year of {civil_day(moment)}")

    def _spans(self, hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
        return [
            (at(day, o.start).at, end_of(day) if o.end == time() else at(day, o.end).at)
            for o in hours.on(day)
        ]


def load(folder: Path) -> Services:
    """Every calendar of a folder, one service a file; raises `CalendarError` with file and line."""
    mistakes: list[str] = []
    found: list[Hours] = []
    for path in sorted(folder.glob("*.yaml")):
        marked = read(path.read_text(encoding="utf-8"))
        mistakes += [f"{path}:{c.line}: {c.what}" for c in marked.complaints]
        if marked.complaints:
            continue
        try:
            hours = Hours.model_validate(marked.value or {})
        except ValidationError as error:
            mistakes += [f"{path}:{marked.line(e['loc'])}: {e['msg']}" for e in error.errors()]
            continue
        if hours.name != path.stem:
            mistakes.append(f"{path}:{marked.line(('name',))}: name it {path.stem}, as the file")
        found.append(hours)
    if mistakes:
        raise CalendarError("\n".join(mistakes))
    return Services(found)


def countable(folder: Path) -> list[str]:
    """The names of a folder's calendars whose hours can be counted: those with hours of their own."""
    try:
        services = load(folder)
    except CalendarError:
        # Told with file and line by whoever reads the rules; here nothing is known better.
        return sorted(path.stem for path in folder.glob("*.yaml"))
    return services.counted
