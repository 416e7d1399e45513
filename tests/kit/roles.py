"""A PostgreSQL database whose roles are those of production: each may do what `roles.sql` lets it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from hub.ledger.migrate import migrate
from tests.kit.postgres import database

ROLES = Path(__file__).parents[2] / "deploy/postgres/roles.sql"
_PASSWORD = "invented-for-this-test"


@dataclass(frozen=True, slots=True)
class Addresses:
    """SQLAlchemy's addresses of one database, by who asks."""

    superuser: str
    owner: str
    core: str
    desk: str
    backup: str


@contextmanager
def with_roles(server: str) -> Iterator[Addresses]:
    """A migrated database on a server, dropped after the block."""
    with database(server) as url:
        give_roles(url)
        found = addresses(url)
        migrate(found.owner)
        yield found


def give_roles(superuser: str) -> None:
    """Does in a database what an administrator does with psql."""
    shared = make_url(superuser).set(database="postgres").render_as_string(hide_password=False)
    with (
        psycopg.connect(plain(shared), autocommit=True) as turn,
        psycopg.connect(plain(superuser), autocommit=True) as connection,
    ):
        # Roles are the server's, and two workers may say the same at once; a lock is of one database.
        turn.execute("select pg_advisory_lock(7310400)")
        connection.execute(ROLES.read_text())
        for role in ("owner", "core", "desk", "backup"):
            connection.execute(f"ALTER ROLE hub_{role} PASSWORD '{_PASSWORD}'")


def addresses(superuser: str) -> Addresses:
    """The same database as each role reaches it."""
    url = make_url(superuser)
    named = {
        role: url.set(username=f"hub_{role}", password=_PASSWORD).render_as_string(False)
        for role in ("owner", "core", "desk", "backup")
    }
    return Addresses(superuser=superuser, **named)


def plain(url: str) -> str:
    """The address as psycopg itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(False)
