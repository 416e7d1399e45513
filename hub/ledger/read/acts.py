"""The ledger's answer to what a person did is read by the act's id, and only by who did it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.ledger.read.fetch import fetch


@dataclass(frozen=True, slots=True)
class Answered:
    """What the ledger says of an act."""

    act_id: str
    type: str
    subject: str
    person_id: str
    who: str
    at: datetime
    outcome: str
    answer: str

    @property
    def done(self) -> bool:
        """Whether it took effect."""
        return self.outcome == "done"


_ACT = "select act_id, type, subject, person_id, who, at, outcome, answer from act"


def answer(conn: Connection, act_id: str) -> Answered | None:
    """The answer, once there is one."""
    found = fetch(conn, Answered, f"{_ACT} where act_id = :id", id=act_id)
    return found[0] if found else None


def acts_on(conn: Connection, subject: str, most: int = 50) -> list[Answered]:
    """What people last did with one thing, oldest first, also what the ledger refused."""
    sql = f"{_ACT} where subject = :subject order by at desc, act_id limit :most"
    return fetch(conn, Answered, sql, subject=subject, most=most)[::-1]
