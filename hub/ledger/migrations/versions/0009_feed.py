"""Which feeds of watched children have a list that is whole."""

from alembic import op

from hub.ledger.tables import LEDGER

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    LEDGER.tables["feed"].create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
