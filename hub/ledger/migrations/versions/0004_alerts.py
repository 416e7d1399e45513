"""A ledger from before alerts keeps how each recipient was told of each incident.

What is open is found by an index of its own. Nobody had been told of it: whoever receives alerts now hears of it.
"""

import sqlalchemy as sa
from alembic import op

from hub.ledger.tables import LEDGER

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    if "alert" not in found.get_table_names():
        LEDGER.tables["alert"].create(op.get_bind())


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
