"""On PostgreSQL the index of references finds what begins with something, whatever its collation."""

from alembic import op
from sqlalchemy import text

from hub.ledger.tables import LEDGER

revision = "0006"
down_revision = "0005"
_NAME = "message_by_reference"


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    sql = (
        "select indexdef from pg_indexes where indexname = :name and schemaname = current_schema()"
    )
    if "text_pattern_ops" in (bind.execute(text(sql), {"name": _NAME}).scalar() or ""):
        return
    op.drop_index(_NAME, "message")
    table = LEDGER.tables["message"]
    next(index for index in table.indexes if index.name == _NAME).create(bind)


def downgrade() -> None:
    raise RuntimeError("a ledger does not go back: restore the copy made before the upgrade")
