"""Days that nobody would think of: messages and deliveries in any state, and whatever may become of them.

Written past core, because core would not make all of it: an account must hold for any ledger.
"""

import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from hub.ids import fresh
from hub.journeys.delivery import State
from hub.ledger.read.day import Day
from hub.ledger.read.partners import Waiting
from hub.ledger.read.traffic import BOUNDS, Flow, Traffic, slots_of
from hub.ledger.tables import Delivery, Message, PartnerState
from hub.ledger.write import at, insert, rows, run

AUTHORITIES = ("383", "384", "385")
PARTNERS = ("hospital", "team", "edt", "police")
_FLOWS = {
    "contact.recorded": "contact",
    "referral.received": "referral",
    "referral.acknowledged": "referral",
    "unheard.of": "other",
}
_TERMS = {
    "waiting": "under_way",
    "offered": "under_way",
    "outcome_unknown": "for_a_person",
    "needs_person": "for_a_person",
    "withdrawn": "let_go",
    "expired": "let_go",
    "abandoned": "let_go",
}


class Chance:
    """Writes a ledger as a seed has it; all times are within `hours` before `now`."""

    def __init__(self, engine: Engine, now: datetime, seed: int, hours: float = 30.0):
        self._engine = engine
        self._now = now
        self._random = random.Random(seed)
        self._hours = hours

    def comes(self, messages: int) -> None:
        """So many messages, each with none to three deliveries."""
        said, planned = [], []
        for _ in range(messages):
            message, deliveries = self._message()
            said.append(message)
            planned += deliveries
        with self._engine.begin() as conn:
            insert(conn, Message, said)
            insert(conn, Delivery, planned)

    def changes(self, number: int) -> None:
        """So many deliveries become something else, taken back or late as it may be, and some get one beside."""
        with self._engine.begin() as conn:
            found = rows(conn, "select * from delivery order by delivery_id")
            for row in self._random.sample(found, min(number, len(found))):
                if self._random.random() < 0.2:
                    self._beside(conn, dict(row._mapping))
                    continue
                run(
                    conn,
                    "update delivery set state = :state, changed_at = :at where delivery_id = :id",
                    state=self._state(),
                    at=self._moment(),
                    id=row.delivery_id,
                )

    def _beside(self, conn: Connection, row: dict[str, Any]) -> None:
        times = {name: at(value) for name, value in row.items() if name.endswith("_at")}
        row |= times | {"delivery_id": fresh(), "state": self._state(), "changed_at": self._now}
        insert(conn, Delivery, [row])
        more = "update message set planned = planned + 1 where message_id = :id"
        run(conn, more, id=row["message_id"])

    def _moment(self) -> datetime:
        ago = timedelta(hours=self._random.uniform(0, self._hours))
        # In whole seconds, to which both databases read a time where they count hours.
        return (self._now - ago).replace(microsecond=0)

    def _state(self) -> str:
        return self._random.choice(list(State)).value

    def _message(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        chance, recorded = self._random, self._moment()
        count, facts = chance.choice((0, 1, 1, 2, 3)), Message.model_fields
        message = {name: _plain(name, facts[name].annotation) for name in facts} | {
            "message_id": fresh(),
            "partner": chance.choice(PARTNERS),
            "type": chance.choice([*_FLOWS]),
            "authority": chance.choice(AUTHORITIES),
            "recorded_at": recorded,
            "planned": count,
            "none_reason": None if count else chance.choice(("nobody asked for it", None)),
            "state": chance.choice(("recorded", "recorded", "early", "cleared")),
        }
        kinds = Delivery.model_fields
        deliveries = [
            {name: _plain(name, kinds[name].annotation) for name in kinds}
            | {
                "delivery_id": fresh(),
                "message_id": message["message_id"],
                "authority": message["authority"],
                "partner": chance.choice(PARTNERS),
                "type": message["type"],
                "state": self._state(),
                "created_at": recorded,
                "changed_at": self._moment(),
            }
            for _ in range(count)
        ]
        return message, deliveries


def _plain(name: str, kind: Any) -> Any:
    """Something of a column's type; nothing where nothing may stand."""
    if kind is int:
        return 0
    if kind is bool:
        return False
    if kind is datetime:
        return datetime(2026, 1, 1).astimezone()
    return f"any {name}" if kind is str else None


def account(conn: Connection, since: datetime, authorities: tuple[str, ...] = AUTHORITIES) -> Day:
    """The day's account, counted row by row."""
    recent = [row for row in _all(conn, "message") if row["recorded_at"] >= since]
    mine = {row["message_id"]: row for row in recent if row["authority"] in authorities}
    terms: Counter[str] = Counter()
    for row in _all(conn, "delivery"):
        if row["message_id"] in mine:
            terms[_TERMS.get(row["state"], row["state"])] += 1
    silent = [
        row
        for row in mine.values()
        if not row["planned"] and row["none_reason"] is None and row["state"] == "recorded"
    ]
    planned = sum(row["planned"] for row in mine.values())
    return Day(messages=len(mine), planned=planned, unexplained=len(silent), **terms)


def known(engine: Engine) -> None:
    """The ledger knows the partners, as it does once a core has begun."""
    with engine.begin() as conn:
        facts = {"failures": 0, "version": 1}
        insert(conn, PartnerState, [{"partner": name, **facts} for name in PARTNERS])


def waits(conn: Connection, now: datetime) -> dict[str, Waiting]:
    """What waits for each partner, counted row by row."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    oldest: dict[str, datetime] = {}
    lying: dict[str, datetime] = {}
    for row in _all(conn, "delivery"):
        name, state, created = row["partner"], row["state"], row["created_at"]
        if state in ("needs_person", "outcome_unknown"):
            found[name]["needs_person"] += 1
        elif state == "offered":
            found[name]["offered"] += 1
            lying[name] = min(created, lying.get(name, created))
        elif state in ("waiting", "under_way"):
            found[name]["under_way"] += state == "under_way"
            minutes = (now - created) / timedelta(minutes=1)
            found[name]["young" if minutes < 5 else "middle" if minutes < 60 else "old"] += 1
            oldest[name] = min(created, oldest.get(name, created))
    return {
        name: Waiting(name, **counts, oldest=oldest.get(name), oldest_offered=lying.get(name))
        for name, counts in found.items()
    }


def queued(conn: Connection, now: datetime) -> dict[str, tuple[list[int], list[datetime | None]]]:
    """What each partner had not got at the end of each quarter, asked of each row at each end."""
    ends = [begin + timedelta(minutes=15) for begin in slots_of(now)]
    found: dict[str, list[list[datetime]]] = defaultdict(lambda: [[] for _ in ends])
    for row in _all(conn, "delivery"):
        waits = row["state"] in ("waiting", "under_way", "offered")
        if not waits and row["state"] != "delivered":
            continue
        for place, end in enumerate(ends):
            if row["created_at"] < end and (waits or row["changed_at"] >= end):
                found[row["partner"]][place].append(row["created_at"])
    return {
        name: ([len(each) for each in places], [min(each, default=None) for each in places])
        for name, places in found.items()
    }


def went(conn: Connection, now: datetime) -> dict[str, Traffic]:
    """Each partner's traffic of the last 24 hours, counted row by row."""
    since = now - timedelta(hours=24)
    moments: dict[tuple[str, int], list[datetime]] = defaultdict(list)
    slots: dict[str, dict[str, list[list[int]]]] = defaultdict(
        lambda: defaultdict(lambda: [[0] * 97, [0] * 97])
    )
    took: dict[str, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(Counter))
    for row in _all(conn, "message"):
        if row["recorded_at"] >= since:
            moments[row["partner"], 0].append(row["recorded_at"])
            slots[row["partner"]][_FLOWS[row["type"]]][0][_slot(row["recorded_at"], now)] += 1
    for row in _all(conn, "delivery"):
        if row["state"] == "delivered" and row["changed_at"] >= since:
            slot = _slot(row["changed_at"], now)
            moments[row["partner"], 1].append(row["changed_at"])
            slots[row["partner"]][_FLOWS[row["type"]]][1][slot] += 1
            seconds = (row["changed_at"] - row["created_at"]).total_seconds()
            took[row["partner"]][slot][sum(bound < seconds for bound in BOUNDS)] += 1
    return {
        name: Traffic(
            len(moments[name, 0]),
            len(moments[name, 1]),
            max(moments[name, 0], default=None),
            max(moments[name, 1], default=None),
            {flow: Flow(*map(tuple, counts)) for flow, counts in flows.items()},
            took[name],
        )
        for name, flows in slots.items()
    }


def _all(conn: Connection, table: str) -> list[dict[str, Any]]:
    found = []
    for row in rows(conn, f"select * from {table}"):
        values = dict(row._mapping)
        times = {name: at(value) for name, value in values.items() if name.endswith("_at")}
        found.append(values | times)
    return found


def _slot(moment: datetime, now: datetime) -> int:
    return 96 - (int(now.timestamp()) // 900 - int(moment.timestamp()) // 900)
