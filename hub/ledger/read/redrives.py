"""How far what was tried again in bulk has come is read from its own row, and what was refused with its reason."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch, within
from hub.ledger.write import rows


@dataclass(frozen=True, slots=True)
class Redrive:
    """One of them, as it stands."""

    redrive_id: str
    partner: str
    cause: str
    reason: str
    authority: str
    who: str
    started_at: datetime
    total: int
    done: int
    refused: int
    stopped_by: str | None
    stopped_why: str | None
    ended_at: datetime | None

    @property
    def tried(self) -> int:
        """How many had their turn."""
        return self.done + self.refused

    @property
    def left(self) -> int:
        """How many wait for it, or stayed as they were."""
        return self.total - self.tried

    def concerns(self, authorities: Collection[str] | None) -> bool:
        """Whether any of it may be of these authorities; None are all."""
        return (
            authorities is None
            or self.authority == "*"
            or not set(authorities).isdisjoint(self.authority.split(","))
        )


@dataclass(frozen=True, slots=True)
class Item:
    """A delivery that was not sent again, or one that was."""

    delivery_id: str
    message_id: str
    reference: str
    type: str
    state: str
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class Fates:
    """What became by now of those that were sent on their way again."""

    delivered: int = 0
    failed: int = 0
    """stopped once more, or nobody knows"""
    waiting: int = 0
    """not handed out so far: these a stop keeps here"""
    out: int = 0
    """on their way now, or ready to be collected"""
    otherwise: int = 0
    """withdrawn, given up or expired meanwhile"""

    @property
    def settled(self) -> int:
        """How many need no more waiting for."""
        return self.delivered + self.failed + self.otherwise


WAITING = """
select i.delivery_id, d.message_id, d.partner, d.case_ref, (select a.outcome from attempt a
    where a.delivery_id = d.delivery_id and a.attempt = d.attempt) as last
from redrive_item i join delivery d on d.delivery_id = i.delivery_id
where i.redrive_id = :id and i.outcome = 'done' and d.state = 'waiting' and d.version = i.seen + 1
"""
"""Those that wait as they were put there: handing one out makes another version of it."""

_REDRIVE = """
select redrive_id, partner, cause, reason, authority, who, started_at, total, done, refused,
  stopped_by, stopped_why, ended_at from redrive
"""


def redrive(conn: Connection, redrive_id: str) -> Redrive | None:
    """One of them; None where there is none of that name so far."""
    found = fetch(conn, Redrive, f"{_REDRIVE} where redrive_id = :id", id=redrive_id)
    return found[0] if found else None


def latest(conn: Connection, since: datetime, most: int = 20) -> list[Redrive]:
    """Those that were started since then, newest first."""
    sql = f"{_REDRIVE} where started_at >= :since order by started_at desc limit :most"
    return fetch(conn, Redrive, sql, since=since, most=most)


def fates(conn: Connection, redrive_id: str) -> Fates:
    """What became of those that had their turn, as they stand now."""
    sql = (
        "select d.state, count(*) as n from redrive_item i"
        " join delivery d on d.delivery_id = i.delivery_id"
        " where i.redrive_id = :id and i.outcome = 'done' group by d.state"
    )
    found = {row.state: int(row.n) for row in rows(conn, sql, id=redrive_id)}
    delivered, waiting = found.pop("delivered", 0), found.pop("waiting", 0)
    failed = found.pop("needs_person", 0) + found.pop("outcome_unknown", 0)
    out = found.pop("under_way", 0) + found.pop("offered", 0)
    return Fates(delivered, failed, waiting, out, sum(found.values()))


def still_waiting(conn: Connection, redrive_id: str) -> int:
    """How many a stop would keep here."""
    return int(rows(conn, f"select count(*) as n from ({WAITING}) w", id=redrive_id)[0].n)


def refused(
    conn: Connection, redrive_id: str, authorities: Collection[str] | None = None, most: int = 100
) -> list[Item]:
    """Those that were not sent again, and why, in the order of their turns."""
    mine, given = within(conn, authorities, "i.authority")
    sql = (
        "select i.delivery_id, d.message_id, m.reference, d.type, d.state, i.outcome, i.answer"
        " from redrive_item i join delivery d on d.delivery_id = i.delivery_id"
        " join message m on m.message_id = d.message_id"
        f" where i.redrive_id = :id and i.outcome = 'refused' and {mine}"
        " order by i.place limit :most"
    )
    return fetch(conn, Item, sql, id=redrive_id, most=most, **given)
