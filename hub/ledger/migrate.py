"""A ledger is always at the version that this program knows, brought there before any role starts."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from hub.ledger.session import open_ledger
from hub.ledger.version import newest

HERE = Path(__file__).parent / "migrations"
_LOCK = 7_310_441
_MAY_NOT = "42501"
"""PostgreSQL's `insufficient_privilege`."""


class MayNotMigrate(Exception):
    """Whoever signs in may not make or change tables; the text says who may, and by which command."""


def migrate(url: str) -> None:
    """Upgrades the ledger to the newest version; two at once wait for each other."""
    engine = open_ledger(url)
    try:
        migrate_engine(engine)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _MAY_NOT:
            raise
        raise MayNotMigrate(
            f"the ledger is not at version {newest()}, and {engine.url.username} of HUB_DATABASE_URL"
            " may not make or change its tables: run `hub ledger migrate` as their owner"
            " (hub_owner of deploy/postgres/roles.sql)"
        ) from error
    finally:
        engine.dispose()


def migrate_engine(engine: Engine) -> None:
    """The same on an engine that is open."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    with engine.connect() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("select pg_advisory_lock(:n)"), {"n": _LOCK})
            # It may think for longer than a core may: nobody waits for its rows but for the whole of it.
            conn.execute(text("set idle_in_transaction_session_timeout = 0"))
            conn.commit()
        try:
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            conn.commit()
        finally:
            if engine.dialect.name == "postgresql":
                conn.execute(text("reset idle_in_transaction_session_timeout"))
                conn.execute(text("select pg_advisory_unlock(:n)"), {"n": _LOCK})
                conn.commit()
