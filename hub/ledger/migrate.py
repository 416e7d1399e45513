"""A ledger is always at the version that this program knows, brought there before any role starts."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from hub.ledger.session import named, open_ledger
from hub.ledger.version import check_not_newer, newest, version_of
from hub.settings import Settings
from hub.wrong import SetUpWrong

HERE = Path(__file__).parent / "migrations"
_LOCK = 7_310_441
_MAY_NOT = "42501"
"""PostgreSQL's `insufficient_privilege`."""


class MayNotMigrate(SetUpWrong):
    """Whoever signs in may not make or change tables; the text says who may, and by which command."""


def migrate_command(settings: Settings) -> None:
    """`hub ledger migrate`."""
    migrate(settings.ledger_url)


def migrate(url: str) -> None:
    """Upgrades the ledger to the newest version; two at once wait for each other.

    Raises `SetUpWrong` where it cannot, and what the driver says of a server that is away.
    """
    engine = open_ledger(url)
    try:
        migrate_engine(engine)
    except OperationalError as error:
        if engine.dialect.name != "sqlite":
            raise
        raise SetUpWrong(
            f"the ledger, {named(url)}, cannot be made or written: {error.orig}"
        ) from error
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
            check_not_newer(version_of(conn))
            # Alembic would find the connection in a transaction that is not its own.
            conn.commit()
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            conn.commit()
        finally:
            if engine.dialect.name == "postgresql":
                conn.execute(text("reset idle_in_transaction_session_timeout"))
                conn.execute(text("select pg_advisory_unlock(:n)"), {"n": _LOCK})
                conn.commit()
