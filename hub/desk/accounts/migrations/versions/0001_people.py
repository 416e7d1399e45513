"""The people's first version has every table of the desk."""

from alembic import op

from hub.desk.accounts.tables import PEOPLE

revision = "0001"
down_revision = None


def upgrade() -> None:
    PEOPLE.create_all(op.get_bind())


def downgrade() -> None:
    PEOPLE.drop_all(op.get_bind())
