"""Lets Alembic work on the connection that `blocks.store.migrate` gives it."""

from alembic import context

from blocks.store.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
