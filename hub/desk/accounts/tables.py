"""Who may sit at the desk, in which roles and where, is kept apart from the ledger and written by the desk alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel

from hub.ledger.columns import Utc

PEOPLE = MetaData()


class Row(SQLModel):
    """A row of the people's tables."""

    metadata = PEOPLE


def _at(*, none: bool = False) -> Any:
    return Field(default=None if none else ..., sa_type=Utc, nullable=none)


class PersonRow(Row, table=True):
    """Somebody who may sign in; nobody is ever deleted, for the ledger names them."""

    __tablename__ = "person"
    person_id: str = Field(primary_key=True)
    email: str = Field(unique=True, description="Lower case; what they sign in with")
    name: str
    password: str = Field(description="Argon2id")
    active: bool = True
    created_at: datetime = _at()


class GrantRow(Row, table=True):
    """A role somebody holds, for an authority (or all), as one of an agency and perhaps a team."""

    __tablename__ = "person_role"
    person_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    authority: str = Field(primary_key=True, description="Code, or * for all")
    agency: str = Field(primary_key=True, description="ODS code, force code …; empty: none")
    team: str = Field(primary_key=True, description="Empty: the whole agency")


class SessionRow(Row, table=True):
    """One sign-in; the cookie holds a secret of which only the hash stands here."""

    __tablename__ = "desk_session"
    session: str = Field(primary_key=True, description="SHA-256 of the cookie")
    person_id: str = Field(index=True)
    began: float = Field(description="Seconds; never shifted with the civil clock")
    seen: float


class FailureRow(Row, table=True):
    """Sign-ins that failed in a row for one address, whether somebody has it or not."""

    __tablename__ = "sign_in_failure"
    token: str = Field(primary_key=True, description="Keyed token of the e-mail address")
    count: int
    last: float
    until: float = Field(description="Locked until")


class ReadingRow(Row, table=True):
    """Content that somebody asked to read, before it was known whether Kafka would have it."""

    __tablename__ = "reading"
    act_id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    subject: str
    at: datetime = _at()
    shown: bool = False


class ApiTokenRow(Row, table=True):
    """A token by which a program acts for somebody; only its hash stands here."""

    __tablename__ = "api_token"
    token_id: str = Field(primary_key=True)
    hash: str = Field(unique=True, description="SHA-256 of the token")
    person_id: str = Field(index=True)
    label: str = Field(description="What it is for")
    made: float = Field(description="Seconds; never shifted with the civil clock")
    used: float | None = None
    ended: float | None = None
