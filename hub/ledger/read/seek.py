"""Messages are found by what they are, newest first, in stretches of which each costs about the same.

What a small index holds (a reference, what stopped, what is late) is looked up there. Everything
else is looked for among the newest messages, stretch by stretch, so that who asks can stop in
time and go on from where they stopped.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.journeys.handover import HANDOVER, HELD
from hub.journeys.notice import NOTICE
from hub.journeys.reconvening import RECONVENING
from hub.journeys.referral import REFERRAL
from hub.journeys.strategy import STRATEGY
from hub.ledger.read.fetch import fetch
from hub.ledger.read.find import find
from hub.ledger.read.journey import Said
from hub.ledger.read.mark import Mark
from hub.ledger.session import among, values
from hub.ledger.tables import APART
from hub.ledger.write import at, rows

FEW = 2000
"""So many are looked up one by one; of more, there are enough among the newest."""
FIRST, LONGEST = 200, 3200
"""Messages of the first stretch and of a late one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: too much rather than too little, for access decides on each.

    None is anything. `whole` are the authorities of which all is read, `own` the partners to or
    from whom the rest must be. `sides` are sets of partners: sender, receiver, either.
    """

    whole: Collection[str] | None = None
    own: Collection[str] = ()
    references: Collection[str] = ()
    types: Collection[str] = ()
    states: Collection[str] = ()
    priorities: Collection[str] = ()
    senders: Collection[str] = ()
    receivers: Collection[str] = ()
    either: Collection[str] = ()
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of what was found, newest first, and how far was looked; None: to the end."""

    found: list[Said]
    to: Mark | None
    looked: int


_SELECT = """
select m.message_id, m.parcel_id, m.type, m.version, m.partner, m.authority, m.reference,
  m.case_ref, m.completeness, m.causation_id, m.answers, m.priority, m.ack_expected, m.occurred_at,
  m.recorded_at, m.due_at, m.state, m.planned, m.none_reason, m.conflict_of, m.corrects, m.test,
  m.labels, m.doubts,
  (select c.message_id from message c where c.corrects = m.message_id
   and c.corrects is not null limit 1) as corrected_by,
  (select p.corrects from parcel p where p.parcel_id = m.parcel_id) as mended,
  (select i.cause from incident i where i.open_key = 'unowned|' || m.message_id) as unowned
  from message m where
"""
_ORDER = "order by m.recorded_at desc, m.message_id desc"
LATE: dict[str, frozenset[str]] = {
    "handover": frozenset(HANDOVER.states - HANDOVER.final - set(HELD)),
    "referral": frozenset(REFERRAL.states - REFERRAL.final),
    "strategy": frozenset(STRATEGY.states - STRATEGY.final),
    "notice": NOTICE.owed,
    "reconvening": RECONVENING.owed,
}
"""By its machine, the states in which a journey can be late."""
_DELIVERY: dict[str, str] = {
    "stopped": "state in ('needs_person', 'outcome_unknown')",
    "waiting": "state in ('waiting', 'under_way')",
    "offered": "state = 'offered'",
    "delivered": "state = 'delivered'",
    "withheld": "state = 'withheld'",
    "given up": "state = 'abandoned'",
}
_JOURNEY: dict[str, tuple[str, dict[str, Collection[str]]]] = {
    "late": ("due_at < :now", dict(LATE)),
    "accepted": ("1 = 1", {"handover": HELD}),
    "completed": ("1 = 1", {"handover": ("completed",)}),
    "refused": ("1 = 1", {"handover": ("refused",)}),
    "queried": ("1 = 1", {"handover": ("queried",)}),
}
_MESSAGE: dict[str, str] = {
    "in conflict": "m.conflict_of is not null and m.state <> 'cleared'",
    "early": f"m.{APART} and m.state = 'early'",
    "uncertain": f"m.{APART} and m.state = 'ambiguous'",
    "parked": f"m.{APART} and m.state = 'parked'",
    "goes nowhere": "m.planned = 0",
}
_SMALL = frozenset(
    ("stopped", "waiting", "late", "accepted", "refused", "queried", "in conflict", "early")
) | {"uncertain", "parked"}
"""States by which an index finds messages."""


def stretches(
    conn: Connection, wanted: Wanted, after: Mark | None, now: datetime, most: int
) -> Iterator[Stretch]:
    """All that may be wanted, from a mark on; at most `most` of each stretch."""
    told, given = _conditions(conn, wanted, now)
    few = _few(conn, wanted, now)
    if few is not None:
        yield from _looked_up(conn, wanted, few, (told, given), after, most)
        return
    size = FIRST
    while True:
        end = _end(conn, wanted, after, size)
        begin, values_ = _range(wanted, after)
        if end is not None:
            begin += (
                " and m.recorded_at >= :end_at"
                " and (m.recorded_at, m.message_id) >= (:end_at, :end_id)"
            )
            values_ |= {"end_at": end.at, "end_id": end.message_id}
        sql = f"{_SELECT} {begin} and {told} {_ORDER} limit :most"
        found = fetch(conn, Said, sql, most=most, **values_, **given)
        if len(found) == most:
            end = Mark(found[-1].recorded_at, found[-1].message_id)
        yield Stretch(found, end, size)
        if end is None:
            return
        after, size = end, min(size * 2, LONGEST)


def _looked_up(
    conn: Connection,
    wanted: Wanted,
    few: Collection[str],
    told: tuple[str, dict[str, Any]],
    after: Mark | None,
    most: int,
) -> Iterator[Stretch]:
    while True:
        begin, given = _range(wanted, after)
        given |= told[1] | {"few": values(conn, few)}
        # By their ids: PostgreSQL would rather go through all that is newer to have them in order.
        those = f"{_SELECT} {among(conn, 'm.message_id', 'few')} and {told[0]}"
        order = f"where {begin} {_ORDER} limit :most".replace("m.", "few.")
        sql = f"with few as materialized ({those}) select * from few {order}"
        found = fetch(conn, Said, sql, most=most, **given)
        last = found[-1] if len(found) == most else None
        after = Mark(last.recorded_at, last.message_id) if last else None
        yield Stretch(found, after, len(few))
        if after is None:
            return


