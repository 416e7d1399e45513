"""The people's database is always at the version that this program knows before anybody signs in."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from hub.ledger.session import named, open_ledger
from hub.wrong import SetUpWrong

HERE = Path(__file__).parent / "migrations"
_LOCK = 7_310_442


class NotTheDesk(SetUpWrong):
    """Whoever signs in would keep people where the desk never looks; the text says who is meant."""


def open_people(url: str) -> Engine:
    """An engine for people and sessions, brought to the newest version."""
    engine = open_ledger(url)
    try:
        bring_up(engine)
    except BaseException:
        engine.dispose()
        raise
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
            if postgres:
                _check_where(conn)
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
            conn.commit()
        finally:
            if postgres:
                conn.execute(text("select pg_advisory_unlock(:n)"), {"n": _LOCK})
                conn.commit()


def _check_where(conn: Connection) -> None:
    """Raises `NotTheDesk` where people have a schema of their own, and ours is another."""
    sql = "select current_schema(), exists (select from pg_namespace where nspname = 'people')"
    [(ours, apart)] = conn.execute(text(sql)).all()
    conn.commit()
    if apart and ours != "people":
        where = named(conn.engine.url.render_as_string(hide_password=False))
        raise NotTheDesk(
            f"people of {where} stand in the desk's own schema, and {conn.engine.url.username} would"
            " write them where the desk never looks: sign in as the desk"
            " (hub_desk of deploy/postgres/roles.sql)"
        )
