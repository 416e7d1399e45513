"""The people's database is always at the version that this program knows before anybody signs in."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from hub.ledger.session import open_ledger

HERE = Path(__file__).parent / "migrations"
_LOCK = 7_310_442


def open_people(url: str) -> Engine:
    """An engine for people and sessions, brought to the newest version."""
    engine = open_ledger(url)
    bring_up(engine)
    return engine


def bring_up(engine: Engine) -> None:
    """The same for an engine that is open."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    with engine.connect() as conn:
        postgres = engine.dialect.name == "postgresql"
        if postgres:
            conn.execute(text("select pg_advisory_lock(:n)"), {"n": _LOCK})
            conn.commit()
        try:
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            conn.commit()
        finally:
            if postgres:
                conn.execute(text("select pg_advisory_unlock(:n)"), {"n": _LOCK})
                conn.commit()
