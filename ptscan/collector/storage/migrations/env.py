"""What Alembic runs: the migrations that are missing, in the transaction of the connection that it is given."""

from alembic import context

from ptscan.collector.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
