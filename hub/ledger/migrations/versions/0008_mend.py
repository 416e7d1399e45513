"""A parcel says which unread one a person corrected it from."""

import sqlalchemy as sa
from alembic import op

from hub.ledger.tables import LEDGER

revision = "0008"
down_revision = "0007"
_NAME = "parcel_corrects"


def upgrade() -> None:
    found = sa.inspect(op.get_bind())
    if "corrects" not in {column["name"] for column in found.get_columns("parcel")}:
        op.add_column("parcel", sa.Column("corrects", sa.String))
    if _NAME not in {index["name"] for index in found.get_indexes("parcel")}:
        [index] = [one for one in LEDGER.tables["parcel"].indexes if one.name == _NAME]
        index.create(op.get_bind())


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
