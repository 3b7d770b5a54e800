"""What Alembic runs: in the session that holds the lock, each migration in a transaction of its own."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    transaction_per_migration=True,
    on_version_apply=attributes["noted"],
)
with context.begin_transaction():
    context.run_migrations()
