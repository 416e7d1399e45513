"""Stopped deliveries are found by when they stopped, tried again in bulk, and a message may correct another."""

import sqlalchemy as sa
from alembic import op

from hub.ledger.tables import LEDGER

revision = "0007"
down_revision = "0006"

_MADE = ("redrive", "redrive_item")
_INDEXES = {"message": "message_corrects", "delivery": "delivery_stopped"}


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    for name in _MADE:
        if not found.has_table(name):
            LEDGER.tables[name].create(op.get_bind())
    if "corrects" not in {column["name"] for column in found.get_columns("message")}:
        op.add_column("message", sa.Column("corrects", sa.String))
    for table, wanted in _INDEXES.items():
        if wanted not in {index["name"] for index in found.get_indexes(table)}:
            [index] = [one for one in LEDGER.tables[table].indexes if one.name == wanted]
            index.create(op.get_bind())


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
