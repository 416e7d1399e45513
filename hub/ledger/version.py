"""A role works on a ledger of its own version, or says which of the two is behind and what to do."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

VERSIONS = Path(__file__).parent / "migrations/versions"


class OtherVersion(Exception):
    """The ledger is older or newer than this program; the text says what to do."""


def newest() -> str:
    """The version that this program knows: its last migration's, whose file's name begins with it."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def check_version(engine: Engine) -> None:
    """Raises `OtherVersion` where the ledger is not at our version."""
    ours = newest()
    with engine.connect() as conn:
        if not inspect(conn).has_table("ledger_version"):
            raise OtherVersion(
                "the database of HUB_DATABASE_URL has no ledger: `hub ledger migrate` makes one"
            )
        found = str(conn.execute(text("select version_num from ledger_version")).scalar_one())
    if found < ours:
        raise OtherVersion(
            f"the ledger is at version {found} and this program at {ours}:"
            " take a backup, then `hub ledger migrate` (deploy/runbook/upgrade.md)"
        )
    if found > ours:
        raise OtherVersion(
            f"the ledger is at version {found}, which a newer hub made; this program is at {ours}:"
            " start that one (deploy/runbook/upgrade.md)"
        )