def _range(wanted: Wanted, after: Mark | None) -> tuple[str, dict[str, Any]]:
    """A condition on a message `m`, and its values."""
    told, given = ["1 = 1"], dict[str, Any]()
    if wanted.begins is not None:
        told.append("m.recorded_at >= :begins")
        given["begins"] = wanted.begins
    if wanted.ends is not None:
        told.append("m.recorded_at < :ends")
        given["ends"] = wanted.ends
    if after is not None:
        # The first half is for the index alone.
        told.append("m.recorded_at <= :after_at")
        told.append("(m.recorded_at, m.message_id) < (:after_at, :after_id)")
        given |= {"after_at": after.at, "after_id": after.message_id}
    return " and ".join(told), given


def _end(conn: Connection, wanted: Wanted, after: Mark | None, size: int) -> Mark | None:
    """The last message of a stretch; None where the list ends before."""
    begin, given = _range(wanted, after)
    sql = f"select m.recorded_at, m.message_id from message m where {begin} {_ORDER}"
    found = rows(conn, f"{sql} limit 1 offset :size", size=size - 1, **given)
    if not found:
        return None
    moment = at(found[0].recorded_at)
    assert moment is not None
    return Mark(moment, found[0].message_id)


def _conditions(conn: Connection, wanted: Wanted, now: datetime) -> tuple[str, dict[str, Any]]:
    """What a message `m` must be, cheapest first, and the values of that."""
    told: list[str] = []
    given: dict[str, Any] = {}

    def one_of(column: str, name: str, found: Collection[str]) -> str:
        given[name] = values(conn, sorted(found))
        return among(conn, column, name)

    def received(name: str, found: Collection[str]) -> str:
        # Not `exists`: PostgreSQL would gather all that these partners ever got.
        to = one_of("d.partner", name, found)
        return f"(select 1 from delivery d where d.message_id = m.message_id and {to} limit 1) = 1"

    for column, found in (
        ("m.type", wanted.types),
        ("m.priority", wanted.priorities),
        ("m.partner", wanted.senders),
    ):
        if found:
            told.append(one_of(column, column[2:] + "s", found))
    if wanted.whole is not None:
        mine = one_of("m.partner", "mine", wanted.own)
        whole = one_of("m.authority", "whole", wanted.whole)
        told.append(f"({whole} or {mine} or {received('mine', wanted.own)})")
    if wanted.either:
        by = one_of("m.partner", "either", wanted.either)
        told.append(f"({by} or {received('either', wanted.either)})")
    if wanted.receivers:
        told.append(received("receivers", wanted.receivers))
    if wanted.states:
        told.append("(" + " or ".join(_stands(state) for state in wanted.states) + ")")
        given["now"] = now
    return " and ".join(told) or "1 = 1", given


def _stands(state: str) -> str:
    """That a message `m` may stand like this."""
    if state in _MESSAGE:
        return f"({_MESSAGE[state]})"
    if state in _JOURNEY:
        more, machines = _JOURNEY[state]
        each = (
            f"(j.machine = '{machine}' and j.state in ({_quoted(states)}))"
            for machine, states in machines.items()
        )
        return (
            f"(select 1 from journey j where j.subject = m.message_id and ({' or '.join(each)})"
            f" and {more.replace('due_at', 'j.due_at')} limit 1) = 1"
        )
    told = _DELIVERY[state]
    if state == "waiting":
        told = f"({told} or {_DELIVERY['offered']})"
    of = told.replace("state", "d.state")
    return f"(select 1 from delivery d where d.message_id = m.message_id and {of} limit 1) = 1"


def _quoted(words: Collection[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


def _few(conn: Connection, wanted: Wanted, now: datetime) -> list[str] | None:
    """The messages that it can only be, where an index says that these are few."""
    if wanted.references:
        hits = (hit for text in wanted.references for hit in find(conn, text))
        return sorted({hit.message_id for hit in hits})
    if wanted.states and set(wanted.states) <= _SMALL:
        return _all(conn, [sql for state in wanted.states for sql in _by_index(state)], now=now)
    if wanted.receivers:
        to = among(conn, "partner")
        sql = f"select message_id from delivery where {to} limit :few"
        return _all(conn, [sql], among=values(conn, sorted(wanted.receivers)))
    return None


def _by_index(state: str) -> Iterator[str]:
    """What finds the messages of a state, a little more than few of them."""
    if state in _MESSAGE:
        yield f"select m.message_id from message m where {_MESSAGE[state]} limit :few"
    elif state in _JOURNEY:
        more, machines = _JOURNEY[state]
        for machine, states in machines.items():
            yield (
                f"select subject as message_id from journey where machine = '{machine}'"
                f" and state in ({_quoted(states)}) and {more} limit :few"
            )
    else:
        yield f"select message_id from delivery where {_DELIVERY[state]} limit :few"
        if state == "waiting":
            yield f"select message_id from delivery where {_DELIVERY['offered']} limit :few"


def _all(conn: Connection, ways: Collection[str], **given: Any) -> list[str] | None:
    found: set[str] = set()
    for sql in ways:
        named = {"few": FEW + 1} | {n: v for n, v in given.items() if f":{n}" in sql}
        found |= {row.message_id for row in rows(conn, sql, **named)}
        if len(found) > FEW:
            return None
    return sorted(found)
