"""Alembic's way into the ledger: the connection is handed in, never configured twice."""

from alembic import context

from hub.ledger.tables import LEDGER

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=LEDGER,
    version_table="ledger_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
