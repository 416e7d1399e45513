"""Every table of the ledger is described in one place, from which its migrations make it."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

LEDGER = MetaData()


class Row(SQLModel):
    """A row of the ledger."""

    metadata = LEDGER
