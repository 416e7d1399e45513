"""What a day brought is drawn as a strip that needs no script, and said in a sentence for who does not see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.desk.shown import words
from hub.ledger.read.partners import Waiting
from hub.ledger.read.queues import Queue
from hub.ledger.read.traffic import Flow, Slots, Traffic, by_hours, slots_of, together

FLOWS = {
    "contact": "Contacts",
    "referral": "Referrals",
    "strategy": "Strategy discussions",
    "police": "Police notifications",
    "health": "Hospital attendances",
    "handover": "Handovers and answers",
    "case": "Cases joined",
}
QUARTER = timedelta(minutes=15)
QUIET = timedelta(minutes=30)
WIDE, TALL = 96, 24
"""Units of a strip's drawing; in stands above the line in its middle, out below."""
_STEP = WIDE // 24


@dataclass(frozen=True, slots=True)
class Strip:
    """One strip: paths of its bars in and out, an hour each, and the sentence that says the same."""

    title: str
    came: int
    went: int
    up: str
    down: str
    says: str


def strip(title: str, flow: Flow, now: datetime, last: datetime | None = None) -> Strip:
    """The strip of one flow or partner; `last` is its last message, else its last slot tells. Pure."""
    came, went = sum(flow.came), sum(flow.went)
    up, down = by_hours(flow.came), by_hours(flow.went)
    most = max(*up, *down, 1)
    says = f"{title}: {came:,} in, {went:,} delivered in the last 24 hours"
    newest = last or _newest(flow, now)
    if newest is None:
        says = f"{title}: nothing in the last 24 hours"
    elif now - newest > QUIET:
        says += f"; quiet since {words.clock(newest, now)}"
    return Strip(title, came, went, _bars(up, most, -1), _bars(down, most, 1), says)


def of_partner(title: str, traffic: Traffic, now: datetime) -> Strip:
    """All that a partner's day brought. Pure."""
    moments = [moment for moment in (traffic.last_in, traffic.last_out) if moment is not None]
    return strip(title, traffic.whole, now, max(moments, default=None))


def of_flows(partners: Iterable[Traffic], now: datetime) -> list[Strip]:
    """One strip for each conversation that these partners had, in the register's order. Pure."""
    known = list(partners)
    found = []
    for name, title in (*FLOWS.items(), ("other", "Other")):
        flows = [one.flows[name] for one in known if name in one.flows]
        if flows:
            found.append(strip(title, together(flows), now))
    return found


@dataclass(frozen=True, slots=True)
class Quarter:
    """What a quarter of an hour brought; in seconds, within what half and 95 in 100 were delivered.

    `waited` is what had not got through at its end, and `longest` how long the oldest of it had waited.
    """

    begin: datetime
    end: datetime
    came: int
    went: int
    half: float | None
    most: float | None
    waited: int
    longest: timedelta | None


@dataclass(frozen=True, slots=True)
class Age:
    """How much of what waits is of an age, and its share of the longest bar, in tenths."""

    name: str
    number: int
    tenths: int


def figures(traffic: Traffic, queue: Queue, now: datetime) -> list[Quarter]:
    """The quarters of the day in which anything was, the newest first. Pure."""
    whole, found = traffic.whole, []
    for place, begin in enumerate(slots_of(now)):
        came, went, waited = whole.came[place], whole.went[place], queue.waited[place]
        if came or went or waited:
            half, most = traffic.within(place, 0.5), traffic.within(place, 0.95)
            end = min(begin + QUARTER, now)
            oldest = queue.oldest[place]
            longest = max(end - oldest, timedelta()) if oldest else None
            found.append(Quarter(begin, end, came, went, half, most, waited, longest))
    return found[::-1]


def ages(waiting: Waiting) -> list[Age]:
    """What waits, by age. Pure."""
    counts = {
        "under 5 min": waiting.young,
        "5 to 60 min": waiting.middle,
        "over an hour": waiting.old,
    }
    most = max(*counts.values(), 1)
    return [Age(name, n, -(-n * 10 // most)) for name, n in counts.items()]


def _newest(flow: Flow, now: datetime) -> datetime | None:
    """The end of the last slot in which there was anything."""
    ends = [min(begin + QUARTER, now) for begin in slots_of(now)]
    some = [end for end, *n in zip(ends, flow.came, flow.went, strict=True) if any(n)]
    return some[-1] if some else None


def _bars(hours: Slots, most: int, way: int) -> str:
    """A path of bars that stand on the middle line, or hang from it; one is never too small to see."""
    half = TALL // 2
    return "".join(
        f"M{place * _STEP} {half}v{way * tall}h{_STEP - 1}v{-way * tall}z"
        for place, count in enumerate(hours)
        if count and (tall := max(1, round(count * (half - 1) / most)))
    )
