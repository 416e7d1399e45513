"""A ledger that was made when the road ended has the columns and the indexes by which this version asks.

The first version makes the tables as they are now, so a new ledger has them already.
"""

import sqlalchemy as sa
from alembic import op

from hub.ledger.columns import Utc
from hub.ledger.tables import LEDGER

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    if "listed_at" in {column["name"] for column in found.get_columns("delivery")}:
        return
    # What came later is the later versions' own.
    stood = [table for table in LEDGER.sorted_tables if found.has_table(table.name)]
    for table in stood:
        for old in found.get_indexes(table.name):
            if old["name"] and not old.get("duplicates_constraint"):
                op.drop_index(old["name"], table.name)
    op.add_column("delivery", sa.Column("ring_at", Utc))
    op.add_column("delivery", sa.Column("listed_at", Utc))
    op.execute("update delivery set listed_at = created_at")
    op.execute(
        "update delivery set ring_at ="
        " coalesce(case when due_at < patience_at then due_at else patience_at end, due_at)"
        " where mode = 'sent' and purpose = 'action' and state <> 'delivered'"
        " and not exists (select 1 from delivery sheet where sheet.beside = delivery.delivery_id)"
    )
    with op.batch_alter_table("delivery") as batch:
        batch.alter_column("listed_at", existing_type=Utc(), nullable=False)
    now = sa.inspect(op.get_bind())
    for table in stood:
        columns = {column["name"] for column in now.get_columns(table.name)}
        for index in table.indexes:
            if columns.issuperset(index.columns.keys()):
                index.create(op.get_bind())


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
