"""What came from each partner and what it got is counted by quarter hours of a day, with how long it took.

The slots are those of the clock on the wall: a count made a second later has the same ones, and
differs only by what happened. The first and the last of them are not whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from hub.ledger.session import is_sqlite
from hub.ledger.write import at, rows
from schemas.register import REGISTER

HOURS = 24
QUARTER = 900
"""Seconds of a slot."""
SLOTS = HOURS * 3600 // QUARTER + 1
"""A day touches one more slot than it is long."""
BOUNDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 14400, 86400)
"""Seconds: how long a delivery took is counted by the first of these that it kept within."""
_NONE = (0,) * SLOTS

Slots = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages received and deliveries made in one conversation, by slot; the newest is last."""

    came: Slots = _NONE
    went: Slots = _NONE


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages received from a partner and deliveries made to it in the last 24 hours."""

    received: int = 0
    delivered: int = 0
    last_in: datetime | None = None
    last_out: datetime | None = None
    flows: Mapping[str, Flow] = field(default_factory=dict)
    took: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    """By slot, deliveries by the place in `BOUNDS` of how long each took; past its end: longer."""

    @property
    def whole(self) -> Flow:
        """All conversations together."""
        return together(self.flows.values())

    @property
    def hours(self) -> Slots:
        """Messages in and out by hours before now; the newest is last."""
        return by_hours(self.whole.came, self.whole.went)

    def within(self, slot: int, share: float) -> float | None:
        """Seconds within which that share of a slot's deliveries was made; infinite: beyond all bounds.

        None where there was none.
        """
        return within(self.took.get(slot, {}), share)


def traffic(conn: Connection, now: datetime) -> dict[str, Traffic]:
    """What came from each partner and went to it in the 24 hours before `now`."""
    slots = {"since": now - timedelta(hours=HOURS), "now": int(now.timestamp()) // QUARTER}
    came = rows(
        conn,
        f"select partner, type, {slot(conn, 'recorded_at')} as slot, count(*) as n,"
        " max(recorded_at) as newest from message where recorded_at >= :since"
        " group by partner, type, slot",
        **slots,
    )
    went = rows(
        conn,
        # Said so that no database groups all that was ever delivered first, to leave out most of it.
        "with went as materialized (select partner, type, changed_at,"
        f" {_seconds(conn, 'created_at', 'changed_at')} as took from delivery"
        " where state = 'delivered' and changed_at >= :since)"
        f" select partner, type, {slot(conn, 'changed_at')} as slot, {_PLACE} as place,"
        " count(*) as n, max(changed_at) as newest from went group by partner, type, slot, place",
        **slots,
    )
    found: dict[str, _Counting] = defaultdict(_Counting)
    for row in came:
        found[row.partner].came(row)
    for row in went:
        found[row.partner].went(row)
    return {name: one.counted() for name, one in found.items()}


def slots_of(now: datetime) -> list[datetime]:
    """When each slot begins, as counted at `now`. Pure."""
    newest = int(now.timestamp()) // QUARTER
    begins = range((newest - SLOTS + 1) * QUARTER, (newest + 1) * QUARTER, QUARTER)
    return [datetime.fromtimestamp(second, UTC) for second in begins]


def together(flows: Iterable[Flow]) -> Flow:
    """One account of several. Pure."""
    known = list(flows)
    if not known:
        return Flow()
    sums = [tuple(map(sum, zip(*each, strict=True))) for each in _both(known)]
    return Flow(*sums)


def by_hours(*counts: Slots) -> Slots:
    """Slots in hours before now; what is left of the oldest goes with the hour after it. Pure."""
    per = 3600 // QUARTER
    sums = [sum(each) for each in zip(*counts, strict=True)]
    sums[1] += sums[0]
    return tuple(sum(sums[place : place + per]) for place in range(1, SLOTS, per))


def within(took: Mapping[int, int], share: float) -> float | None:
    """The first of `BOUNDS` (in seconds) within which that share was made; see `Traffic.within`. Pure."""
    left = sum(took.values()) * share
    for place, count in sorted(took.items()):
        left -= count
        if left <= 0:
            return BOUNDS[place] if place < len(BOUNDS) else float("inf")
    return None


def _both(flows: list[Flow]) -> tuple[list[Slots], list[Slots]]:
    return [one.came for one in flows], [one.went for one in flows]


class _Counting:
    """One partner's traffic, while its rows are read."""

    def __init__(self) -> None:
        self._flows: dict[str, tuple[list[int], list[int]]] = {}
        self._newest: list[datetime | None] = [None, None]
        self._took: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))

    def came(self, row: Any) -> None:
        self._count(row, 0)

    def went(self, row: Any) -> None:
        self._took[self._count(row, 1)][row.place] += row.n

    def _count(self, row: Any, way: int) -> int:
        known = REGISTER.get(row.type)
        flow = known.flow if known else "other"
        counts = self._flows.setdefault(flow, ([0] * SLOTS, [0] * SLOTS))[way]
        place: int = SLOTS - 1 - min(max(row.slot, 0), SLOTS - 1)
        counts[place] += row.n
        moment, newest = at(row.newest), self._newest[way]
        if moment is not None:
            self._newest[way] = moment if newest is None else max(moment, newest)
        return place

    def counted(self) -> Traffic:
        flows = {
            name: Flow(tuple(came), tuple(went))
            for name, (came, went) in sorted(self._flows.items())
        }
        whole = together(flows.values())
        took = {slot: dict(places) for slot, places in self._took.items()}
        last_in, last_out = self._newest
        return Traffic(sum(whole.came), sum(whole.went), last_in, last_out, flows, took)


_PLACE = (
    "case "
    + " ".join(f"when took <= {bound} then {place}" for place, bound in enumerate(BOUNDS))
    + f" else {len(BOUNDS)} end"
)


def slot(conn: Connection, column: str) -> str:
    """How many slots of the clock lie between a time and now, as SQL."""
    if is_sqlite(conn):
        return f":now - cast(strftime('%s', {column}) as integer) / {QUARTER}"
    return f":now - cast(floor(extract(epoch from {column}) / {QUARTER}) as integer)"


def _seconds(conn: Connection, begin: str, end: str) -> str:
    """Seconds between two times, to the millisecond, as SQL."""
    if is_sqlite(conn):
        return f"round((julianday({end}) - julianday({begin})) * 86400.0, 3)"
    return f"round(extract(epoch from {end} - {begin}), 3)"
