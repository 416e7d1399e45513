"""A ledger of before has where stands who had a partner tested, and by which call sheets are found.

The first version makes the tables as they are now, so a new ledger has it already.
"""

import sqlalchemy as sa
from alembic import op

from hub.ledger.columns import Utc
from hub.ledger.tables import LEDGER

revision = "0005"
down_revision = "0004"

_COLUMNS = {
    "test_id": sa.String,
    "tested_at": Utc,
    "tested_by": sa.String,
    "found_at": Utc,
    "found": sa.String,
    "reached": sa.Boolean,
}


def upgrade() -> None:
    found = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("partner_state")}
    for name, kind in _COLUMNS.items():
        if name not in found:
            op.add_column("partner_state", sa.Column(name, kind()))
    for index in LEDGER.tables["delivery"].indexes:
        if index.name == "delivery_called":
            index.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
