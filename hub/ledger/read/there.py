"""Who asks about the ledger opens the one that is there, at our version, and never makes one by looking for it.

One that was made by a question would keep the backup from being put back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from hub.ledger.session import open_ledger
from hub.ledger.version import check_there, check_version


@contextmanager
def ledger_there(url: str, *, write: bool = False) -> Iterator[Engine]:
    """The ledger; raises `NoLedger` where there is none, `OtherVersion` where it is not ours."""
    check_there(url)
    engine = open_ledger(url, reading=not write)
    try:
        check_version(engine)
        yield engine
    finally:
        engine.dispose()
