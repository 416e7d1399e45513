"""A role works on a ledger of its own version, or says which of the two is behind and what to do."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, make_url, text

from hub.ledger.session import named
from hub.wrong import SetUpWrong

VERSIONS = Path(__file__).parent / "migrations/versions"


class OtherVersion(SetUpWrong):
    """The ledger is older or newer than this program; the text says what to do."""


class NoLedger(OtherVersion):
    """There is none where it was looked for; the text says where, and how one comes there."""

    def __init__(self, url: str):
        super().__init__(
            f"there is no ledger in {named(url)}. If another was meant, mend that setting."
            " `hub restore DIR` puts one back from a backup;"
            " a new hub gets one by `hub run` or `hub ledger migrate`"
        )


def newest() -> str:
    """The version that this program knows: its last migration's, whose file's name begins with it."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def there(url: str) -> bool:
    """Whether there is a database to open; to open SQLite's would make it."""
    where = make_url(url)
    return where.get_backend_name() != "sqlite" or Path(str(where.database)).exists()


def check_there(url: str) -> None:
    """Raises `NoLedger` where opening the database would make one."""
    if not there(url):
        raise NoLedger(url)


def check_version(engine: Engine) -> None:
    """Raises `OtherVersion` where the ledger is not at our version."""
    ours = newest()
    with engine.connect() as conn:
        found = version_of(conn)
    if not found:
        raise NoLedger(engine.url.render_as_string(hide_password=False))
    if found < ours:
        raise OtherVersion(
            f"the ledger is at version {found} and this program at {ours}:"
            " take a backup, then `hub ledger migrate` (deploy/runbook/upgrade.md)"
        )
    check_not_newer(found)


def check_not_newer(found: str) -> None:
    """Raises `OtherVersion` for a version that only a newer program knows."""
    if found > (ours := newest()):
        raise OtherVersion(
            f"the ledger is at version {found}, which a newer hub made; this program is at {ours}:"
            " start that one (deploy/runbook/upgrade.md)"
        )


def version_of(conn: Connection) -> str:
    """The version of the ledger's tables; empty where there are none."""
    if not inspect(conn).has_table("ledger_version"):
        return ""
    return str(conn.execute(text("select version_num from ledger_version")).scalar_one())
