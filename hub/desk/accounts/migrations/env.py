"""Alembic's way into the people's tables: the connection is handed in, never configured twice."""

from alembic import context

from hub.desk.accounts.tables import PEOPLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=PEOPLE,
    version_table="people_version",
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
