"""Who looks at an incident has a place, and what is wrong is found without reading what was.

The first version makes the tables as they are now, so a new ledger has them already.
"""

import sqlalchemy as sa
from alembic import op

from hub.ledger.columns import Utc
from hub.ledger.tables import LEDGER

revision = "0003"
down_revision = "0002"

_NEW = {
    "incident": (("claimed_by", sa.String), ("claimed_at", Utc)),
    "partner_state": (("quiet_since", Utc),),
}


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    for table, columns in _NEW.items():
        known = {column["name"] for column in found.get_columns(table)}
        for name, kind in columns:
            if name not in known:
                op.add_column(table, sa.Column(name, kind))
    for name in ("incident", "delivery"):
        for index in LEDGER.tables[name].indexes:
            index.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
