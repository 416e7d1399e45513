"""How far what was tried again in bulk has come is read from its own row, and what was refused with its reason."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch, within


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
