"""The ledger's first version has every table of the road."""

from alembic import op

from hub.ledger.tables import LEDGER

revision = "0001"
down_revision = None


def upgrade() -> None:
    LEDGER.create_all(op.get_bind())


def downgrade() -> None:
    LEDGER.drop_all(op.get_bind())
