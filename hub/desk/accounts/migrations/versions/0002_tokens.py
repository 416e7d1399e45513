"""People who could sign in before there was an API can be given tokens for it."""

import sqlalchemy as sa
from alembic import op

from hub.desk.accounts.tables import PEOPLE

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    bind = op.get_bind()
    if not sa.inspect(bind).has_table("api_token"):
        PEOPLE.tables["api_token"].create(bind)


def downgrade() -> None:
    op.drop_table("api_token")
